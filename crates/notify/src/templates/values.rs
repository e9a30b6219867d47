//! What a template can name.

use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::content::{About, Content, subject};

/// A message, or one of those in a digest.
#[derive(Serialize)]
struct Part<'a> {
    /// `order.shipped`
    kind: &'a str,
    /// `shipped`
    what: &'a str,
    text: &'a str,
    lines: Vec<&'a str>,
    facts: Vec<Fact<'a>>,
    at: String,
    #[serde(flatten)]
    about: &'a About,
}

#[derive(Serialize)]
struct Fact<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    part: Part<'a>,
    /// Of a digest.
    messages: Vec<Part<'a>>,
    subject: String,
    unsubscribe: Option<&'a str>,
    /// What the shop is called.
    shop: &'a str,
    target: &'a str,
}

pub(super) fn values(content: &Content, shop: &str, target: &str, now: DateTime<Utc>) -> Value {
    let whole = Whole {
        part: part(content, now),
        messages: content.parts.iter().map(|one| part(one, now)).collect(),
        subject: subject(&content.text),
        unsubscribe: content.unsubscribe.as_deref(),
        shop,
        target,
    };
    Value::from(Serde(whole))
}

fn part(content: &Content, now: DateTime<Utc>) -> Part<'_> {
    Part {
        kind: &content.kind,
        what: content.kind.rsplit('.').next().unwrap_or_default(),
        text: &content.text,
        lines: content.text.lines().collect(),
        facts: content.facts.iter().map(|(name, value)| Fact { name, value }).collect(),
        at: content.at.unwrap_or(now).to_rfc3339_opts(SecondsFormat::Millis, true),
        about: &content.about,
    }
}
