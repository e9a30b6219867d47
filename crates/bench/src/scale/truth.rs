//! One pass over the log that works out, with the domain's own folds, what the queries ought to answer.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use chrono::{DateTime, Utc};
use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{OrderId, Position, ProductId, StreamId},
    postings::{Basis, postings},
    states::State,
};
use orderlog_event_log::Log;

const PAGE_EVENTS: u32 = 5_000;

/// The subjects of the queries.
#[derive(Debug)]
pub(super) struct Asked {
    /// First and last day.
    pub(super) last_week: (String, String),
    pub(super) last_month: (String, String),
    pub(super) this_month: (String, String),
    /// The moment of the past.
    pub(super) then: DateTime<Utc>,
    /// Orders that will be asked for by number.
    pub(super) orders: HashSet<i64>,
}

/// The right figures, now and at an earlier moment.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) now: Moment,
    pub(super) then: Moment,
}

/// The figures of a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Moment {
    /// Orders.
    pub(super) orders_placed: i64,
    /// Orders placed last week.
    pub(super) placed: i64,
    /// Those of them that owe goods.
    pub(super) pending: i64,
    /// Booked revenue, minor units.
    pub(super) last_month: i64,
    pub(super) this_month: i64,
    /// Booked postings of last month.
    pub(super) postings: i64,
    /// Status and total.
    pub(super) orders: HashMap<i64, (String, i64)>,
    /// On hand and reserved.
    pub(super) stock: HashMap<ProductId, (i64, i64)>,
}

/// Reads the log up to `head`.
pub(super) async fn read(log: &Log, asked: &Asked, head: Position) -> Result<Truth> {
    let mut reading = Reading { asked, states: HashMap::new(), figures: Moment::default() };
    let (mut after, mut then) = (Position::START, None);
    while after < head {
        for recorded in log.read(after, PAGE_EVENTS).await? {
            after = recorded.position;
            let event = envelope::decode(&recorded.json)?;
            if then.is_none() && event.provenance.recorded_at >= asked.then {
                then = Some(reading.moment());
            }
            reading.take(recorded.stream, &event);
        }
    }
    let now = reading.moment();
    Ok(Truth { then: then.unwrap_or_else(|| now.clone()), now })
}

struct Reading<'a> {
    asked: &'a Asked,
    states: HashMap<StreamId, State>,
    figures: Moment,
}

impl Reading<'_> {
    fn take(&mut self, stream: StreamId, event: &Envelope<Event>) {
        let day = event.provenance.business_date.to_string();
        let within = |(from, to): &(String, String)| *from <= day && day <= *to;
        for posting in postings(&event.data).iter().filter(|posting| posting.basis == Basis::Booked) {
            if within(&self.asked.last_month) {
                self.figures.last_month += posting.home.revenue();
                self.figures.postings += 1;
            }
            if within(&self.asked.this_month) {
                self.figures.this_month += posting.home.revenue();
            }
        }
        let placed = matches!(event.data, Event::OrderPlaced(_));
        self.figures.orders_placed += i64::from(placed);
        let kept = match stream {
            StreamId::Stock(_) => true,
            StreamId::Order(OrderId(id)) => {
                placed && (within(&self.asked.last_week) || self.asked.orders.contains(&id))
            }
            StreamId::Product(_)
            | StreamId::Customer(_)
            | StreamId::Rate(_)
            | StreamId::Notifications
            | StreamId::Confirmations => false,
        };
        if kept {
            self.states.entry(stream).or_insert_with(|| State::empty(stream));
        }
        if let Some(state) = self.states.get_mut(&stream) {
            state.evolve(&event.data, &event.provenance);
        }
    }

    fn moment(&self) -> Moment {
        let mut moment = self.figures.clone();
        for state in self.states.values() {
            match state {
                State::Order(order) => {
                    let day = order.placed_on.to_string();
                    if self.asked.last_week.0 <= day && day <= self.asked.last_week.1 {
                        moment.placed += 1;
                        moment.pending += i64::from(order.status().owes_goods());
                    }
                    let told = (order.status().name().to_owned(), order.current_totals().total);
                    moment.orders.insert(order.id.0, told);
                }
                State::Stock(stock) => _ = moment.stock.insert(stock.product_id, (stock.on_hand, stock.reserved)),
                _ => {}
            }
        }
        moment
    }
}
