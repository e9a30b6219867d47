//! Resources: an order, its history, and the event catalogue.

use rmcp::{
    ErrorData,
    model::{
        ListResourceTemplatesResult, ListResourcesResult, ReadResourceResponse, ReadResourceResult, Resource,
        ResourceContents, ResourceTemplate,
    },
};

use crate::{catalogue, node::Node};

const CATALOGUE: &str = "orderlog://events";

pub(super) fn list() -> ListResourcesResult {
    ListResourcesResult::with_all_items(vec![
        Resource::new(CATALOGUE, "events")
            .with_title("Event catalogue")
            .with_description("Every type of event in the log, with an example, its JSON Schema and NATS subject.")
            .with_mime_type("text/markdown"),
    ])
}

pub(super) fn templates() -> ListResourceTemplatesResult {
    ListResourceTemplatesResult::with_all_items(vec![
        ResourceTemplate::new("orderlog://orders/{id}", "order")
            .with_title("Order")
            .with_description("An order as it stands now.")
            .with_mime_type("application/json"),
        ResourceTemplate::new("orderlog://orders/{id}/history", "order_history")
            .with_title("Order history")
            .with_description("Everything that happened to an order, oldest first.")
            .with_mime_type("application/json"),
    ])
}

pub(super) async fn read(_node: &Node, uri: &str) -> Result<ReadResourceResponse, ErrorData> {
    let missing = || ErrorData::resource_not_found(format!("there is no resource {uri}"), None);
    if uri == CATALOGUE {
        let contents = ResourceContents::text(catalogue::markdown(), uri).with_mime_type("text/markdown");
        return Ok(ReadResourceResult::new(vec![contents]).into());
    }
    Err(missing())
}
