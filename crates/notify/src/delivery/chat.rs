//! A message as most chats take it at an incoming webhook (Mattermost, Rocket.Chat, Google Chat): JSON with the field `text`.

use serde_json::json;

/// Bytes of a message: what the chat with the lowest limit takes (Google Chat, 4,096 bytes).
const TEXT_BYTES: usize = 4_000;

/// The body for such a webhook. The text is escaped already.
pub(super) fn body(text: &str) -> Vec<u8> {
    let mut text = text.to_owned();
    if text.len() > TEXT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_BYTES));
        text.push('…');
    }
    json!({ "text": text }).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_between_two_letters() {
        let body: serde_json::Value = serde_json::from_slice(&body(&"₹".repeat(2_000))).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(text.len() <= TEXT_BYTES + '…'.len_utf8() && text.ends_with("₹…"), "{}", text.len());
    }
}
