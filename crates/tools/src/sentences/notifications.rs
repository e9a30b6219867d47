//! Rules of notifications in words: which target gets which messages.

use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::Command,
    envelope,
    event::{Alert, Event, NotificationSubscribed, Rule},
    notifications::Watch,
};

use super::{all_of, plural};
use crate::wording::Wording;

/// Orders that a sentence names; more are counted.
const NAMED_ORDERS: usize = 5;

/// The result, or the preview, of a command about rules.
pub(crate) fn done(command: &Command, receipt: &Receipt, would: bool, wording: &Wording) -> String {
    let facts = receipt.events().iter().filter_map(|event| envelope::decode(&event.json).ok());
    let subscribed = facts.map(|event| event.data).find_map(|event| match event {
        Event::NotificationSubscribed(fact) => Some(fact),
        _ => None,
    });
    let is = if would { "would be" } else { "is" };
    match (command, subscribed) {
        (Command::Subscribe(input), Some(NotificationSubscribed { rule_id, rule, already, at_once })) => {
            let what = asked(&rule, input.customer.as_deref(), input.product.as_deref(), wording);
            let now = match already.len() as i64 {
                0 if at_once => " If something of it is so already, that is told at once.".to_owned(),
                0 => String::new(),
                n => format!(" {} is told at once.", plural(n, "order")),
            };
            let target = &rule.target;
            let rule = if would { String::new() } else { format!(" (rule {rule_id})") };
            format!("{target} {is} told {what}{rule}.{now}")
        }
        (Command::Subscribe(input), None) => format!("{} is told of that already; nothing was changed.", input.target),
        (Command::Unsubscribe(input), _) => format!("Rule {} {is} ended.", input.rule_id),
        (Command::ReplayNotifications(input), _) => {
            let is = if would || input.messages.len() == 1 { is } else { "are" };
            format!("{} {is} tried again.", plural(input.messages.len() as i64, "message"))
        }
        (Command::EnableTarget(input), _) => {
            format!("{} {} messages again.", input.target, if would { "would take" } else { "takes" })
        }
        _ => "The messages are recorded.".to_owned(),
    }
}

/// `when order #1234 is shipped in full, once`, with these names of customer and product.
pub(crate) fn asked(rule: &Rule, customer: Option<&str>, product: Option<&str>, wording: &Wording) -> String {
    let order = order(rule, customer, product, wording);
    let said = |fits: fn(&Watch) -> bool| -> Vec<&'static str> {
        rule.when.iter().filter(|watch| fits(watch)).map(|watch| word(*watch)).collect()
    };
    let reached = said(is_of_orders);
    let money = said(|watch| is_of_money(*watch));
    let stock = said(|watch| watch.is_of_stock());
    let waits = rule.when.contains(&Watch::Waiting);
    let mut parts = vec![];
    if !reached.is_empty() {
        parts.push(format!("when {order} is {}", reached.join(" or ")));
    }
    if !money.is_empty() {
        parts.push(format!("of a {} for {order}", money.join(" or ")));
    }
    if !stock.is_empty() {
        parts.push(format!("when {} is {}", product.unwrap_or("a product"), stock.join(" or ")));
    }
    if waits {
        parts.push(format!("when {order} waits longer than {}", lasting(rule.grace_seconds)));
    }
    parts.extend(rule.when.iter().filter_map(|watch| of_shop(*watch, rule.grace_seconds)));
    let mut told = all_of(&parts);
    if rule.once {
        told.push_str(if rule.order_ids.len() > 1 { ", once each" } else { ", once" });
    }
    if let Some(template) = &rule.template {
        told.push_str(&format!(", by the template {template}"));
    }
    told
}

fn is_of_orders(watch: &Watch) -> bool {
    !watch.is_of_stock() && !watch.is_of_shop() && !is_of_money(*watch) && *watch != Watch::Waiting
}

/// The subjects of rules about the shop as a whole.
fn of_shop(watch: Watch, grace_seconds: u32) -> Option<String> {
    match watch {
        Watch::RelayStopped if grace_seconds == 0 => Some("when the relay to NATS stops".to_owned()),
        Watch::RelayStopped => {
            Some(format!("when the relay to NATS stands still for longer than {}", lasting(grace_seconds)))
        }
        Watch::VerifyFailed => Some("when a check of the log finds a fault".to_owned()),
        Watch::ForecastMissed => Some("when the sales of a day miss the forecast".to_owned()),
        _ => None,
    }
}

/// The kind of an alert, for a list of what happened.
pub(crate) fn alert(alert: &Alert) -> &'static str {
    match alert {
        Alert::RelayStopped { .. } => "the relay to NATS stands still",
        Alert::VerifyFailed { .. } => "a check of the log found a fault",
        Alert::ForecastMissed { .. } => "the sales of a day missed the forecast",
    }
}

/// `3 days`, `90 minutes`: in the largest unit that fits.
fn lasting(seconds: u32) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (of, unit) = units.into_iter().find(|(of, _)| seconds.is_multiple_of(*of)).unwrap_or((1, "second"));
    plural(i64::from(seconds / of), unit)
}

fn is_of_money(watch: Watch) -> bool {
    matches!(watch, Watch::Payment | Watch::Refund)
}

fn word(watch: Watch) -> &'static str {
    match watch {
        Watch::PartiallyShipped => "partially shipped",
        // Shipping only a part does not count.
        Watch::Shipped => "shipped in full",
        Watch::Delivered => "delivered in full",
        Watch::Returned => "returned in full",
        Watch::Held => "put on hold",
        Watch::Released => "released from hold",
        Watch::LowStock => "low on stock",
        Watch::OutOfStock => "out of stock",
        Watch::Placed
        | Watch::Confirmed
        | Watch::Processing
        | Watch::Cancelled
        | Watch::Payment
        | Watch::Refund
        | Watch::Waiting
        | Watch::RelayStopped
        | Watch::VerifyFailed
        | Watch::ForecastMissed => watch.name(),
    }
}

fn order(rule: &Rule, customer: Option<&str>, product: Option<&str>, wording: &Wording) -> String {
    let ids = &rule.order_ids;
    let mut said = match ids.as_slice() {
        [] => "an order".to_owned(),
        [one] => format!("order #{one}"),
        many => {
            let mut named: Vec<String> = many.iter().take(NAMED_ORDERS).map(|id| format!("#{id}")).collect();
            if many.len() > NAMED_ORDERS {
                named.push(format!("{} more", many.len() - NAMED_ORDERS));
            }
            format!("one of the orders {}", all_of(&named))
        }
    };
    if let Some(customer) = customer {
        said.push_str(&format!(" of {customer}"));
    }
    if let Some(product) = product {
        said.push_str(&format!(" with {product}"));
    }
    if let Some(least) = rule.at_least {
        said.push_str(&format!(" of at least {}", wording.amount(least.amount, least.currency)));
    }
    said
}

#[cfg(test)]
mod tests {
    use orderlog_domain::{decide::Shop, event::AtLeast, ids::OrderId, money::Currency};

    use super::*;

    #[test]
    fn rules_read_as_they_were_asked_for() {
        let wording = Wording::of(&Shop::default());
        let rule = |when: &[Watch], orders: &[i64], once| Rule {
            when: when.to_vec(),
            target: "john".to_owned(),
            order_ids: orders.iter().copied().map(OrderId).collect(),
            customer_id: None,
            product_id: None,
            at_least: None,
            once,
            expires_at: None,
            grace_seconds: 60,
            template: None,
        };
        let say = |rule: &Rule| asked(rule, None, None, &wording);
        assert_eq!(say(&rule(&[Watch::Shipped], &[1234], true)), "when order #1234 is shipped in full, once");
        let mut german = rule(&[Watch::Shipped], &[1234], true);
        german.template = Some("german".to_owned());
        assert_eq!(say(&german), "when order #1234 is shipped in full, once, by the template german");
        let several = rule(&[Watch::Shipped, Watch::Delivered], &[1, 2], true);
        assert_eq!(
            say(&several),
            "when one of the orders #1 and #2 is shipped in full or delivered in full, once each"
        );
        let mut large = rule(&[Watch::Refund], &[], false);
        large.at_least = Some(AtLeast { amount: 200_000, currency: Currency::INR });
        assert_eq!(say(&large), "of a refund for an order of at least ₹2,000");
        let mut late = rule(&[Watch::Waiting], &[], false);
        late.grace_seconds = 3 * 86_400;
        assert_eq!(say(&late), "when an order waits longer than 3 days");
        let system = rule(&[Watch::RelayStopped, Watch::VerifyFailed], &[], false);
        let said =
            "when the relay to NATS stands still for longer than 1 minute and when a check of the log finds a fault";
        assert_eq!(say(&system), said);
        let low = rule(&[Watch::LowStock, Watch::OutOfStock], &[], false);
        assert_eq!(asked(&low, None, Some("Mug"), &wording), "when Mug is low on stock or out of stock");
    }
}
