//! Which orders of a call about many are refused, and why: by reason, the first of each named.

use orderlog_domain::rejection::{Code, Rejection};

use crate::{echo::cut, sentences};

/// Most reasons that are named; orders refused for other reasons are counted.
const TOLD_REASONS: usize = 3;
/// Orders named for each reason; more are counted.
const NAMED_ORDERS: usize = 3;
/// Characters of a reason.
const REASON_CHARACTERS: usize = 50;

/// `#1002 (on hold), #1003, #1004, #1005 and 6 more (cancelled: no unit of it is left to ship)`
pub(super) fn in_words<'a>(refused: impl Iterator<Item = (i64, &'a Rejection)>) -> String {
    let mut reasons: Vec<(String, Vec<i64>)> = vec![];
    for (id, rejection) in refused {
        let why = reason(rejection);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, ids)) => ids.push(id),
            None => reasons.push((why, vec![id])),
        }
    }
    let told = reasons.iter().take(TOLD_REASONS).map(|(why, ids)| {
        let first: Vec<String> = ids.iter().take(NAMED_ORDERS).map(|id| format!("#{id}")).collect();
        let more = ids.len() - first.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more} ({why})", first.join(", "))
    });
    let others: usize = reasons.iter().skip(TOLD_REASONS).map(|(_, ids)| ids.len()).sum();
    let others = (others > 0).then(|| {
        let orders = sentences::plural(i64::try_from(others).unwrap_or(i64::MAX), "order");
        format!("{orders} for other reasons")
    });
    told.chain(others).collect::<Vec<_>>().join(", ")
}

/// Why an order is refused, for a text that begins with its number: `on hold`. If there is no short reason, the
/// complete message.
fn reason(rejection: &Rejection) -> String {
    if rejection.code == Code::NotFound {
        return "there is no such order".to_owned();
    }
    let why = rejection.reason().unwrap_or_else(|| rejection.message.trim_end_matches('.'));
    cut(why, REASON_CHARACTERS).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(refused: &[(i64, Code, &str)]) -> String {
        let refused: Vec<(i64, Rejection)> = refused
            .iter()
            .map(|(id, code, why)| (*id, Rejection::because(*code, &format!("Order #{id} is "), why)))
            .collect();
        in_words(refused.iter().map(|(id, rejection)| (*id, rejection)))
    }

    #[test]
    fn each_refused_order_is_named_with_its_reason() {
        let held = "on hold until 3 Dec 2026 10:00";
        let waits = "some units still wait for stock";
        let refused = [(1002, Code::OnHold, held), (1003, Code::InsufficientStock, waits), (9, Code::NotFound, "No.")];
        let expected = "#1002 (on hold until 3 Dec 2026 10:00), #1003 (some units still wait for stock), \
                        #9 (there is no such order)";
        assert_eq!(told(&refused), expected);
    }

    #[test]
    fn many_refused_for_one_reason_are_counted() {
        let refused: Vec<(i64, Code, &str)> = (1..=9).map(|id| (id, Code::IllegalTransition, "cancelled")).collect();
        assert_eq!(told(&refused), "#1, #2, #3 and 6 more (cancelled)");
    }

    #[test]
    fn many_reasons_stay_short() {
        let long = "Only 3 units of line 1 (A product with a very long name indeed) are on hand; 9 were asked for.";
        let messages: Vec<String> = (1..=500).map(|id| format!("{id}: {long}")).collect();
        let refused: Vec<(i64, Code, &str)> = (1_000_001..=1_000_500)
            .zip(&messages)
            .map(|(id, message)| (id, Code::InsufficientStock, message.as_str()))
            .collect();
        let told = told(&refused);
        assert!(told.ends_with("497 orders for other reasons") && told.len() < 260, "{told}");
    }
}
