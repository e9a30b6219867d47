//! How many orders of a list have each status.

use orderlog_domain::order::Status;
use schemars::JsonSchema;
use serde::Serialize;

use crate::sentences;

/// Orders of one status.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Count {
    pub(crate) status: String,
    pub(crate) orders: i64,
}

/// In the order of an order's life, those there are.
pub(crate) fn counted<'a>(counts: impl Iterator<Item = (&'a str, i64)> + Clone) -> Vec<Count> {
    let of = |status: Status| counts.clone().filter(|(name, _)| *name == status.name()).map(|(_, orders)| orders).sum();
    let counts = Status::ALL.into_iter().map(|status| Count { status: status.name().to_owned(), orders: of(status) });
    counts.filter(|count| count.orders > 0).collect()
}

/// `: 5 pending, 7 partially shipped`; for one status `, all confirmed`, and for a single order `: it is confirmed`.
/// Empty if `said` already contains the status.
pub(crate) fn in_words(counts: &[Count], said: &str) -> String {
    match counts {
        [Count { status, .. }] if status == said => String::new(),
        [Count { status, orders: 1 }] => format!(": it is {}", status.replace('_', " ")),
        [Count { status, .. }] => format!(", all {}", status.replace('_', " ")),
        counts => {
            let listed = counts.iter().map(|count| (count.status.replace('_', " "), count.orders));
            format!(": {}", sentences::listed(listed))
        }
    }
}
