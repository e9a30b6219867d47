//! Stores every posting and adds up the postings. The domain makes the postings. Sums of days are in memory; the tables
//! add up the sums of products and customers.

use std::collections::BTreeSet;

use orderlog_domain::{
    envelope::Envelope,
    event::{Event, Fact, OrderFact, PlacedLine},
    postings::{Basis, Posting, postings},
};
use orderlog_read_models::{CachedRows, CannotApply, Counters, Fold, Inserts, Row, RowCache, day};
use uuid::Uuid;

use super::{
    request::QUARTER_MILLIS,
    rows::{
        DailySales, DailySalesByCustomer, DailySalesByProduct, DailySalesByQuarter, SalesDay, SalesFigures, SalesLine,
        SalesPosting, SalesSize,
    },
};
use crate::orders::order_of;

pub(super) struct DailySalesFold {
    pub(super) days: CachedRows<DailySales>,
    /// The keys of `days` in order, if a node serves from them.
    pub(super) order: Option<BTreeSet<DailySalesKey>>,
    products: Counters<DailySalesByProduct>,
    customers: Counters<DailySalesByCustomer>,
    quarters: Counters<DailySalesByQuarter>,
    spans: CachedRows<SalesDay>,
    postings: Inserts<SalesPosting>,
    lines: CachedRows<SalesLine>,
    sizes: CachedRows<SalesSize>,
}

/// Basis, day, currency and home currency.
pub(super) type DailySalesKey = (String, String, String, String);

impl Default for DailySalesFold {
    fn default() -> DailySalesFold {
        DailySalesFold {
            days: CachedRows::whole(),
            order: None,
            products: Counters::default(),
            customers: Counters::default(),
            quarters: Counters::default(),
            spans: CachedRows::whole(),
            postings: Inserts::default(),
            lines: CachedRows::passing(),
            sizes: CachedRows::whole(),
        }
    }
}

impl Fold for DailySalesFold {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        vec![
            &mut self.days,
            &mut self.products,
            &mut self.customers,
            &mut self.quarters,
            &mut self.spans,
            &mut self.postings,
            &mut self.lines,
            &mut self.sizes,
        ]
    }

    fn prefetch(&mut self, event: &Envelope<Event>) {
        if order_of(event).is_some() {
            let day = day(event.provenance.business_date);
            for posting in postings(&event.data) {
                self.days.prefetch(key(&day, &posting));
            }
            for basis in Basis::ALL {
                self.spans.prefetch((basis.name().to_owned(), day.clone()));
                self.sizes.prefetch((basis.name().to_owned(),));
            }
        }
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let postings = postings(&event.data);
        if postings.is_empty() {
            return Ok(());
        }
        self.take_room(&postings)?;
        self.note_rates(&event.data);
        let day = day(event.provenance.business_date);
        for (nth, posting) in (0_i64..).zip(&postings) {
            self.add_up(event, &day, posting);
            self.span(posting.basis, &day, event.position.0);
            self.postings.add(event.position, row(event, nth, &day, posting));
        }
        Ok(())
    }

    fn serve(&mut self) {
        self.order = Some(self.days.iter().map(Row::key).collect());
    }
}

impl DailySalesFold {
    /// Adds the posting to the sums of its day.
    fn add_up(&mut self, event: &Envelope<Event>, on: &str, posting: &Posting) {
        let position = event.position;
        let of_day = key(on, posting);
        let (basis, day, currency, home) = of_day.clone();
        let figures = figures_of(posting, posting.orders);
        // An order with several lines of a product is counted on one of them.
        let of_product = figures_of(posting, posting.holds);
        let key = (basis.clone(), day.clone(), currency.clone(), home.clone(), product(posting));
        self.products.at(position, key).figures.add(&of_product);
        let key = (basis.clone(), day.clone(), currency.clone(), home.clone(), posting.customer_id.0);
        self.customers.at(position, key).figures.add(&figures);
        let quarter = event.provenance.occurred_at.timestamp_millis() / QUARTER_MILLIS;
        let key = (basis.clone(), day.clone(), currency.clone(), home.clone(), quarter);
        self.quarters.at(position, key).figures.add(&figures);
        match self.days.get_mut(&of_day) {
            Some(sums) => sums.figures.add(&figures),
            None => {
                if let Some(order) = &mut self.order {
                    order.insert(of_day);
                }
                self.days.put(DailySales { basis, day, currency, home, figures });
            }
        }
    }

    fn span(&mut self, basis: Basis, day: &str, position: i64) {
        let key = (basis.name().to_owned(), day.to_owned());
        match self.spans.get_mut(&key) {
            Some(span) => span.last_position = position,
            None => {
                let (basis, day) = key;
                self.spans.put(SalesDay { basis, day, first_position: position, last_position: position });
            }
        }
    }

    /// Notes the tax rates of the lines that the event names.
    fn note_rates(&mut self, event: &Event) {
        let (order, lines): (_, &[PlacedLine]) = match event.fact() {
            Fact::Order(OrderFact::OrderPlaced(fact)) => (fact.order_id, &fact.lines),
            Fact::Order(OrderFact::LinesChanged(fact)) => (fact.order_id, &fact.lines),
            Fact::Order(_)
            | Fact::Stock(_)
            | Fact::Product(_)
            | Fact::Customer(_)
            | Fact::Rate(_)
            | Fact::Notification(_)
            | Fact::Confirmation(_) => return,
        };
        for line in lines {
            self.lines.put(SalesLine {
                order_id: order.0,
                line: i64::from(line.line),
                product_id: line.product_id.0,
                tax_rate: line.tax_rate.normalize().to_string(),
            });
        }
    }

    /// Adds to the size of all postings; refuses amounts for which the sums have no room.
    fn take_room(&mut self, postings: &[Posting]) -> Result<(), CannotApply> {
        let mut sizes = vec![];
        for basis in Basis::ALL {
            let of_basis = postings.iter().filter(|posting| posting.basis == basis);
            let more: i128 = of_basis.map(|posting| posting.own.size() + posting.home.size()).sum();
            let key = (basis.name().to_owned(),);
            let before = self.sizes.get(&key).map_or(0, |size| size.size);
            let after = i64::try_from(i128::from(before) + more).map_err(|_| {
                CannotApply("with its amounts, the sums of sales would be larger than can be kept".to_owned())
            })?;
            if after > before {
                sizes.push(SalesSize { basis: key.0, size: after });
            }
        }
        sizes.into_iter().for_each(|size| self.sizes.put(size));
        Ok(())
    }
}

/// The type of a cash posting for a payment that was undone: no money went back.
pub(super) const PAYMENT_UNDONE: &str = "PaymentUndone";

fn row(event: &Envelope<Event>, nth: i64, day: &str, posting: &Posting) -> SalesPosting {
    let (basis, currency, home) = codes(posting);
    SalesPosting {
        position: event.position.0,
        nth,
        basis,
        day: day.to_owned(),
        event: what_happened(event),
        order_id: posting.order_id.0,
        line: posting.line.map_or(0, i64::from),
        product_id: product(posting),
        customer_id: posting.customer_id.0,
        currency,
        home,
        happened_at: event.provenance.occurred_at.timestamp_millis(),
        holds: posting.holds,
        figures: figures_of(posting, posting.orders),
    }
}

/// The event's type; a refund that undoes a payment gets a type of its own.
fn what_happened(event: &Envelope<Event>) -> String {
    match &event.data {
        Event::PaymentRefunded(fact) if fact.undoes_payment == Some(true) => PAYMENT_UNDONE.to_owned(),
        _ => event.event_type.clone().into_owned(),
    }
}

/// The figures of a posting that counts as so many orders.
fn figures_of(posting: &Posting, orders: i64) -> SalesFigures {
    let (own, home) = (&posting.own, &posting.home);
    SalesFigures {
        orders,
        placed: orders.max(0),
        units: posting.units,
        gross: own.gross,
        discount: own.discount,
        shipping: own.shipping,
        tax: own.tax,
        cash: own.cash,
        home_gross: home.gross,
        home_discount: home.discount,
        home_shipping: home.shipping,
        home_tax: home.tax,
        home_cash: home.cash,
    }
}

fn key(day: &str, posting: &Posting) -> DailySalesKey {
    let (basis, currency, home) = codes(posting);
    (basis, day.to_owned(), currency, home)
}

/// Basis, currency and home currency.
fn codes(posting: &Posting) -> (String, String, String) {
    let own = |code: &str| code.to_owned();
    (own(posting.basis.name()), own(posting.currency.code()), own(posting.home_currency.code()))
}

/// The product, or the nil id.
fn product(posting: &Posting) -> Uuid {
    posting.product_id.map_or(Uuid::nil(), |id| id.0)
}
