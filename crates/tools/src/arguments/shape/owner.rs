//! Which argument takes a word that was given to another.

use serde_json::Value;

use super::{Kind, Shape};
use crate::arguments::unknown::{self, Elsewhere};

impl Shape {
    /// The words that are taken, by it or by its items.
    fn words(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List { items, .. } => items.options.as_deref(),
            _ => self.options.as_deref(),
        }
    }

    /// Which argument takes a word that this one does not, though it takes words: `; payment_status takes paid`.
    pub(super) fn owner_of(
        &self,
        (asked, value): (&str, &Value),
        properties: &[(String, Shape)],
        elsewhere: &Elsewhere,
    ) -> Option<String> {
        let words = self.words()?;
        let given = match value {
            Value::Array(all) => all.iter().find(|one| !words.contains(one))?,
            one => one,
        };
        let takes = |shape: &Shape, word: &str| shape.words().is_some_and(|words| words.contains(&word.into()));
        let word = unknown::folded(given.as_str()?);
        // Of several the one that is called nearly alike: the payment status for a status.
        let here = properties.iter().filter(|(_, shape)| takes(shape, &word)).map(|(name, _)| name.clone());
        let here = here.max_by(|a, b| unknown::likeness(asked, a).total_cmp(&unknown::likeness(asked, b)));
        let there = || elsewhere.get(&unknown::word(&word)).map(|tools| tools.join(" or "));
        here.or_else(there).map(|owner| format!("; {owner} takes {word}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_argument_that_takes_a_word_is_named() {
        let words = |words: &[&str]| json!({ "type": "array", "items": { "type": "string", "enum": words } });
        let schema = json!({ "type": "object", "additionalProperties": false, "properties": {
            "status": words(&["pending", "shipped"]), "by": words(&["paid"]), "payment_status": words(&["paid", "unpaid"]),
            "text": { "type": "string" } } });
        let mut shape = Shape::of(schema.as_object().expect("an object")).expect("a schema");
        let held = (unknown::word("on_hold"), vec!["scope of orders_get_pending".to_owned()]);
        shape.learn(&Elsewhere::new([held].into()));
        for (status, end) in [
            (json!(["On hold"]), "\"On hold\" is none of: pending, shipped; scope of orders_get_pending takes on_hold"),
            (json!(["shipped", "paid"]), "\"paid\" is none of: pending, shipped; payment_status takes paid"),
            (json!(["gone"]), "\"gone\" is none of: pending, shipped"),
        ] {
            let faults = shape.faults(&json!({ "status": status }));
            assert_eq!(faults[0].message, end);
        }
        assert!(shape.faults(&json!({ "text": "paid" })).is_empty());
    }
}
