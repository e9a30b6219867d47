//! The postings of an event for the sales figures: one posting per line and one for the order itself (rules R5, R6,
//! R8).

mod figures;

pub use self::figures::{Basis, Figures};
use crate::{
    event::{
        Amounts, Charge, Converted, ConvertedCharge, Event, Fact, LineDifference, LineUnits, OrderFact, PlacedLine,
    },
    ids::{CustomerId, OrderId, ProductId},
    money::Currency,
};

/// One entry of the sales journal. It belongs to its event's business date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The basis on which it counts.
    pub basis: Basis,
    /// The order.
    pub order_id: OrderId,
    /// The customer of the order.
    pub customer_id: CustomerId,
    /// Line number; `None` if the posting concerns the complete order: its count, its shipping fee, goodwill, money.
    pub line: Option<u32>,
    /// The product; `None` if the posting concerns the complete order.
    pub product_id: Option<ProductId>,
    /// Units of the product.
    pub units: i64,
    /// Orders: 1 when placed or first shipped; −1 when no unit of the order is left, or none of it is shipped any more.
    pub orders: i64,
    /// Orders of the product: 1 when a booked order first contains it, −1 when nothing of it is left.
    pub holds: i64,
    /// Currency of `own`.
    pub currency: Currency,
    /// Figures in the order's currency.
    pub own: Figures,
    /// Currency of `home`: the shop's where the order was converted, otherwise the order's own.
    pub home_currency: Currency,
    /// The same figures in `home_currency`.
    pub home: Figures,
}

/// The postings of an event, on every basis.
#[must_use]
pub fn postings(event: &Event) -> Vec<Posting> {
    let Fact::Order(fact) = event.fact() else { return vec![] };
    let mut journal = Journal::default();
    match fact {
        OrderFact::OrderPlaced(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            let entry = Entry { basis: Basis::Booked, order, sign: 1, converted: fact.converted.as_ref() };
            let products: Vec<ProductId> = fact.lines.iter().map(|line| line.product_id).collect();
            journal.lines(&entry, fact.lines.iter().map(Moved::from));
            journal.hold(&products, 1);
            journal.fee(&entry, fact.shipping, 1);
        }
        OrderFact::LinesChanged(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            let converted = fact.converted_differences.as_ref();
            let entry = Entry { basis: Basis::Booked, order, sign: 1, converted };
            journal.lines(&entry, fact.differences.iter().map(Moved::from));
            journal.hold(&fact.joined, 1);
            journal.hold(&fact.gone, -1);
            journal.fee(&entry, fact.shipping_difference, 0);
            journal.goodwill_back(Basis::Booked, order, fact.goodwill_back, fact.goodwill_back_converted);
            journal.goodwill_back(Basis::Shipped, order, fact.goodwill_back, fact.goodwill_back_converted);
        }
        OrderFact::UnitsCancelled(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            let entry = Entry { basis: Basis::Booked, order, sign: -1, converted: fact.converted.as_ref() };
            journal.lines(&entry, fact.lines.iter().map(Moved::from));
            journal.hold(&fact.gone, -1);
            journal.fee(&entry, fact.shipping, i64::from(fact.completes));
            journal.goodwill_back(Basis::Booked, order, fact.goodwill_back, fact.goodwill_back_converted);
            journal.goodwill_back(Basis::Shipped, order, fact.goodwill_back, fact.goodwill_back_converted);
        }
        OrderFact::UnitsShipped(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            let entry = Entry { basis: Basis::Shipped, order, sign: 1, converted: fact.converted.as_ref() };
            journal.lines(&entry, fact.lines.iter().map(Moved::from));
            journal.fee(&entry, fact.shipping, i64::from(fact.first));
        }
        OrderFact::ShipmentVoided(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            let entry = Entry { basis: Basis::Shipped, order, sign: -1, converted: fact.converted.as_ref() };
            journal.lines(&entry, fact.lines.iter().map(Moved::from));
            journal.fee(&entry, fact.shipping, i64::from(fact.last));
        }
        OrderFact::UnitsReturned(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            for basis in [Basis::Booked, Basis::Shipped] {
                let entry = Entry { basis, order, sign: -1, converted: fact.converted.as_ref() };
                journal.lines(&entry, fact.lines.iter().map(Moved::from));
                journal.fee(&entry, fact.shipping, 0);
                journal.goodwill_back(basis, order, fact.goodwill_back, fact.goodwill_back_converted);
            }
        }
        OrderFact::PaymentCaptured(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            let cash = Figures::of_cash(fact.amount);
            let home = fact.converted.map(|by| (by.by.currency, Figures::of_cash(by.amount)));
            journal.whole(Basis::Cash, order, cash, home, 0);
        }
        OrderFact::PaymentRefunded(fact) => {
            let order = (fact.order_id, fact.customer_id, fact.currency);
            let cash = Figures::of_cash(-fact.amount);
            let home = fact.converted.map(|by| (by.by.currency, Figures::of_cash(-by.amount)));
            journal.whole(Basis::Cash, order, cash, home, 0);
            if fact.allowance != Charge::default() {
                let less = Figures::of_allowance(fact.allowance);
                // An amount that rounds to zero in the shop's currency still counts as converted.
                let home = fact.converted.and_then(|by| {
                    let allowance = by.allowance?;
                    Some((by.by.currency, Figures::of_allowance(allowance)))
                });
                journal.whole(Basis::Booked, order, less, home, 0);
                journal.whole(Basis::Shipped, order, less, home, 0);
            }
        }
        OrderFact::OrderConfirmed(_)
        | OrderFact::OrderUnconfirmed(_)
        | OrderFact::OrderHeld(_)
        | OrderFact::OrderReleased(_)
        | OrderFact::ProcessingStarted(_)
        | OrderFact::UnitsDelivered(_)
        | OrderFact::BackorderFilled(_)
        | OrderFact::OrderNoteAdded(_) => {}
    }
    journal.postings
}

type OrderKey = (OrderId, CustomerId, Currency);

/// The common data of the postings of one event on one basis.
struct Entry<'a> {
    basis: Basis,
    order: OrderKey,
    sign: i64,
    converted: Option<&'a Converted>,
}

/// Units of a line and their value, for every event that moves units.
struct Moved {
    line: u32,
    product_id: ProductId,
    units: i64,
    amounts: Amounts,
}

impl From<&PlacedLine> for Moved {
    fn from(placed: &PlacedLine) -> Moved {
        let PlacedLine { line, product_id, quantity, amounts, .. } = *placed;
        Moved { line, product_id, units: quantity, amounts }
    }
}

impl From<&LineUnits> for Moved {
    fn from(moved: &LineUnits) -> Moved {
        let LineUnits { line, product_id, units, amounts } = *moved;
        Moved { line, product_id, units, amounts }
    }
}

impl From<&LineDifference> for Moved {
    fn from(moved: &LineDifference) -> Moved {
        let LineDifference { line, product_id, units, amounts } = *moved;
        Moved { line, product_id, units, amounts }
    }
}

#[derive(Default)]
struct Journal {
    postings: Vec<Posting>,
}

impl Journal {
    fn lines(&mut self, entry: &Entry<'_>, moved: impl Iterator<Item = Moved>) {
        let (order_id, customer_id, currency) = entry.order;
        for (nth, moved) in moved.enumerate() {
            let own = Figures::of_line(entry.sign, moved.amounts);
            let (home_currency, home) = match entry.converted {
                None => (currency, own),
                Some(converted) => {
                    let amounts = converted.lines.get(nth).copied().unwrap_or_default();
                    (converted.by.currency, Figures::of_line(entry.sign, amounts))
                }
            };
            let (line, product_id) = (Some(moved.line), Some(moved.product_id));
            let (basis, units) = (entry.basis, entry.sign * moved.units);
            self.postings.push(Posting {
                basis,
                order_id,
                customer_id,
                line,
                product_id,
                units,
                orders: 0,
                holds: 0,
                currency,
                own,
                home_currency,
                home,
            });
        }
    }

    fn fee(&mut self, entry: &Entry<'_>, fee: Charge, orders: i64) {
        if fee == Charge::default() && orders == 0 {
            return;
        }
        let home = entry.converted.map(|by| (by.by.currency, Figures::of_fee(entry.sign, by.shipping)));
        self.whole(entry.basis, entry.order, Figures::of_fee(entry.sign, fee), home, entry.sign * orders);
    }

    /// Counts complete orders that begin or stop to contain products, on one of the lines of each product.
    fn hold(&mut self, products: &[ProductId], orders: i64) {
        for (nth, product) in products.iter().enumerate() {
            if products[..nth].contains(product) {
                continue;
            }
            if let Some(posting) = self.postings.iter_mut().find(|posting| posting.product_id == Some(*product)) {
                posting.holds += orders;
            }
        }
    }

    fn goodwill_back(
        &mut self,
        basis: Basis,
        order: OrderKey,
        Charge { net, tax }: Charge,
        converted: Option<ConvertedCharge>,
    ) {
        if net == 0 && tax == 0 {
            return;
        }
        let back = |net: i64, tax: i64| Figures::of_allowance(Charge { net: -net, tax: -tax });
        let home = converted.map(|converted| (converted.by.currency, back(converted.net, converted.tax)));
        self.whole(basis, order, back(net, tax), home, 0);
    }

    /// The posting about the complete order.
    fn whole(&mut self, basis: Basis, order: OrderKey, own: Figures, home: Option<(Currency, Figures)>, orders: i64) {
        let (order_id, customer_id, currency) = order;
        let (home_currency, home) = home.unwrap_or((currency, own));
        let (line, product_id, units) = (None, None, 0);
        self.postings.push(Posting {
            basis,
            order_id,
            customer_id,
            line,
            product_id,
            units,
            orders,
            holds: 0,
            currency,
            own,
            home_currency,
            home,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        commands::{Cancel, Command, CreateOrder, RecordPayment, Refund, ReturnItems, SetRate, Ship},
        testing::{Story, input},
    };

    /// Revenue, tax and total of each business day in November, in the shop's currency.
    fn by_day(story: &Story, basis: Basis) -> BTreeMap<u32, (i64, i64, i64)> {
        use chrono::Datelike as _;
        let mut days: BTreeMap<u32, Figures> = BTreeMap::new();
        for (_, provenance, event) in &story.told {
            for posting in postings(event).iter().filter(|posting| posting.basis == basis) {
                assert_eq!(posting.home_currency, Currency::INR);
                days.entry(provenance.business_date.day()).or_default().add(posting.home);
            }
        }
        let all = days.into_iter().map(|(day, sum)| (day, (sum.revenue(), sum.tax, sum.total())));
        all.filter(|(_, figures)| *figures != (0, 0, 0)).collect()
    }

    /// The worked example of the business rules (§2), to the letter.
    fn worked_example() -> Story {
        let mut story = Story::new();
        for (sku, price) in [("A", "1000.00"), ("B", "499.00"), ("D", "40.00"), ("X", "1.00")] {
            story.product(sku, price, json!({ "tax_rate": if sku == "X" { "0" } else { "18" } })).stocked(sku, 10);
        }
        let create = |order: Value| input::<CreateOrder>(order);
        let pay = |order_id: i64, method: &str| -> Command {
            input::<RecordPayment>(json!({ "order_id": order_id, "method": method }))
        };
        let ship = |order_id: i64, lines: Value| input::<Ship>(json!({ "order_id": order_id, "lines": lines }));
        story.at("2026-11-20T23:50:00+05:30").done(create(json!({
            "customer": "Ann", "order_discount": "10%", "shipping": "99.00",
            "lines": [{ "product": "A", "quantity": 3 }, { "product": "B", "quantity": 1 }],
        })));
        story.done(pay(1001, "upi"));
        story.at("2026-11-21T00:05:00+05:30").done(create(json!({
            "customer": "Ann", "lines": [{ "product": "D", "quantity": 3, "line_total": "100.00" }],
        })));
        story.at("2026-11-21T10:00:00+05:30").done(input::<SetRate>(json!({ "currency": "USD", "rate": "84.125" })));
        story.done(create(json!({
            "customer": "Ann", "currency": "USD", "lines": [{ "product": "X", "quantity": 1, "unit_price": "50.00" }],
        })));
        story.at("2026-11-21T16:00:00+05:30").done(ship(1001, json!([{ "product": "A", "quantity": 2 }])));
        story.at("2026-11-22T09:00:00+05:30").done(input::<Cancel>(json!({
            "order_id": 1002, "lines": [{ "product": "D", "quantity": 1 }],
        })));
        story.at("2026-11-22T11:00:00+05:30").done(ship(1002, json!([{ "product": "D", "quantity": 2 }])));
        story.at("2026-11-22T12:00:00+05:30").done(input::<Ship>(json!({ "order_id": 1001 })));
        story.at("2026-11-23T10:00:00+05:30").done(input::<SetRate>(json!({ "currency": "USD", "rate": "85.0" })));
        story.done(input::<Cancel>(json!({ "order_id": 1003 })));
        story.done(pay(1002, "cash"));
        story.at("2026-11-24T10:00:00+05:30").done(input::<ReturnItems>(json!({
            "order_id": 1001, "lines": [{ "product": "A", "quantity": 1 }], "disposition": "restock",
        })));
        story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "goodwill", "amount": "50.00" })));
        story.at("2026-11-25T10:00:00+05:30").done(input::<Refund>(json!({ "order_id": 1001, "kind": "units" })));
        story
    }

    #[test]
    fn the_worked_example_comes_out_on_all_three_bases() {
        let story = worked_example();
        let booked = [
            (20, (324_810, 58_466, 383_276)),
            (21, (430_625, 1_800, 432_425)),
            (22, (-3_334, -600, -3_934)),
            (23, (-420_625, 0, -420_625)),
            (24, (-94_237, -16_963, -111_200)),
        ];
        assert_eq!(by_day(&story, Basis::Booked), BTreeMap::from(booked));
        let shipped =
            [(21, (189_900, 34_182, 224_082)), (22, (141_576, 25_484, 167_060)), (24, (-94_237, -16_963, -111_200))];
        assert_eq!(by_day(&story, Basis::Shipped), BTreeMap::from(shipped));
        let cash = [(20, (0, 0, 383_276)), (23, (0, 0, 7_866)), (24, (0, 0, -5_000)), (25, (0, 0, -106_200))];
        assert_eq!(by_day(&story, Basis::Cash), BTreeMap::from(cash));
        for basis in Basis::ALL {
            let total: i64 = by_day(&story, basis).values().map(|(_, _, total)| total).sum();
            assert_eq!(total, 279_942, "{basis:?}");
        }
    }

    #[test]
    fn a_cancelled_order_leaves_nothing() {
        let mut story = Story::new();
        story.product("A", "33.33", json!({ "tax_rate": "12.5" })).stocked("A", 10);
        story.done(input::<CreateOrder>(json!({
            "customer": "Ann", "order_discount": "1.00", "shipping": "9.99", "lines": [{ "product": "A", "quantity": 7 }],
        })));
        for units in [2, 4, 1] {
            let lines = json!([{ "line": 1, "quantity": units }]);
            story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": lines })));
        }
        let mut sum = Figures::default();
        let (mut units, mut orders) = (0, 0);
        for posting in story.told.iter().flat_map(|(_, _, event)| postings(event)) {
            sum.add(posting.own);
            units += posting.units;
            orders += posting.orders;
        }
        assert_eq!((sum, units, orders), (Figures::default(), 0, 0));
    }
}
