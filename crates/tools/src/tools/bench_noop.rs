//! Takes the arguments of create_order and does nothing: the lower limit for benchmarks.

use schemars::JsonSchema;
use serde::Serialize;

use orderlog_domain::commands::CreateOrder;

use crate::{
    answer::{Reply, Short, Told},
    schema,
    tool::{Danger, Tool},
};

#[derive(Serialize, JsonSchema)]
struct Output {
    /// Fit to be read aloud.
    text: &'static str,
}

impl Told for Output {
    fn short(self) -> Short {
        Short::of(self.text.to_owned())
    }
}

pub(super) fn tool() -> Tool {
    let like = Tool::command::<CreateOrder>("bench.like", "Create an order", Danger::Write).suspects();
    let (input, output) = ((*like.input).clone(), schema::output::<Output>());
    Tool::new("bench.noop", "Do nothing", Danger::Read, input, output, |_, call| {
        Box::pin(async move { Reply::of(Output { text: "Nothing was done." }, call.detail) })
    })
    .hidden()
}
