//! What is said between the shop and a model, whichever interface it has.

use serde_json::{Map, Value};

/// What has been said so far, in the interface's form.
pub(super) struct Talk {
    pub(super) instructions: String,
    pub(super) messages: Vec<Value>,
}

/// One answer of a model.
#[derive(Debug)]
pub(super) struct Said {
    /// As it came, to be sent back where the talk goes on.
    pub(super) message: Value,
    pub(super) calls: Vec<Asked>,
}

/// One call that a model asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) name: String,
    /// Or why they are none.
    pub(super) arguments: Result<Map<String, Value>, String>,
}
