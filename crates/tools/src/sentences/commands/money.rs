//! The result of a change of lines or of a refund, in words.

use orderlog_commands::Receipt;
use orderlog_domain::{
    event::{Charge, Event, PaymentRefunded, RefundKind},
    order::Order,
    states::State,
};

use super::{Speaker, all_of, facts};

impl Speaker<'_> {
    /// The total, the money that is due or owed back, and the change of the discounts.
    pub(super) fn lines_changed(&self, receipt: &Receipt, order: &Order, id: &str) -> String {
        if receipt.no_change() {
            return format!("The lines of order {id} already are as asked; {}.", self.unchanged());
        }
        let total = self.amount(order.current_totals().total, order);
        let balance = match order.due() {
            0 => format!(" Nothing {} due.", self.say("is", "would be")),
            _ => self.balance(order),
        };
        let before = match &receipt.before {
            Some(State::Order(before)) => before.discount(),
            _ => 0,
        };
        let discount = self.discount(before, order);
        format!("Order {id} {} to {total}.{balance}{discount}", self.say("now comes", "would come"))
    }

    /// The change of the discounts: a sentence to add, or an empty text if there are none.
    fn discount(&self, before: i64, order: &Order) -> String {
        let shown = |minor| self.amount(minor, order);
        match (before, order.discount()) {
            (0, 0) => String::new(),
            (0, now) => format!(" {} {} taken off.", shown(now), self.say("is", "would be")),
            (before, 0) => format!(" The discount of {} {} gone.", shown(before), self.say("is", "would be")),
            (before, now) if before == now => {
                format!(" The discount of {} {}.", shown(now), self.say("stays", "would stay"))
            }
            (before, now) => {
                let (is, was) = (self.say("is now", "would be"), self.say("was", "is"));
                format!(" The discount {is} {}; it {was} {}.", shown(now), shown(before))
            }
        }
    }

    /// How much went back, by which method and for what; how much of the payments is left, and how much is still owed
    /// back.
    pub(super) fn refunded(&self, receipt: &Receipt, order: &Order, id: &str) -> String {
        let refund =
            facts(receipt).find_map(|fact| if let Event::PaymentRefunded(fact) = fact { Some(fact) } else { None });
        let Some(refund) = refund else {
            return format!("Nothing {} paid back for order {id}.", self.say("was", "would be"));
        };
        let by = if refund.method.is_empty() { String::new() } else { format!(" by {}", refund.method) };
        let (amount, what, payment) =
            (self.amount(refund.amount, order), self.refunded_for(&refund, order), order.payment_status().spoken());
        let still = self.amount(order.captured - order.refunded, order);
        // A preview shows beside the sentence how the order would be paid, and what would be owed.
        if self.would {
            return format!("{amount} would be paid back{by} for order {id}{what}; {still} would be kept.");
        }
        let owed = match -order.due() {
            owed @ 1.. => format!("{} is still owed back", self.amount(owed, order)),
            _ => "nothing more is owed back".to_owned(),
        };
        format!(
            "{amount} was paid back{by} for order {id}{what}, which is now {payment}. {still} of what was paid is still here; \
             {owed}."
        )
    }

    /// `₹110 was paid, ₹30 of it went back (goodwill), and ₹25 is asked for the order (₹55 less ₹30 goodwill)`: how the
    /// owed amount is calculated, if money went back before; otherwise the amounts beside the sentence show it.
    pub(crate) fn sum_owed(&self, order: &Order) -> Option<String> {
        let back = order.paid_back();
        if back <= 0 {
            return None;
        }
        let shown = |minor| self.amount(minor, order);
        let (total, goodwill) = (order.current_totals().total, order.goodwill.total());
        // A fee that was paid back lowers the sale as goodwill does.
        let fee = order.refunds_made().any(|refund| refund.kind == RefundKind::Shipping);
        let what = if fee { "let off" } else { "goodwill" };
        let less = match goodwill {
            1.. => format!(" ({} less {} {what})", shown(total), shown(goodwill)),
            _ => String::new(),
        };
        let asked = match order.asked() {
            0 => format!("nothing {} asked for the order{less}", self.say("is", "would be")),
            asked => format!("{} {} asked for the order{less}", shown(asked), self.say("is", "would be")),
        };
        let back = format!("{} of it went back ({})", shown(back), back_for(order, shown));
        Some(format!("{} was paid, {back}, and {asked}", shown(order.received())))
    }

    /// ` (shipping: ₹99 and ₹17.82 tax)`, or empty if all the owed money went back.
    fn refunded_for(&self, refund: &PaymentRefunded, order: &Order) -> String {
        let of = |what: &str, Charge { net, tax }: Charge| match tax {
            0 => format!(" ({what})"),
            tax => format!(" ({what}: {} and {} tax)", self.amount(net, order), self.amount(tax, order)),
        };
        match refund.kind {
            RefundKind::Owed => String::new(),
            RefundKind::Units => " (units)".to_owned(),
            RefundKind::Goodwill => of("goodwill", refund.allowance),
            // The tax is known only if the complete fee goes back.
            RefundKind::Shipping if refund.amount == order.shipping.total() => of("shipping", order.shipping),
            RefundKind::Shipping => of("shipping", refund.allowance),
        }
    }
}

/// `goodwill`, `₹30 goodwill and ₹99 shipping`: the reasons for which money went back.
fn back_for(order: &Order, shown: impl Fn(i64) -> String) -> String {
    let of = |kinds: &[RefundKind]| -> i64 {
        order.refunds_made().filter(|refund| kinds.contains(&refund.kind)).map(|refund| refund.amount).sum()
    };
    let parts = [
        ("goodwill", of(&[RefundKind::Goodwill])),
        ("shipping", of(&[RefundKind::Shipping])),
        ("units", of(&[RefundKind::Units, RefundKind::Owed])),
    ];
    let parts: Vec<(&str, i64)> = parts.into_iter().filter(|(_, amount)| *amount > 0).collect();
    match parts.as_slice() {
        [(what, _)] => (*what).to_owned(),
        several => {
            all_of(&several.iter().map(|(what, amount)| format!("{} {what}", shown(*amount))).collect::<Vec<_>>())
        }
    }
}
