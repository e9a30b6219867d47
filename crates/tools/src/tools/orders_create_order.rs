//! orders.create_order: the command, and the question whether an identical order moments ago was meant.

use orderlog_domain::commands::CreateOrder;
use serde_json::{Value, json};

use crate::{
    arguments::read_as,
    command_answer::CommandAnswer,
    command_call::carry_out,
    failure::Failure,
    request::Request,
    schema::Object,
    shop::OpenShop,
    tool::{Call, Danger, Tool},
};

const NAME: &str = "orders.create_order";

pub(super) fn tool() -> Tool {
    Tool::command_of_call::<CreateOrder, _>(NAME, "Create an order", Danger::Write, |shop, call| async move {
        run(&shop, call).await
    })
    .with_argument(
        "allow_duplicate",
        json!({"type": "boolean", "description": "Place it although an identical order was placed within two minutes."}),
    )
}

async fn run(shop: &OpenShop, call: Call) -> Result<CommandAnswer, Failure> {
    let Call { mut arguments, caller } = call;
    let allow_duplicate = arguments.remove("allow_duplicate") == Some(Value::Bool(true));
    let request = Request::split(shop, NAME, &mut arguments, caller)?;
    let order: CreateOrder = read_as(arguments)?;
    let request = if allow_duplicate { request } else { request.suspected() };
    carry_out(shop, request, order.into()).await
}

/// The schema of create_order, for the benchmark's tool that takes the same and does nothing.
pub(super) fn schema() -> Object {
    (*tool().input).clone()
}
