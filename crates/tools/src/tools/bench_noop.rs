//! Takes the arguments of create_order and does nothing: the floor the benchmark measures against.

use schemars::JsonSchema;
use serde::Serialize;

use super::orders_create_order;
use crate::{
    schema,
    tool::{Danger, Tool, write},
};

#[derive(Serialize, JsonSchema)]
struct Output {
    /// Fit to be read aloud.
    text: &'static str,
}

pub(super) fn tool() -> Tool {
    let (input, output) = (orders_create_order::schema(), schema::output::<Output>());
    Tool::new("bench.noop", "Do nothing", Danger::Read, input, output, |_, _| {
        Box::pin(async { write(Output { text: "Nothing was done." }) })
    })
    .hidden()
}
