//! Lists at a moment of the past: the moment is looked up once, and each row is read as it was then.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    front::{Front, Trouble},
    params::Params,
};

/// The moment as a position of the log, so that the calls of one page need not look it up again; `None` for the
/// present.
pub(crate) async fn position(front: &Front, params: &Params) -> Result<Option<String>, Trouble> {
    let Some(moment) = params.moment() else { return Ok(None) };
    let found = front.ask("orders.get_pending", json!({ "scope": "on_hold", "limit": 1, "as_of": moment })).await?;
    Ok(found["interpretation"]["as_of_position"].as_i64().map(|position| format!("@{position}")))
}

/// The answers of a tool for each row, in the order of the rows; null if there is none.
pub(crate) async fn each(front: &Front, tool: &str, asked: impl Iterator<Item = Value>) -> Vec<Value> {
    let answers = join_all(asked.map(|arguments| front.ask(tool, arguments))).await;
    answers.into_iter().map(Result::unwrap_or_default).collect()
}
