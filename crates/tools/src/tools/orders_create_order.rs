//! orders.create_order: the command, and the question whether an identical order moments ago was meant.

use orderlog_domain::commands::CreateOrder;
use serde_json::{Value, json};

use crate::{
    arguments::read_as,
    call::Call,
    command_answer::CommandAnswer,
    command_call::carry_out,
    failure::Failure,
    request::Request,
    schema::Object,
    shop::OpenShop,
    tool::{Danger, Tool},
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

async fn run(shop: &OpenShop, mut call: Call) -> Result<CommandAnswer, Failure> {
    let allow_duplicate = call.arguments.remove("allow_duplicate") == Some(Value::Bool(true));
    let (request, arguments) = Request::split(shop, NAME, call)?;
    let order: CreateOrder = read_as(arguments)?;
    let request = if allow_duplicate { request } else { request.suspected() };
    carry_out(shop, request, order.into()).await
}

/// The schema of create_order, for the benchmark's tool that takes the same and does nothing.
pub(super) fn schema() -> Object {
    (*tool().input).clone()
}
