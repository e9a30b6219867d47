//! The form of OpenAI's chat completions, which Ollama, vLLM, llama.cpp, Mistral and many more take too.

use serde_json::{Value, json};

use super::{
    Fault,
    talk::{Asked, Said, Talk},
};

pub(super) fn body(model: &str, tools: Vec<(String, String, Value)>, talk: &Talk) -> Value {
    let function = |(name, description, parameters): (String, String, Value)| json!({ "type": "function", "function": { "name": name, "description": description, "parameters": parameters } });
    let mut messages = vec![json!({ "role": "system", "content": talk.instructions })];
    messages.extend(talk.messages.iter().cloned());
    json!({ "model": model, "messages": messages, "tools": tools.into_iter().map(function).collect::<Vec<_>>() })
}

pub(super) fn read(answer: &Value) -> Result<Said, Fault> {
    let choice = &answer["choices"][0];
    let message = choice.get("message").filter(|message| message.is_object());
    let message = message.ok_or_else(|| Fault::Unreadable("it has no message".to_owned()))?;
    match choice["finish_reason"].as_str() {
        Some("length") => return Err(Fault::CutOff),
        Some("content_filter") => return Err(Fault::Refused),
        _ if message["refusal"].as_str().is_some_and(|text| !text.is_empty()) => return Err(Fault::Refused),
        _ => {}
    }
    let calls = message["tool_calls"].as_array().into_iter().flatten().map(|call| Asked {
        // Some servers give none.
        id: call["id"].as_str().unwrap_or_default().to_owned(),
        name: call["function"]["name"].as_str().unwrap_or_default().to_owned(),
        arguments: match &call["function"]["arguments"] {
            // JSON within a text, as the interface has it; some servers send the object itself.
            Value::String(text) if text.trim().is_empty() => Ok(serde_json::Map::new()),
            Value::String(text) => {
                serde_json::from_str(text).map_err(|_| "its arguments are no JSON object".to_owned())
            }
            Value::Object(arguments) => Ok(arguments.clone()),
            _ => Err("its arguments are no JSON object".to_owned()),
        },
    });
    Ok(Said { calls: calls.collect(), message: message.clone() })
}

pub(super) fn found((id, text): (String, String)) -> Value {
    json!({ "role": "tool", "tool_call_id": id, "content": text })
}
