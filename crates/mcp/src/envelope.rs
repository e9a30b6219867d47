//! Requirements of every JSON-RPC message, checked before it is read further: JSON without a key twice in an object,
//! one object, version 2.0.

use orderlog_tools::{
    echo::shown,
    json::{exact, strict},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// JSON-RPC: the message is no JSON.
const PARSE_ERROR: i32 = -32_700;
/// JSON-RPC: the message is JSON, but no request.
const INVALID_REQUEST: i32 = -32_600;

/// The checked parts of a message.
pub(crate) struct Envelope {
    /// Null for a notification.
    id: Value,
    method: String,
}

/// Why a message is refused, in the form of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Malformed {
    jsonrpc: &'static str,
    /// The id as it was sent; null if it could not be read.
    id: Value,
    error: RpcError,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct RpcError {
    code: i32,
    message: String,
}

impl Malformed {
    /// A message that is no request.
    pub(crate) fn invalid(id: Value, message: impl Into<String>) -> Malformed {
        Malformed { jsonrpc: "2.0", id, error: RpcError { code: INVALID_REQUEST, message: message.into() } }
    }

    fn no_json(message: String) -> Malformed {
        Malformed { jsonrpc: "2.0", id: Value::Null, error: RpcError { code: PARSE_ERROR, message } }
    }

    /// The refusal as it is sent.
    pub(crate) fn to_json(&self) -> Value {
        json!(self)
    }
}

impl Envelope {
    /// Reads one message.
    ///
    /// # Errors
    /// As JSON-RPC answers them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Envelope, Malformed> {
        let read =
            strict::read(bytes).map_err(|error| Malformed::no_json(format!("the request is no JSON: {error}")))?;
        let message = match read.value {
            Value::Object(message) => message,
            Value::Array(_) => {
                return Err(Malformed::invalid(Value::Null, "batches are not supported: send one request at a time"));
            }
            _ => return Err(Malformed::invalid(Value::Null, "a request is a JSON object")),
        };
        let id = id(&message);
        if let Some(doubled) = read.doubled {
            return Err(Malformed::invalid(id.unwrap_or_default(), doubled.to_string()));
        }
        if read.fraction
            && let Some(inexact) = exact::in_arguments(bytes)
        {
            return Err(Malformed::invalid(id.unwrap_or_default(), inexact));
        }
        let Ok(id) = id else {
            return Err(Malformed::invalid(
                Value::Null,
                "`id` must be a whole number or a text of at most 100 characters",
            ));
        };
        let problem = if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            Some("`jsonrpc` must be \"2.0\"")
        } else if !message.contains_key("method") && (message.contains_key("result") || message.contains_key("error")) {
            Some("this server asks its clients nothing that they could answer")
        } else if !message.get("method").is_some_and(Value::is_string) {
            Some("`method` must be a text")
        } else if !message.get("params").is_none_or(Value::is_object) {
            Some("`params` must be an object")
        } else if read.odd_meta {
            Some("`params._meta` must be an object")
        } else {
            None
        };
        match problem {
            Some(problem) => Err(Malformed::invalid(id, problem)),
            None => {
                let method = message.get("method").and_then(Value::as_str).unwrap_or_default().to_owned();
                Ok(Envelope { id, method })
            }
        }
    }

    /// The message's id; null for a notification.
    pub(crate) fn id(&self) -> Value {
        self.id.clone()
    }

    /// The message's method.
    pub(crate) fn method(&self) -> &str {
        &self.method
    }
}

/// The id, null if there is none; an error if it has a type that MCP does not allow.
fn id(message: &Map<String, Value>) -> Result<Value, ()> {
    match message.get("id") {
        None => Ok(Value::Null),
        Some(Value::String(id)) if shown(id) == id.as_str() => Ok(Value::String(id.clone())),
        Some(Value::Number(id)) if id.is_i64() => Ok(Value::Number(id.clone())),
        Some(_) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> (i32, Value, String) {
        let Err(Malformed { id, error, .. }) = Envelope::read(message.as_bytes()) else {
            panic!("{message} was taken");
        };
        (error.code, id, error.message)
    }

    #[test]
    fn requests_and_notifications_are_taken() {
        let request = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x","arguments":{"a":[{"b":1},{"b":2}]}}}"#;
        let envelope = Envelope::read(request.as_bytes()).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((envelope.method(), envelope.id()), ("tools/call", json!("a")));
        assert!(Envelope::read(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).is_ok());
    }

    #[test]
    fn what_is_no_json_is_a_parse_error() {
        let deep = "[".repeat(50_000);
        for text in ["", "{", "{]", "\u{feff}{}", "{\"a\":\"\\ud800\"}", "{\"a\":1e131000}", "{} {}", &deep] {
            let (code, id, message) = refused(text);
            assert_eq!((code, id), (PARSE_ERROR, Value::Null), "{message}");
            assert!(message.len() < 200, "{message}");
        }
        assert!(Envelope::read(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}").is_err());
    }

    #[test]
    fn what_is_no_request_is_an_invalid_request_with_the_id_where_it_can_be_read() {
        for (text, id) in [
            ("[]", Value::Null),
            ("7", Value::Null),
            ("null", Value::Null),
            ("{}", Value::Null),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, Value::Null),
            (r#"{"id":1,"method":"ping"}"#, json!(1)),
            (r#"{"jsonrpc":"1.0","id":"x","method":"ping"}"#, json!("x")),
            (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":7}}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Value::Null),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Value::Null),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, Value::Null),
            (r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"}"#, Value::Null),
        ] {
            let (code, told, message) = refused(text);
            assert_eq!((code, told), (INVALID_REQUEST, id), "{text}: {message}");
        }
    }

    #[test]
    fn an_amount_that_would_be_rounded_is_no_request() {
        let told = |arguments: &str| {
            refused(&format!(
                r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"arguments":{arguments}}}}}"#
            ))
        };
        let (code, id, message) = told(r#"{"amount":100.00000000000000000000001}"#);
        assert_eq!((code, id), (INVALID_REQUEST, json!(7)), "{message}");
        assert!(
            message.starts_with("the number 100.00000000000000000000001 in params.arguments has more"),
            "{message}"
        );
        let elsewhere = r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":{"at":1.00000000000000000001}}}"#;
        assert!(Envelope::read(elsewhere.as_bytes()).is_ok());
    }

    #[test]
    fn doubled_keys_are_named_with_their_place() {
        for (text, told) in [
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/list"}"#,
                "the key `method` stands twice in the request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","arguments":{"lines":[{},{"quantity":1,"\u0071uantity":1000}]}}}"#,
                "the key `quantity` stands twice in params.arguments.lines[1]",
            ),
            (r#"{"params":{"a\nb":{"c":1,"c":1}},"id":7}"#, r"the key `c` stands twice in params.a\u{a}b"),
        ] {
            let (code, id, message) = refused(text);
            assert_eq!((code, id), (INVALID_REQUEST, json!(7)), "{message}");
            assert!(message.starts_with(told), "{message}");
        }
    }
}
