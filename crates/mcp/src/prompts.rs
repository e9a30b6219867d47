//! Prompts: what people ask of a shop again and again, ready to be picked; and completion of what they take.

use std::sync::Arc;

use orderlog_tools::{Failure, OpenShop, completion, echo::shown, in_words};
use rmcp::{
    ErrorData,
    model::{
        ArgumentInfo, CompleteResult, CompletionInfo, GetPromptRequestParams, GetPromptResult, ListPromptsResult,
        Prompt, PromptArgument, PromptMessage, Reference, Role,
    },
};

use crate::resources;

/// One prompt, and the one argument it may take.
struct Ready {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    argument: Option<(&'static str, &'static str)>,
    /// With `{}` where the argument goes.
    text: &'static str,
}

const ORDER: (&str, &str) = ("order_id", "The order's number.");
const PRODUCT: (&str, &str) = ("product", "SKU or name.");

const READY: [Ready; 4] = [
    Ready {
        name: "daily_briefing",
        title: "Daily briefing",
        description: "Revenue so far, what waits to be sent, what is stuck, what runs low.",
        argument: None,
        text: "Brief me on the shop today, in a few short sentences (shop_briefing has all of it in one call): revenue and orders \
            so far today beside yesterday's, what waits longest and why, what is on hold, unpaid or running low. End with \
            what needs me most.",
    },
    Ready {
        name: "pending_last_week",
        title: "Pending orders from last week",
        description: "Orders of last week that still owe goods, oldest first.",
        argument: None,
        text: "Show me pending orders from last week (orders_get_pending), oldest first, with how many there are by status, \
            and say which of them I should ship first.",
    },
    Ready {
        name: "order_story",
        title: "Story of an order",
        description: "Where an order stands, how it came there, and what can be done next.",
        argument: Some(ORDER),
        text: "Tell me the story of order {}: where it stands now (orders_get), what happened to it, when and through whom \
            (orders_history), and what can be done with it next. Change nothing.",
    },
    Ready {
        name: "product_check",
        title: "Check a product",
        description: "Stock of a product, what is promised of it, and how it sold lately.",
        argument: Some(PRODUCT),
        text: "How is {} doing? Tell me what is on hand, promised and available (inventory_check), which pending orders want it \
            (orders_get_pending), and how it sold in the last 30 days (orders_report_sales by product).",
    },
];

pub(super) fn list() -> ListPromptsResult {
    let prompts = READY.iter().map(|ready| {
        let argument = |(name, text)| vec![PromptArgument::new(name).with_description(text).with_required(true)];
        Prompt::new(ready.name, Some(ready.description), ready.argument.map(argument)).with_title(ready.title)
    });
    ListPromptsResult::with_all_items(prompts.collect())
}

pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let ready = READY.iter().find(|ready| ready.name == request.name).ok_or_else(|| {
        let message = format!("there is no prompt `{}`; prompts/list tells which there are", shown(&request.name));
        ErrorData::invalid_params(message, None)
    })?;
    let given = |name: &str| request.arguments.as_ref().and_then(|arguments| arguments.get(name)?.as_str());
    let text = match ready.argument {
        None => ready.text.to_owned(),
        Some((name, _)) => {
            let value = given(name).filter(|value| !value.trim().is_empty());
            let missing = || ErrorData::invalid_params(format!("the prompt needs the argument `{name}`"), None);
            ready.text.replace("{}", value.ok_or_else(missing)?)
        }
    };
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).with_description(ready.description))
}

/// Numbers of orders, and SKUs; nothing for what has no end of values.
pub(super) async fn complete(
    shop: &Arc<OpenShop>,
    of: &Reference,
    argument: &ArgumentInfo,
) -> Result<CompleteResult, ErrorData> {
    let wanted = match of {
        Reference::Prompt(prompt) => {
            READY.iter().find(|ready| ready.name == prompt.name).and_then(|ready| ready.argument)
        }
        Reference::Resource(resource) => resources::is_template(&resource.uri).then_some(("id", "")),
        _ => None,
    };
    let offered = match wanted {
        Some((name, _)) if name != argument.name => Ok((vec![], 0)),
        Some((name, _)) if name == PRODUCT.0 => completion::skus(shop, &argument.value).await,
        Some(_) => completion::orders(shop, &argument.value).await,
        None => Ok((vec![], 0)),
    };
    let (values, total) = offered.map_err(|failure| {
        if let Failure::Failed(error) = failure {
            tracing::error!(error = in_words(&error), "nothing can be offered");
        }
        ErrorData::internal_error("nothing can be offered just now; try again", None)
    })?;
    let more = total > values.len();
    let info = CompletionInfo::with_pagination(values, u32::try_from(total).ok(), more);
    Ok(CompleteResult::new(info.map_err(|error| ErrorData::internal_error(error, None))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use orderlog_tools::Tools;

    #[test]
    fn prompts_name_tools_that_exist() {
        let tools = Tools::new(false);
        for ready in &READY {
            let named =
                ready.text.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).filter(|word| word.contains('_'));
            let named: Vec<&str> = named.collect();
            assert!(!named.is_empty(), "{} names no tool", ready.name);
            named.iter().for_each(|name| assert!(tools.find(name).is_some(), "{}: there is no {name}", ready.name));
            assert_eq!(ready.text.contains("{}"), ready.argument.is_some(), "{}", ready.name);
        }
    }
}
