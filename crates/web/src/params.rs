//! The query of a page's address: its values, and links that change a part of it.

use form_urlencoded::{Serializer, byte_serialize, parse};
use maud::{Markup, html};
use serde_json::Value;

/// The parameter that shows the shop at a moment of the past. Links keep it from page to page.
pub(crate) const AS_OF: &str = "as_of";
/// The value with the page that listens for news.
pub(crate) const PAGE: &str = "page";

/// A text as a part of an address.
pub(crate) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// A number if one was typed; otherwise the text, so that the tool refuses it.
pub(crate) fn as_number(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| text.into(), Value::from)
}

/// Names and values, in their order. Blank values count as left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn read(query: Option<&str>) -> Params {
        let pairs = parse(query.unwrap_or_default().as_bytes()).into_owned();
        Params(pairs.filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// The parameters with these names and values.
    pub(crate) fn of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Params {
        Params(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// All values with this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// Hidden fields for values that no other field of a form has: the moment that all pages show.
    pub(crate) fn kept(&self) -> Markup {
        html! { @if let Some(moment) = self.moment() { input type="hidden" name=(AS_OF) value=(moment); } }
    }

    /// All parameters except these, for a form that keeps the rest.
    pub(crate) fn without<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.trim())).filter(|(name, _)| !names.contains(name))
    }

    /// The moment of the past that all pages show, as it was written.
    pub(crate) fn moment(&self) -> Option<&str> {
        self.get(AS_OF)
    }

    /// The address of another page, at the same moment.
    pub(crate) fn to(&self, path: &str) -> String {
        match self.moment() {
            None => path.to_owned(),
            Some(moment) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                format!("{path}{joint}{AS_OF}={}", encoded(moment))
            }
        }
    }

    /// The address of the same page with one value changed or left out. A list starts again with its first page.
    pub(crate) fn link(&self, path: &str, name: &str, value: Option<&str>) -> String {
        let kept = self.0.iter().filter(|(known, _)| known != name && known != "cursor");
        let mut query = Serializer::new(String::new());
        query.extend_pairs(kept).extend_pairs(value.map(|value| (name, value)));
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_changes_one_value_and_starts_a_list_anew() {
        let params = Params::read(Some("view=unpaid&date_range=last+week&product=&cursor=7"));
        assert_eq!(params.get("date_range"), Some("last week"));
        assert_eq!(params.get("product"), None);
        assert_eq!(params.link("/orders", "view", None), "/orders?date_range=last+week");
        assert_eq!(params.link("/orders", "sort", Some("a&b")), "/orders?view=unpaid&date_range=last+week&sort=a%26b");
        assert_eq!(Params::default().link("/orders", "view", None), "/orders");
    }

    #[test]
    fn a_moment_of_the_past_goes_along_to_every_page() {
        let then = Params::read(Some("view=all&as_of=2026-11-20T10:00:00%2B05:30"));
        assert_eq!(then.to("/orders/7"), "/orders/7?as_of=2026-11-20T10%3A00%3A00%2B05%3A30");
        assert_eq!(then.to("/orders?view=unpaid"), "/orders?view=unpaid&as_of=2026-11-20T10%3A00%3A00%2B05%3A30");
        assert_eq!(then.without(&["as_of"]).collect::<Vec<_>>(), [("view", "all")]);
        assert_eq!(Params::default().to("/orders/7"), "/orders/7");
    }
}
