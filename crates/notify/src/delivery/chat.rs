//! A message as most chats take it at an incoming webhook (Mattermost, Rocket.Chat, Google Chat): JSON with the field `text`.

use serde_json::json;

use crate::compose::Content;

/// Bytes of a message: what the chat with the lowest limit takes (Google Chat, 4,096 bytes).
const TEXT_BYTES: usize = 4_000;

/// The body for such a webhook.
pub(crate) fn body(content: &Content) -> Vec<u8> {
    let facts: Vec<String> = content.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let facts = if facts.is_empty() { String::new() } else { format!("\n{}", facts.join(" · ")) };
    let mut text = plain(&format!("{}{facts}", content.text));
    if text.len() > TEXT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_BYTES));
        text.push('…');
    }
    json!({ "text": text }).to_string().into_bytes()
}

/// Chats differ in what they read as markup. What would mention people, or show a link under other words, is written so that
/// it looks the same and means nothing.
fn plain(text: &str) -> String {
    text.replace('@', "@\u{200b}").replace('<', "‹").replace('>', "›").replace("](", "]\u{200b}(")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_mentioned_and_nothing_is_too_long() {
        let told = |text: &str| {
            let body: serde_json::Value = serde_json::from_slice(&body(&Content::plain("test", text))).unwrap();
            body["text"].as_str().unwrap().to_owned()
        };
        assert_eq!(told("Order #1001 is now shipped."), "Order #1001 is now shipped.");
        let told_of = told("@all <users/all> [free](https://evil.example)");
        assert!(!["@all", "<users", "]("].iter().any(|markup| told_of.contains(markup)), "{told_of}");
        assert!(told(&"₹".repeat(5_000)).len() <= TEXT_BYTES + '…'.len_utf8());
    }
}
