//! A message as Slack's Block Kit has it, within its limits.

use serde_json::{Value, json};

use crate::compose::Content;

/// Characters of a text in a block.
const TEXT_CHARS: usize = 3_000;

/// The body for an incoming webhook.
pub(crate) fn body(content: &Content) -> Vec<u8> {
    let text = escaped(&content.text);
    // Verbatim: Slack would otherwise make links of addresses, and mentions of names, that somebody typed into a product.
    let words = |text: &str| json!({ "type": "mrkdwn", "text": escaped(text), "verbatim": true });
    let mut blocks: Vec<Value> =
        content.text.lines().map(|line| json!({ "type": "section", "text": words(line) })).collect();
    if !content.facts.is_empty() {
        let facts: Vec<String> = content.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        blocks.push(json!({ "type": "context", "elements": [words(&facts.join(" · "))] }));
    }
    json!({ "text": text, "blocks": blocks }).to_string().into_bytes()
}

/// The three characters that mean something to Slack; a name could otherwise mention a channel.
fn escaped(text: &str) -> String {
    let cut: String = text.chars().take(TEXT_CHARS / 5).collect();
    cut.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_is_markup_or_too_long() {
        let content = Content::plain("test", &format!("<!channel> & {}", "x".repeat(5_000)));
        let body: serde_json::Value = serde_json::from_slice(&body(&content)).unwrap();
        let text = body["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(text.starts_with("&lt;!channel&gt; &amp; x"), "{text}");
        assert!(text.chars().count() <= TEXT_CHARS);
        assert_eq!(body["blocks"][0]["text"]["verbatim"], true, "addresses and names would become links and mentions");
    }
}
