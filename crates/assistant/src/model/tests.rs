//! Both interfaces against a scripted server: what is sent, and what is made of what it answers.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
    time::Instant,
};

use super::{
    Fault, LanguageModel, in_time,
    talk::{Said, Talk},
    wire::Wire,
};

const KEY: &str = "sk-s3cret";

/// A server that answers one connection after the other with these texts, and what it was sent. An empty text is silence.
async fn scripted(path: &str, answers: Vec<String>) -> (LanguageModel, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut heard = vec![];
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![];
            while !is_whole(&bytes) {
                assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the request broke off");
            }
            heard.push(String::from_utf8(bytes).unwrap());
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
            // A client that has read enough closes the connection.
            stream.write_all(answer.as_bytes()).await.ok();
        }
        heard
    });
    (LanguageModel::new(&url, "small", Some(KEY.to_owned()), None).unwrap(), serving)
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() == length.unwrap_or(0_usize)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn soon() -> Instant {
    Instant::now() + LanguageModel::DEADLINE
}

const OPENAI: &str = "/v1/chat/completions";
const ANTHROPIC: &str = "/v1/messages";

fn calls(said: &Said) -> Vec<(&str, Result<Value, &str>)> {
    let arguments = |given: &'_ Result<serde_json::Map<String, Value>, String>| given.clone().map(Value::Object);
    let call = |call: &'_ super::Asked| (call.name.clone(), arguments(&call.arguments));
    let all: Vec<(String, Result<Value, String>)> = said.calls.iter().map(call).collect();
    // Leaked, so that the table below reads as it is.
    all.into_iter().map(|(name, given)| (&*name.leak(), given.map_err(|why| &*why.leak()))).collect()
}

#[test]
fn calls_are_read_in_either_form_several_of_one_answer_too() {
    let openai = json!({ "choices": [{ "finish_reason": "tool_calls", "message": { "role": "assistant", "content": null, "tool_calls": [
        { "id": "call_1", "type": "function", "function": { "name": "orders_get", "arguments": "{\"order_id\":1001}" } },
        { "id": "call_2", "type": "function", "function": { "name": "shop_briefing", "arguments": "" } },
        { "type": "function", "function": { "name": "orders_ship", "arguments": { "order_id": 1002 } } },
        { "id": "call_4", "type": "function", "function": { "name": "orders_ship", "arguments": "{\"order_id\": 10" } },
        { "id": "call_5", "type": "function", "function": { "name": "orders_ship", "arguments": "[1002]" } },
    ] } }] });
    let said = Wire::OpenAi.read(&openai).unwrap();
    let no_json = Err("its arguments are no JSON object");
    let expected = vec![
        ("orders_get", Ok(json!({ "order_id": 1001 }))),
        ("shop_briefing", Ok(json!({}))),
        ("orders_ship", Ok(json!({ "order_id": 1002 }))),
        ("orders_ship", no_json.clone()),
        ("orders_ship", no_json.clone()),
    ];
    assert_eq!(calls(&said), expected);

    let anthropic = json!({ "type": "message", "role": "assistant", "stop_reason": "tool_use", "content": [
        { "type": "text", "text": "The revenue is 1,000,000." },
        { "type": "tool_use", "id": "toolu_1", "name": "orders_get", "input": { "order_id": 1001 } },
        { "type": "tool_use", "id": "toolu_2", "name": "orders_ship", "input": "1001" },
    ] });
    let said = Wire::Anthropic.read(&anthropic).unwrap();
    assert_eq!(calls(&said), vec![("orders_get", Ok(json!({ "order_id": 1001 }))), ("orders_ship", no_json)]);
}

#[test]
fn what_was_found_goes_back_in_the_form_of_either_interface() {
    let found = || vec![("one".to_owned(), "A".to_owned()), ("two".to_owned(), "B".to_owned())];
    let mut talk = Wire::OpenAi.begin("", "ship the last order of Asha");
    Wire::OpenAi.go_on(&mut talk, json!({ "role": "assistant" }), found());
    assert_eq!(
        json!(talk.messages),
        json!([
            { "role": "user", "content": "ship the last order of Asha" },
            { "role": "assistant" },
            { "role": "tool", "tool_call_id": "one", "content": "A" },
            { "role": "tool", "tool_call_id": "two", "content": "B" },
        ])
    );
    let mut talk: Talk = Wire::Anthropic.begin("", "ship the last order of Asha");
    Wire::Anthropic.go_on(&mut talk, json!({ "role": "assistant" }), found());
    assert_eq!(
        talk.messages[2],
        json!({ "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "one", "content": "A" },
            { "type": "tool_result", "tool_use_id": "two", "content": "B" },
        ] })
    );
}

#[test]
fn an_answer_that_is_none_says_why() {
    let openai = |finish: &str, message: Value| json!({ "choices": [{ "finish_reason": finish, "message": message }] });
    for (answer, told) in [
        (openai("length", json!({ "content": "{\"ord" })), "cut off"),
        (openai("content_filter", json!({ "content": "" })), "refused"),
        (openai("stop", json!({ "content": null, "refusal": "I cannot." })), "refused"),
        (json!({ "choices": [] }), "no message"),
        (json!("hello"), "no message"),
    ] {
        assert!(Wire::OpenAi.read(&answer).unwrap_err().to_string().contains(told), "{answer}");
    }
    for (answer, told) in [
        (json!({ "stop_reason": "max_tokens", "content": [] }), "cut off"),
        (json!({ "stop_reason": "refusal", "content": [] }), "refused"),
        (json!({ "type": "error" }), "no content"),
    ] {
        assert!(Wire::Anthropic.read(&answer).unwrap_err().to_string().contains(told), "{answer}");
    }
}

#[tokio::test]
async fn a_server_that_says_when_is_asked_once_more() {
    for (path, status) in [(OPENAI, "429 Too Many Requests"), (ANTHROPIC, "529 Overloaded")] {
        let busy = answer(status, "Retry-After: 0\r\n", r#"{"error":{"type":"rate_limit_error","message":"1001"}}"#);
        let (model, serving) = scripted(path, vec![busy, answer("200 OK", "", r#"{"ok":1}"#)]).await;
        assert_eq!(model.server.send(&json!({ "a": 1 }), soon()).await.unwrap(), json!({ "ok": 1 }));
        let heard = serving.await.unwrap();
        assert_eq!(heard.len(), 2);
        for request in heard {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("POST {path} HTTP/1.1")), "{head}");
            let key = if path == OPENAI { "authorization: Bearer sk-s3cret" } else { "x-api-key: sk-s3cret" };
            assert!(head.contains(key), "{head}");
            assert_eq!(head.contains("anthropic-version: 2023-06-01"), path == ANTHROPIC, "{head}");
            assert_eq!(body, r#"{"a":1}"#);
        }
    }
    // Twice is enough, and nobody waits for longer than there is time.
    for headers in ["Retry-After: 0\r\n", "Retry-After: 3600\r\n"] {
        let busy = || answer("429 Too Many Requests", headers, "{}");
        let (model, serving) = scripted(OPENAI, vec![busy(), busy()]).await;
        let fault = model.server.send(&json!({}), soon()).await.unwrap_err();
        assert!(matches!(fault, Fault::Wait(0 | 3600)), "{fault}");
        serving.abort();
    }
}

#[tokio::test]
async fn a_server_that_fails_is_told_by_its_status_and_never_in_its_words() {
    let secret = "order 1001 of Asha";
    for (answered, told) in [
        (
            answer(
                "500 Internal Server Error",
                "",
                &json!({ "error": { "type": "api_error", "message": secret } }).to_string(),
            ),
            "500 (api_error)",
        ),
        (answer("401 Unauthorized", "", &json!({ "error": { "type": secret } }).to_string()), "answered with 401"),
        (answer("302 Found", "Location: http://127.0.0.1:1/\r\n", ""), "answered with 302"),
        (answer("200 OK", "", secret), "it is no JSON"),
        (answer("200 OK", "", &format!("\"{}\"", "x".repeat(300 * 1024))), "more than 256 KiB"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(), "broke off"),
        ("nonsense\r\n\r\n".to_owned(), "could not be reached"),
    ] {
        let (model, _serving) = scripted(OPENAI, vec![answered]).await;
        let fault = model.server.send(&json!({}), soon()).await.unwrap_err().to_string();
        assert!(fault.contains(told) && !fault.contains("Asha"), "{told}: {fault}");
    }
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let (model, _serving) = scripted(OPENAI, vec![String::new()]).await;
    let ends = Instant::now() + Duration::from_millis(100);
    let fault = in_time(ends, model.server.send(&json!({}), ends)).await.unwrap_err();
    assert!(matches!(fault, Fault::Late(_)), "{fault}");
}
