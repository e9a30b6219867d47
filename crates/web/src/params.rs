//! The query of a page's address: what is read from it, and links that change a part of it.

use form_urlencoded::{Serializer, parse};

/// Names and values, in their order. Blank values count as left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn read(query: Option<&str>) -> Params {
        let pairs = parse(query.unwrap_or_default().as_bytes()).into_owned();
        Params(pairs.filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The address of the same page with one value changed or left out. A list starts anew with its first page.
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
}
