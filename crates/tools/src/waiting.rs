//! What lists say of an order beside its figures: what is in it, how many days it has waited, and why it waits.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use orderlog_domain::{
    event::Event,
    format,
    ids::{OrderId, Position, ProductId},
    order::{Line, Order, Status},
};
use orderlog_projections::catalogue;
use orderlog_read_models::Freshness;

use crate::{
    echo::{cut, visible},
    failure::Failure,
    history,
    sentences::plural,
    shop::OpenShop,
};

/// Lines of an order that a list names; of more it says how many.
const LINES_NAMED: usize = 2;
/// Characters of a product's name, and of the reason of a hold, that a list shows.
const NAME_CHARS: usize = 20;
const REASON_CHARS: usize = 40;
/// Characters of two names together; longer ones leave room for one.
const PRODUCTS_CHARS: usize = 38;

/// What it takes to say this of the orders of one page.
#[derive(Debug)]
pub(crate) struct Waiting {
    names: HashMap<ProductId, String>,
    /// Why orders are on hold, where somebody said so.
    reasons: HashMap<OrderId, String>,
    today: NaiveDate,
    at: DateTime<Utc>,
    zone: Tz,
}

/// What of a line is named: of a cancelled order, of which nothing is left, what was ordered.
fn units_to_name(order: &Order) -> fn(&Line) -> i64 {
    if order.status() == Status::Cancelled { |line| line.ordered } else { Line::active }
}

impl Waiting {
    /// Of these orders at the moment `at`; what was said of holds is read up to `until`.
    pub(crate) async fn of<'a>(
        shop: &OpenShop,
        orders: impl Iterator<Item = &'a Order> + Clone,
        at: DateTime<Utc>,
        until: Option<Position>,
        fresh: Freshness,
    ) -> Result<Waiting, Failure> {
        let mut ids: Vec<ProductId> =
            orders.clone().flat_map(|order| &order.lines).map(|line| line.product_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let products = catalogue::names_by_id(&shop.projections, &ids, fresh).await?.found;
        let names = products.into_iter().map(|product| (product.product_id, product.name)).collect();
        let mut reasons = HashMap::new();
        for order in orders.filter(|order| order.on_hold_at(at)) {
            let events = history::events_of(&shop.log, order.id, until).await?;
            let held = events.into_iter().rev().find(|event| matches!(event.data, Event::OrderHeld(_)));
            if let Some(mut held) = held {
                shop.open_event(&mut held);
                reasons.extend(held.provenance.reason.map(|reason| (order.id, reason)));
            }
        }
        let calendar = &shop.settings.calendar;
        Ok(Waiting { names, reasons, today: calendar.business_date(at), at, zone: calendar.timezone })
    }

    /// `2 Blue mug, 1 Tea`, `2 Blue mug and 7 more units`: as much as a list has room for, and what is left out.
    pub(crate) fn products(&self, order: &Order) -> String {
        let units = units_to_name(order);
        let active: Vec<&Line> = order.lines.iter().filter(|line| units(line) > 0).collect();
        let mut named: Vec<String> =
            active.iter().take(LINES_NAMED).map(|line| self.units_of(line, units(line))).collect();
        let length = named.iter().map(|name| name.chars().count()).sum::<usize>();
        if length > PRODUCTS_CHARS || active.len() > LINES_NAMED {
            named.truncate(1);
        }
        let left: i64 = active[named.len()..].iter().map(|line| units(line)).sum();
        let named = named.join(format::between(&named));
        if left == 0 { named } else { format!("{named} and {}", plural(left, "more unit")) }
    }

    /// The same of every line, and no name cut.
    pub(crate) fn all_products(&self, order: &Order) -> String {
        let units = units_to_name(order);
        let active = order.lines.iter().filter(|line| units(line) > 0);
        let named: Vec<String> =
            active.map(|line| format!("{} {}", units(line), visible(self.name_of(line)))).collect();
        named.join(format::between(&named))
    }

    /// Days since it was placed, while it owes goods.
    pub(crate) fn days(&self, order: &Order) -> Option<i64> {
        order.status().owes_goods().then(|| self.age(order))
    }

    /// Days since it was placed.
    pub(crate) fn age(&self, order: &Order) -> i64 {
        (self.today - order.placed_on).num_days()
    }

    /// `on hold since 20 Nov (address wrong), unpaid`; nothing where nothing is open about it.
    pub(crate) fn why(&self, order: &Order) -> Option<String> {
        let mut why: Vec<String> = vec![];
        let status = order.status();
        if order.on_hold_at(self.at) {
            let since = order.times.held.map(|held| held.with_timezone(&self.zone).format(" since %-d %b").to_string());
            let reason = self.reasons.get(&order.id).map(|reason| format!(" ({})", cut(reason, REASON_CHARS)));
            why.push(format!("on hold{}{}", since.unwrap_or_default(), reason.unwrap_or_default()));
        }
        if status.owes_goods() {
            let short: Vec<String> = order
                .lines
                .iter()
                .filter(|line| line.backordered > 0)
                .take(LINES_NAMED)
                .map(|line| self.units_of(line, line.backordered))
                .collect();
            if !short.is_empty() {
                why.push(format!("short of {}", short.join(", ")));
            }
        }
        match status {
            Status::Pending => why.push("not confirmed".to_owned()),
            Status::PartiallyShipped => {
                let shipped: i64 = order.lines.iter().map(|line| line.shipped).sum();
                why.push(format!("{shipped} of {} shipped", shipped + order.unshipped()));
            }
            Status::Confirmed if why.is_empty() => why.push("to be shipped".to_owned()),
            Status::Processing if why.is_empty() => why.push("being prepared".to_owned()),
            Status::Confirmed | Status::Processing => {}
            Status::Shipped | Status::Delivered | Status::Returned | Status::Cancelled => {}
        }
        if status != Status::Cancelled && order.due() > 0 {
            why.push(if order.captured > order.refunded { "partly paid" } else { "unpaid" }.to_owned());
        }
        (!why.is_empty()).then(|| why.join(", "))
    }

    /// `7 days: on hold since 20 Nov, unpaid`, of an order that has owed goods since another day.
    pub(crate) fn in_words(&self, order: &Order) -> Option<String> {
        let days = match self.days(order)? {
            ..1 => return None,
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        };
        Some(format!("{days}: {}", self.why(order)?))
    }

    /// `2 Blue mug`
    fn units_of(&self, line: &Line, units: i64) -> String {
        format!("{units} {}", cut(self.name_of(line), NAME_CHARS))
    }

    fn name_of<'a>(&'a self, line: &'a Line) -> &'a str {
        let copied = Some(&line.name).filter(|name| !name.is_empty());
        copied.or_else(|| self.names.get(&line.product_id)).map_or("of a product", String::as_str)
    }
}
