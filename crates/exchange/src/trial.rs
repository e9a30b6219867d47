//! Decides the commands of a file against the log plus the changes of earlier rows. Records nothing.

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::Command,
    decide::{Ask, Context, Decision, Names, Refusal, Shop},
    envelope::{Actor, Provenance},
    event::{CatalogueEntry, Event, StockPolicy},
    format::Locale,
    ids::{CommandId, OrderId, ProductId, Version},
    rejection::Rejection,
    states::{State, States},
};
use orderlog_event_log::Log;
use orderlog_tools::history;
use uuid::Uuid;

/// The shop as the rows so far would leave it.
pub(crate) struct Trial<'a> {
    shop: &'a Shop,
    log: &'a Log,
    now: DateTime<Utc>,
    next_order: OrderId,
    states: States,
}

/// The effect of one command.
pub(crate) struct Foreseen {
    pub(crate) changes: bool,
    pub(crate) warnings: Vec<String>,
    /// Changed fields of existing records: `price ₹20.00 → ₹25.00`.
    pub(crate) differences: Vec<String>,
}

impl<'a> Trial<'a> {
    pub(crate) async fn new(log: &'a Log, shop: &'a Shop, now: DateTime<Utc>) -> anyhow::Result<Trial<'a>> {
        let next_order = log.head().await?.next_order;
        Ok(Trial { shop, log, now, next_order, states: States::default() })
    }

    /// Decides a command and remembers the events that it would record.
    pub(crate) async fn decide(
        &mut self,
        command: &Command,
        names: &Names,
        occurred_at: DateTime<Utc>,
    ) -> anyhow::Result<Result<Foreseen, Rejection>> {
        let decision = loop {
            let context = Context {
                now: self.now,
                occurred_at,
                next_order: self.next_order,
                shop: self.shop,
                names,
                expected_version: None,
                ask: Ask::default(),
            };
            match command.decide(&self.states, &context) {
                Ok(decision) => break decision,
                Err(Refusal::Rejected(rejection)) => return Ok(Err(rejection)),
                Err(Refusal::Missing(stream)) => self.states.insert(history::state(self.log, stream, None).await?),
            }
        };
        let differences = self.differences(&decision);
        self.take(&decision, occurred_at);
        Ok(Ok(Foreseen { changes: !decision.facts.is_empty(), warnings: decision.warnings, differences }))
    }

    fn take(&mut self, decision: &Decision, occurred_at: DateTime<Utc>) {
        let provenance = Provenance {
            occurred_at,
            recorded_at: self.now,
            business_date: self.shop.calendar.business_date(occurred_at),
            actor: Actor { user: String::new(), role: String::new() },
            agent: None,
            confirmed_by: None,
            command_id: CommandId(Uuid::nil()),
            causation_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            trace_id: None,
            reason: None,
            request_text: None,
        };
        for (stream, event) in &decision.facts {
            if let Event::OrderPlaced(placed) = event {
                self.next_order = placed.order_id.next();
            }
            self.states.evolve(*stream, event, &provenance);
        }
    }

    /// Changed fields of existing products and stock.
    fn differences(&self, decision: &Decision) -> Vec<String> {
        let mut differences = vec![];
        for (stream, event) in &decision.facts {
            match (event, self.states.get(*stream)) {
                (Event::ProductChanged(changed), Some(State::Product(product))) => {
                    let before = product.entry.as_ref();
                    differences
                        .extend(before.into_iter().flat_map(|before| entry(before, &changed.entry, &self.shop.locale)));
                }
                (Event::StockAdjusted(adjusted), Some(State::Stock(stock))) if stock.version > Version::NONE => {
                    let (from, to) = (stock.on_hand, stock.on_hand + adjusted.delta);
                    differences.push(format!("on hand {from} → {to}"));
                }
                _ => {}
            }
        }
        differences
    }
}

/// The id that a SKU has in every shop.
pub(crate) fn product_named(sku: &str) -> Names {
    let mut names = Names::default();
    names.products.insert(sku.to_owned(), ProductId::from_sku(sku));
    names
}

/// The differences between two entries of the catalogue.
fn entry(before: &CatalogueEntry, after: &CatalogueEntry, locale: &Locale) -> Vec<String> {
    let price = |entry: &CatalogueEntry| locale.money(entry.price, entry.currency).formatted;
    let yes_or_no = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let policy = |policy: StockPolicy| match policy {
        StockPolicy::Deny => "deny",
        StockPolicy::Backorder => "backorder",
        StockPolicy::Untracked => "untracked",
    };
    let threshold =
        |entry: &CatalogueEntry| entry.low_stock_threshold.map_or("none".to_owned(), |units| units.to_string());
    let cost = |entry: &CatalogueEntry| {
        entry.cost.map_or("none".to_owned(), |cost| locale.money(cost, entry.currency).formatted)
    };
    let lead_time = |entry: &CatalogueEntry| entry.lead_time_days.map_or("none".to_owned(), |days| days.to_string());
    [
        ("name", before.name.clone(), after.name.clone()),
        ("price", price(before), price(after)),
        ("tax_rate", before.tax_rate.normalize().to_string(), after.tax_rate.normalize().to_string()),
        ("tax_inclusive", yes_or_no(before.tax_inclusive), yes_or_no(after.tax_inclusive)),
        ("policy", policy(before.policy).to_owned(), policy(after.policy).to_owned()),
        ("backorder_limit", before.backorder_limit.to_string(), after.backorder_limit.to_string()),
        ("low_stock_threshold", threshold(before), threshold(after)),
        ("cost", cost(before), cost(after)),
        ("lead_time_days", lead_time(before), lead_time(after)),
        ("archived", yes_or_no(before.archived), yes_or_no(after.archived)),
    ]
    .into_iter()
    .filter(|(_, before, after)| before != after)
    .map(|(field, before, after)| format!("{field} {before} → {after}"))
    .collect()
}
