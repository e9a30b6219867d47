//! Lists at a moment of the past: the moment is looked up once, and each row is asked for as it stood then.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    params::Params,
};

/// The moment as a position of the log, so that many calls of one page need not look for it again; nothing for the present.
pub(crate) async fn position(front: &Front, params: &Params) -> Result<Option<String>, Trouble> {
    let Some(moment) = params.moment() else { return Ok(None) };
    let found = front.ask("orders.get_pending", json!({ "scope": "on_hold", "limit": 1, "as_of": moment })).await?;
    Ok(found["interpretation"]["as_of_position"].as_i64().map(|position| format!("@{position}")))
}

/// What a tool answers of each row, in their order; null where it has nothing to say of one.
pub(crate) async fn each(front: &Front, tool: &str, asked: impl Iterator<Item = Value>) -> Vec<Value> {
    let answers = join_all(asked.map(|arguments| front.ask(tool, arguments))).await;
    answers.into_iter().map(Result::unwrap_or_default).collect()
}
