//! A message as Slack's Block Kit has it, within its limits.

use serde_json::{Value, json};

/// Characters of a text in a block.
const TEXT_CHARS: usize = 3_000;
/// Blocks for lines; Slack takes 50 in all.
const LINES: usize = 48;

/// The body for an incoming webhook: each line a block, and beneath them what is small. Both are escaped already.
pub(super) fn body(text: &str, small: &str) -> Vec<u8> {
    // Verbatim: Slack would otherwise make links of addresses, and mentions of names, that somebody typed into a product.
    let words = |text: &str| json!({ "type": "mrkdwn", "text": cut(text), "verbatim": true });
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let (alone, rest) = lines.split_at(lines.len().min(LINES));
    let rest = Some(rest.join("\n")).filter(|rest| !rest.is_empty());
    let lines = alone.iter().copied().chain(rest.as_deref());
    let mut blocks: Vec<Value> = lines.map(|line| json!({ "type": "section", "text": words(line) })).collect();
    if !small.trim().is_empty() {
        blocks.push(json!({ "type": "context", "elements": [words(small)] }));
    }
    json!({ "text": cut(text), "blocks": blocks }).to_string().into_bytes()
}

/// As much as fits, and no half of an escaped sign or of a link.
fn cut(text: &str) -> &str {
    let Some((end, _)) = text.char_indices().nth(TEXT_CHARS) else { return text };
    let text = &text[..end];
    let begun = [('&', ';'), ('<', '>')]
        .into_iter()
        .filter_map(|(opens, closes)| text.rfind(opens).filter(|begin| !text[*begin..].contains(closes)));
    begun.min().map_or(text, |begin| &text[..begin])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_too_long_or_cut_within_a_sign() {
        let text = format!("{}&amp;&amp;\n\n{}<https://a.example|there>", "x".repeat(2_997), "y".repeat(2_995));
        let body: Value = serde_json::from_slice(&body(&text, " ")).unwrap();
        let shown: Vec<&str> =
            body["blocks"].as_array().unwrap().iter().map(|block| block["text"]["text"].as_str().unwrap()).collect();
        assert_eq!(shown, ["x".repeat(2_997), "y".repeat(2_995)]);
        assert_eq!(body["text"], "x".repeat(2_997));
        assert_eq!(body["blocks"][0]["text"]["verbatim"], true, "addresses and names would become links and mentions");
    }

    #[test]
    fn many_lines_are_no_more_blocks_than_slack_takes() {
        let text = (0..200).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
        let body: Value = serde_json::from_slice(&body(&text, "small")).unwrap();
        let blocks = body["blocks"].as_array().unwrap();
        assert_eq!(blocks.len(), 50);
        assert!(blocks[48]["text"]["text"].as_str().unwrap().ends_with("\n199"));
        assert_eq!(blocks[49]["elements"][0]["text"], "small");
    }
}
