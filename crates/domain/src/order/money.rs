//! The amounts of an order: its present totals, what is asked and due, and goodwill beyond what is left (rule R5a).

use rust_decimal::Decimal;

use super::{Line, Order, Payment, RefundRecord};
use crate::{
    event::{Charge, Converted, ConvertedCharge, LineUnits, Totals},
    money::round_minor,
};

impl Order {
    /// Amounts of the remaining parts of the order, without cancelled and returned units.
    #[must_use]
    pub fn current_totals(&self) -> Totals {
        Totals::of(self.lines.iter().map(Line::kept_amounts), self.current_shipping())
    }

    /// The discount on the remaining parts of the order, as entered.
    #[must_use]
    pub fn discount(&self) -> i64 {
        self.lines.iter().map(Line::kept_discount).sum()
    }

    /// Shipping fee that is still part of the order.
    #[must_use]
    pub fn current_shipping(&self) -> Charge {
        Charge {
            net: self.shipping.net - self.shipping_reversed.net,
            tax: self.shipping.tax - self.shipping_reversed.tax,
        }
    }

    /// The amount asked for the order, minor units: its present total minus goodwill. Before goodwill was posted back
    /// (rule R5a), the goodwill could be more than the rest of the order: then the amount is zero, not less.
    #[must_use]
    pub fn asked(&self) -> i64 {
        (self.current_totals().total - self.goodwill.total()).max(0)
    }

    /// The goodwill to post back when only so much is left of the order, minor units with tax (rule R5a): the part that
    /// exceeds it, with its share of tax, in the order's currency and in the shop's.
    pub(crate) fn goodwill_beyond(&self, left: i64) -> (Charge, Option<ConvertedCharge>) {
        let standing = self.goodwill;
        // Gross and discount are rounded unit by unit, so what is left can be a minor unit below nothing.
        let beyond = standing.total() - left.max(0);
        if beyond <= 0 {
            return (Charge::default(), None);
        }
        let share = Decimal::from(beyond) * Decimal::from(standing.net) / Decimal::from(standing.total());
        let net = round_minor(share);
        let back = Charge { net, tax: beyond - net };
        let converted = self.rate.map(|by| {
            // If all goodwill is posted back, it is posted back completely in both currencies.
            let all = self.goodwill_converted;
            let part = by.charge(back, self.currency);
            let Charge { net, tax } =
                if back == standing { all } else { Charge { net: part.net.min(all.net), tax: part.tax.min(all.tax) } };
            ConvertedCharge { by, net, tax }
        });
        (back, converted)
    }

    /// Money of payments, minor units, without payments that were undone (rule O3).
    #[must_use]
    pub fn received(&self) -> i64 {
        self.captured - self.undone
    }

    /// Money of refunds, minor units. The undo of a payment is not one (rule O3).
    #[must_use]
    pub fn paid_back(&self) -> i64 {
        self.refunded - self.undone
    }

    /// The refunds, oldest first, without undone payments, which are recorded as refunds too.
    pub fn refunds_made(&self) -> impl Iterator<Item = &RefundRecord> {
        let undoes = |refund: &RefundRecord, payment: &Payment| {
            payment.undone == Some(refund.at) && payment.amount == refund.amount && payment.method == refund.method
        };
        self.refunds.iter().filter(move |refund| !self.payments.iter().any(|payment| undoes(refund, payment)))
    }

    /// The money that the customer still owes, minor units; negative if too much was paid.
    #[must_use]
    pub fn due(&self) -> i64 {
        self.asked() - (self.captured - self.refunded)
    }

    /// The same units and fee in the shop's currency, by the rate with which the order was placed. `value` selects the
    /// units of a line; `fee` is the event's shipping fee, which moves completely or not at all.
    pub(crate) fn converted(
        &self,
        moved: &[LineUnits],
        value: fn(&Line, i64) -> LineUnits,
        fee: Charge,
    ) -> Option<Converted> {
        let by = self.rate?;
        let find = |number: u32| self.lines.iter().find(|line| line.line == number);
        let amounts = |moved: &LineUnits| {
            let line = find(moved.line)?;
            Some(value(&Line { amounts: line.converted, ..line.clone() }, moved.units).amounts)
        };
        let lines = moved.iter().map(|moved| amounts(moved).unwrap_or_default()).collect();
        let shipping = if fee == Charge::default() { Charge::default() } else { self.shipping_converted };
        Some(Converted { by, lines, shipping })
    }
}
