//! What a message says, before it takes the words of a template and the form of its target.

use chrono::{DateTime, SecondsFormat, Utc};
use orderlog_domain::{format::MoneyOut, ids::OrderId};
use serde::Serialize;
use serde_json::{Value, json};

/// Characters of a subject; longer ones are cut by what shows them.
const SUBJECT_CHARS: usize = 120;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// `order.shipped`
    pub(crate) kind: String,
    /// Sentences.
    pub(crate) text: String,
    /// What else there is to know.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The same for programs.
    pub(crate) data: Value,
    /// When it happened.
    pub(crate) at: Option<DateTime<Utc>>,
    /// The same fact by fact, for templates.
    pub(crate) about: About,
    /// The set of templates that its rule asks for.
    pub(crate) template: Option<String>,
    /// What a digest is made of.
    pub(crate) parts: Vec<Content>,
    /// The address that ends what asks for it.
    pub(crate) unsubscribe: Option<String>,
}

/// Single facts. Each is there in every message, as nothing where the message is about something else, so that a template may ask.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct About {
    pub(crate) order: Option<OrderFacts>,
    pub(crate) product: Option<ProductFacts>,
    pub(crate) payment: Option<PaymentFacts>,
    /// As programs get it.
    pub(crate) alert: Option<Value>,
    pub(crate) undelivered: Option<Undelivered>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OrderFacts {
    pub(crate) id: OrderId,
    /// `partially_shipped`
    pub(crate) status: &'static str,
    /// `partially shipped`
    pub(crate) status_in_words: String,
    pub(crate) payment_status: &'static str,
    pub(crate) payment_status_in_words: String,
    pub(crate) total: MoneyOut,
    /// That were not cancelled.
    pub(crate) units: i64,
    /// Cancelled by what is told of.
    pub(crate) cancelled_units: i64,
    /// Where the target may have it.
    pub(crate) customer: Option<String>,
    /// Where that is what is told.
    pub(crate) waited_seconds: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ProductFacts {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) available: i64,
}

/// Money that came in or went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PaymentFacts {
    pub(crate) amount: MoneyOut,
    pub(crate) method: String,
}

/// Messages that were given up, as the owner is told of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Undelivered {
    pub(crate) target: String,
    pub(crate) why: String,
}

impl Content {
    /// Only words.
    pub(crate) fn plain(kind: &str, text: &str) -> Content {
        Content {
            kind: kind.to_owned(),
            text: text.to_owned(),
            facts: vec![],
            data: json!({}),
            at: None,
            about: About::default(),
            template: None,
            parts: vec![],
            unsubscribe: None,
        }
    }

    /// To the owner: messages to a target were given up.
    pub(crate) fn undelivered(target: &str, why: &str) -> Content {
        let text =
            format!("Messages to {target} could not be delivered: {why}. `orderlog notifications failed` lists them.");
        let undelivered = Some(Undelivered { target: target.to_owned(), why: why.to_owned() });
        let about = About { undelivered, ..About::default() };
        Content { about, ..Content::plain("notifications.failed", &text) }
    }

    /// Many at once, which ask for the same templates.
    pub(crate) fn digest(parts: &[Content]) -> Content {
        let count = match parts.len() {
            1 => "1 message.".to_owned(),
            count => format!("{count} messages."),
        };
        let line = |part: &Content| {
            let facts: Vec<String> = part.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            if facts.is_empty() { part.text.clone() } else { format!("{} ({})", part.text, facts.join(", ")) }
        };
        let lines: Vec<String> = std::iter::once(count.clone()).chain(parts.iter().map(line)).collect();
        let messages: Vec<Value> = parts.iter().map(Content::as_json).collect();
        let at = parts.iter().filter_map(|part| part.at).max();
        let data = json!({ "messages": messages, "text": count });
        let template = parts.first().and_then(|part| part.template.clone());
        Content { data, at, template, parts: parts.to_vec(), ..Content::plain("digest", &lines.join("\n")) }
    }

    /// The same with the address that ends what asks for it.
    pub(crate) fn ended_at(&self, unsubscribe: Option<String>) -> Content {
        Content { unsubscribe, ..self.clone() }
    }

    fn as_json(&self) -> Value {
        let mut data = self.data.clone();
        if data.get("text").is_none() {
            data["text"] = self.text.clone().into();
        }
        let at = self.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
        json!({ "type": self.kind, "timestamp": at, "data": data })
    }

    /// The body of a webhook; the same for every try.
    pub(crate) fn webhook(&self, now: DateTime<Utc>) -> Vec<u8> {
        let at = Some(self.at.unwrap_or(now));
        Content { at, ..self.clone() }.as_json().to_string().into_bytes()
    }
}

/// The first line. A dot in it may be that of an amount or of a name, so only a long line is cut, where a sentence ends.
pub(crate) fn subject(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let end = line.char_indices().nth(SUBJECT_CHARS).map_or(line.len(), |(at, _)| at);
    let short = match &line[..end] {
        whole if end == line.len() => whole,
        cut => cut.rsplit_once(". ").or_else(|| cut.rsplit_once(' ')).map_or(cut, |(before, _)| before),
    };
    short.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_says_the_whole_amount_and_the_whole_name() {
        for (text, said) in [
            ("Order #1001 was placed: 2 units for ₹1,234.50.", "Order #1001 was placed: 2 units for ₹1,234.50"),
            ("Dr. Pepper (DP) is out of stock.", "Dr. Pepper (DP) is out of stock"),
            ("2 messages.\nOrder #1 is now shipped.", "2 messages"),
            ("", ""),
        ] {
            assert_eq!(subject(text), said);
        }
        let long = format!("Messages could not be delivered. {}", "₹ ".repeat(200));
        assert_eq!(subject(&long), "Messages could not be delivered");
        assert_eq!(subject(&"₹".repeat(200)).chars().count(), SUBJECT_CHARS);
    }
}
