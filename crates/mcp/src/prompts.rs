//! Prompts: frequent questions about a shop, ready to be chosen; and completion of their arguments.

use std::{sync::Arc, time::Instant};

use orderlog_tools::{
    Call, Failure, OpenShop, Tools, completion,
    echo::{shown, visible},
    in_words, metrics,
    principal::Caller,
    run_in_task,
};
use rmcp::{
    ErrorData,
    model::{
        ArgumentInfo, CompleteResult, CompletionInfo, GetPromptRequestParams, GetPromptResult, ListPromptsResult,
        Prompt, PromptArgument, PromptMessage, Reference, Role,
    },
};
use serde_json::{Value, json};

use crate::resources;

/// The arguments of a call, from what was given for the prompt.
type Arguments = fn(&str) -> Value;

/// One prompt, and its argument, if it has one.
struct Ready {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    argument: Option<(&'static str, &'static str)>,
    /// The text, with `{}` in place of the argument.
    text: &'static str,
    /// Tools whose answers the prompt contains, and their arguments made from the prompt's argument.
    told_by: &'static [(&'static str, Arguments)],
}

const ORDER: (&str, &str) = ("order_id", "The order's number.");
const PRODUCT: (&str, &str) = ("product", "SKU or name.");

const READY: [Ready; 4] = [
    Ready {
        name: "daily_briefing",
        title: "Daily briefing",
        description: "Revenue so far, what waits to be sent, what is stuck, what runs low.",
        argument: None,
        text: "Brief me on the shop today, in a few short sentences: revenue and orders so far today beside yesterday's, what \
            waits longest and why, what is on hold, unpaid or running low. End with what needs me most.",
        told_by: &[("shop_briefing", |_| json!({}))],
    },
    Ready {
        name: "pending_last_week",
        title: "Pending orders from last week",
        description: "Orders of last week that still owe goods, oldest first.",
        argument: None,
        text: "Show me pending orders from last week, oldest first, with how many there are by status, and say which of them I \
            should ship first.",
        told_by: &[("orders_get_pending", |_| json!({ "date_range": "last week" }))],
    },
    Ready {
        name: "order_story",
        title: "Story of an order",
        description: "Where an order stands, how it came there, and what can be done next.",
        argument: Some(ORDER),
        text: "Tell me the story of order {}: where it stands now, what happened to it, when and through whom, and what can be \
            done with it next. Change nothing.",
        told_by: &[
            ("orders_get", |order| json!({ "order_id": number(order) })),
            ("orders_history", |order| json!({ "order_id": number(order) })),
        ],
    },
    Ready {
        name: "product_check",
        title: "Check a product",
        description: "Stock of a product, what is promised of it, and how it sold lately.",
        argument: Some(PRODUCT),
        text: "How is {} doing? Tell me what is on hand, promised and available, which pending orders want it, and how it sold in \
            the last 30 days.",
        told_by: &[
            ("inventory_check", |product| json!({ "product": product })),
            ("orders_get_pending", |product| json!({ "product": product })),
            ("orders_report_sales", |product| json!({ "product": product, "date_range": "last 30 days" })),
        ],
    },
];

/// The number as tools accept it, or the text as given, so that the tool refuses it.
fn number(order: &str) -> Value {
    order.trim().trim_start_matches('#').parse::<i64>().map_or_else(|_| order.into(), Value::from)
}

pub(super) fn list() -> ListPromptsResult {
    let prompts = READY.iter().map(|ready| {
        let argument = |(name, text)| vec![PromptArgument::new(name).with_description(text).with_required(true)];
        Prompt::new(ready.name, Some(ready.description), ready.argument.map(argument)).with_title(ready.title)
    });
    ListPromptsResult::with_all_items(prompts.collect())
}

/// The prompt with the present answers of the shop, so that its reader need not ask first.
pub(super) async fn get(
    shop: &Arc<OpenShop>,
    tools: &Tools,
    caller: Caller,
    request: &GetPromptRequestParams,
) -> Result<GetPromptResult, ErrorData> {
    let ready = READY.iter().find(|ready| ready.name == request.name).ok_or_else(|| {
        let message = format!("there is no prompt `{}`; prompts/list lists all prompts", shown(&request.name));
        ErrorData::invalid_params(message, None)
    })?;
    let given = |name: &str| request.arguments.as_ref().and_then(|arguments| arguments.get(name)?.as_str());
    let value = match ready.argument {
        None => "",
        Some((name, _)) => {
            let missing = || ErrorData::invalid_params(format!("the prompt needs the argument `{name}`"), None);
            given(name).filter(|value| !value.trim().is_empty()).ok_or_else(missing)?
        }
    };
    let mut text = ready.text.replace("{}", value);
    text.push_str("\n\nThis is what the shop's tools answer now; ask them again for anything else.");
    for (name, arguments) in ready.told_by {
        text.push_str(&format!("\n\n{name}:\n{}", told(shop, tools, name, arguments(value), caller.clone()).await));
    }
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).with_description(ready.description))
}

/// The answer of a tool to the caller of the prompt, or why there is none.
async fn told(shop: &Arc<OpenShop>, tools: &Tools, name: &str, arguments: Value, caller: Caller) -> String {
    let (Some(tool), Value::Object(arguments)) = (tools.find(name), arguments) else { return String::new() };
    let started = Instant::now();
    let answer = run_in_task(shop, Arc::clone(&tool), Call::new(arguments, caller)).await;
    metrics::called(&tool, &answer, started.elapsed());
    match answer {
        Ok(answer) => answer.texts.join("\n"),
        Err(Failure::Rejected(rejection)) => visible(&rejection.message).into_owned(),
        Err(Failure::Failed(error)) => {
            tracing::error!(tool = name, error = in_words(&error), "a prompt could not be filled in");
            "no answer just now; call it in a moment.".to_owned()
        }
    }
}

/// Numbers of orders, and SKUs; nothing for arguments without a list of values.
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

    #[test]
    fn prompts_ask_tools_that_exist() {
        let tools = Tools::new(false);
        for ready in &READY {
            assert!(!ready.told_by.is_empty(), "{} carries no data", ready.name);
            for (name, arguments) in ready.told_by {
                let tool = tools.find(name).unwrap_or_else(|| panic!("{}: there is no {name}", ready.name));
                for argument in arguments("1001").as_object().into_iter().flatten().map(|(argument, _)| argument) {
                    assert!(tool.input["properties"].get(argument).is_some(), "{name} takes no {argument}");
                }
            }
            assert_eq!(ready.text.contains("{}"), ready.argument.is_some(), "{}", ready.name);
        }
    }
}
