//! Orders by what people wrote: a tracking number, or words of a carrier or a note.

use orderlog_domain::{ids::OrderId, text::name_key};
use orderlog_read_models::{Freshness, Projections, QueryError, Sql};

use super::{READ_MODEL, texts::TRACKING};

/// So many texts are looked through, the latest orders' first.
const SEARCHED_TEXTS: i64 = 10_000;
/// Orders that a text may stand for.
const FOUND_ORDERS: usize = 2_000;
/// From so many letters and digits on, a part of a tracking number is enough.
const PART_CHARS: usize = 6;

const LATEST: &str = "
SELECT order_id, field, sealed FROM order_summary_texts ORDER BY order_id DESC LIMIT $1";

/// The orders that have `text` as a tracking number, or its words in a carrier or one of their notes; the latest first. `open`
/// opens a seal, given the field and the seal.
///
/// # Errors
/// When the store fails.
pub async fn found_in_texts(
    projections: &Projections,
    text: &str,
    open: impl Fn(&str, &str) -> Option<String>,
    freshness: Freshness,
) -> Result<Vec<OrderId>, QueryError> {
    let wanted = Wanted::of(text);
    if wanted.words.is_empty() {
        return Ok(vec![]);
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let sql = Sql::new(LATEST).bind(SEARCHED_TEXTS);
    let kept: Vec<(i64, String, String)> = read.all(&sql).await?;
    let kept = read.answer(kept).await?.found;
    let mut found: Vec<OrderId> = vec![];
    for (order_id, field, sealed) in kept {
        let fits = open(&field, &sealed).is_some_and(|text| match field.as_str() {
            TRACKING => wanted.is_tracking(&text),
            _ => wanted.is_in(&text),
        });
        if fits && found.last() != Some(&OrderId(order_id)) {
            found.push(OrderId(order_id));
        }
        if found.len() == FOUND_ORDERS {
            break;
        }
    }
    Ok(found)
}

/// The text that is searched.
struct Wanted {
    words: Vec<String>,
    /// Letters and digits only, without regard to how a carrier groups them.
    number: String,
}

impl Wanted {
    fn of(text: &str) -> Wanted {
        let words = name_key(text).split_whitespace().map(str::to_owned).collect();
        Wanted { words, number: number(text) }
    }

    fn is_in(&self, text: &str) -> bool {
        let text = name_key(text);
        self.words.iter().all(|wanted| text.split(' ').any(|word| word.starts_with(wanted.as_str())))
    }

    fn is_tracking(&self, tracking: &str) -> bool {
        let tracking = number(tracking);
        tracking == self.number || self.number.len() >= PART_CHARS && tracking.contains(&self.number)
    }
}

fn number(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracking_number_is_found_however_it_is_grouped() {
        for text in ["AWB 1234-5678", "awb12345678", "12345678", "b12345"] {
            assert!(Wanted::of(text).is_tracking("AWB-12345678"), "{text}");
        }
        for text in ["5678", "AWB 12345679", "awb"] {
            assert!(!Wanted::of(text).is_tracking("AWB-12345678"), "{text}");
        }
    }

    #[test]
    fn a_note_is_found_by_its_words_in_any_order() {
        for text in ["back door", "door back", "Leave", "door!"] {
            assert!(Wanted::of(text).is_in("Leave it at the back door."), "{text}");
        }
        for text in ["front door", "oor"] {
            assert!(!Wanted::of(text).is_in("Leave it at the back door."), "{text}");
        }
    }
}
