//! Takes the arguments of create_order and does nothing: the floor the benchmark measures against.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, Tool};
use crate::{node::Node, principal::Caller};

/// Does nothing.
#[derive(Deserialize, JsonSchema)]
struct Input {}

#[derive(Serialize, JsonSchema)]
struct Output {
    /// Nothing was done.
    text: String,
}

pub(super) fn tool() -> Tool {
    Tool::query("bench.noop", "Do nothing", run).hidden()
}

async fn run(_node: Arc<Node>, _input: Input, _caller: Caller) -> Result<Output, Failure> {
    Ok(Output { text: "Nothing was done.".to_owned() })
}
