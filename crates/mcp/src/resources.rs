//! Resources: an order, its history, the event catalogue, and the pages that hosts may show beside answers.

use std::sync::Arc;

use rmcp::{
    ErrorData,
    model::{
        ListResourceTemplatesResult, ListResourcesResult, ReadResourceResponse, ReadResourceResult, Resource,
        ResourceContents, ResourceTemplate,
    },
};

use orderlog_access::{Principal, Right};
use orderlog_tools::{Failure, OpenShop, echo::shown, history_json, in_words, order_json, permit};

use crate::views;

const CATALOGUE: &str = "orderlog://events";
const ORDER: &str = "orderlog://orders/{id}";
const HISTORY: &str = "orderlog://orders/{id}/history";

pub(super) fn list() -> ListResourcesResult {
    let catalogue = Resource::new(CATALOGUE, "events")
        .with_title("Event catalogue")
        .with_description("Every type of event in the log, with an example, its JSON Schema and NATS subject.")
        .with_mime_type("text/markdown");
    ListResourcesResult::with_all_items(std::iter::once(catalogue).chain(views::list()).collect())
}

pub(super) fn templates() -> ListResourceTemplatesResult {
    ListResourceTemplatesResult::with_all_items(vec![
        ResourceTemplate::new(ORDER, "order")
            .with_title("Order")
            .with_description("An order as it stands now.")
            .with_mime_type("application/json"),
        ResourceTemplate::new(HISTORY, "order_history")
            .with_title("Order history")
            .with_description("Everything that happened to an order, oldest first.")
            .with_mime_type("application/json"),
    ])
}

/// Whether this is one of the listed templates.
pub(super) fn is_template(uri: &str) -> bool {
    [ORDER, HISTORY].contains(&uri)
}

pub(super) async fn read(
    shop: &Arc<OpenShop>,
    principal: &Principal,
    uri: &str,
) -> Result<ReadResourceResponse, ErrorData> {
    let missing = || {
        let uri = shown(uri);
        let message = format!("there is no resource `{uri}`; resources/templates/list tells how they are named");
        ErrorData::resource_not_found(message, Some(serde_json::json!({ "uri": uri })))
    };
    if uri == CATALOGUE {
        let text = orderlog_messaging::catalogue_markdown().map_err(|error| failed(uri, &error.into()))?;
        let contents = ResourceContents::text(text, uri).with_mime_type("text/markdown");
        return Ok(ReadResourceResult::new(vec![contents]).into());
    }
    if let Some(view) = views::read(uri) {
        return Ok(ReadResourceResult::new(vec![view]).into());
    }
    if let Err(refused) = permit(principal, Right::OrdersRead) {
        return Err(ErrorData::invalid_request(refused.message, None));
    }
    let rest = uri.strip_prefix("orderlog://orders/").ok_or_else(missing)?;
    let (id, history) = match rest.strip_suffix("/history") {
        Some(id) => (id, true),
        None => (rest, false),
    };
    let order_id: i64 = id.parse().map_err(|_| missing())?;
    let json = if history { history_json(shop, order_id).await } else { order_json(shop, order_id).await };
    match json {
        Ok(json) => {
            let contents = ResourceContents::text(json, uri).with_mime_type("application/json");
            Ok(ReadResourceResult::new(vec![contents]).into())
        }
        Err(Failure::Rejected(_)) => Err(missing()),
        Err(Failure::Failed(error)) => Err(failed(uri, &error)),
    }
}

fn failed(uri: &str, error: &anyhow::Error) -> ErrorData {
    tracing::error!(uri = %shown(uri), error = in_words(error), "a resource could not be read");
    ErrorData::internal_error("the resource could not be read just now; try again", None)
}
