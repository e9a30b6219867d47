//! The form of Anthropic's messages.

use serde_json::{Value, json};

use super::{
    Fault,
    talk::{Asked, Said, Talk},
};

/// What every request names.
pub(super) const VERSION: &str = "2023-06-01";
/// Longest answer: ten calls take less.
const MAX_TOKENS: u32 = 4_096;

pub(super) fn body(model: &str, tools: Vec<(String, String, Value)>, talk: &Talk) -> Value {
    let tool = |(name, description, schema): (String, String, Value)| json!({ "name": name, "description": description, "input_schema": schema });
    json!({
        "model": model,
        "max_tokens": MAX_TOKENS,
        "system": talk.instructions,
        "messages": talk.messages,
        "tools": tools.into_iter().map(tool).collect::<Vec<_>>(),
    })
}

pub(super) fn read(answer: &Value) -> Result<Said, Fault> {
    let content = answer["content"].as_array().ok_or_else(|| Fault::Unreadable("it has no content".to_owned()))?;
    match answer["stop_reason"].as_str() {
        Some("max_tokens" | "model_context_window_exceeded") => return Err(Fault::CutOff),
        Some("refusal") => return Err(Fault::Refused),
        _ => {}
    }
    let calls = content.iter().filter(|block| block["type"] == "tool_use").map(|block| Asked {
        id: block["id"].as_str().unwrap_or_default().to_owned(),
        name: block["name"].as_str().unwrap_or_default().to_owned(),
        arguments: block["input"].as_object().cloned().ok_or_else(|| "its arguments are no JSON object".to_owned()),
    });
    Ok(Said { calls: calls.collect(), message: json!({ "role": "assistant", "content": content }) })
}

/// What all calls of one answer found, in one message.
pub(super) fn found(all: Vec<(String, String)>) -> Value {
    let block = |(id, text): (String, String)| json!({ "type": "tool_result", "tool_use_id": id, "content": text });
    json!({ "role": "user", "content": all.into_iter().map(block).collect::<Vec<_>>() })
}
