//! The simulation is the same for a seed, looks like a shop, and none of its commands is refused.

use std::collections::HashMap;

use chrono::{Datelike, Weekday};
use orderlog_domain::{
    commands::RegisterCustomer,
    decide::{Ask, Context, Names, Refusal, Shop},
    envelope::{Actor, Provenance},
    event::{Event, SealedProfile},
    ids::CommandId,
    states::{State, States},
};
use uuid::Uuid;

use orderlog_domain::{calendar::BusinessCalendar, money::Currency};

use super::*;

fn options(days: u32, orders_per_day: u32, seed: u64) -> Options {
    Options {
        days,
        orders_per_day,
        seed,
        until: "2026-11-22T09:00:00Z".parse().expect("an instant"),
        calendar: BusinessCalendar::default(),
        currency: Currency::INR,
        first_order: OrderId::FIRST,
    }
}

fn order_times(options: Options) -> Vec<DateTime<Utc>> {
    let orders =
        Simulation::new(options).filter(|step| matches!(&step.action, Action::Command(Command::CreateOrder(_))));
    orders.map(|step| step.occurred_at).collect()
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| Simulation::new(options(20, 30, seed)).collect::<Vec<Step>>();
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}

#[test]
fn time_never_runs_backwards_nor_past_the_present() {
    let options = options(40, 40, 7);
    let steps: Vec<Step> = Simulation::new(options.clone()).collect();
    assert!(steps.is_sorted_by_key(|step| step.occurred_at));
    assert!(steps.iter().all(|step| step.occurred_at <= options.until));
    let today = options.calendar.business_date(options.until);
    let first = options.calendar.business_date(steps[0].occurred_at);
    assert_eq!((today - first).num_days(), 39);
    assert!(steps.iter().any(|step| options.calendar.business_date(step.occurred_at) == today));
}

#[test]
fn weekends_bring_more_orders_and_the_shop_grows() {
    let options = options(364, 20, 7);
    let times = order_times(options.clone());
    let mut by_weekday: HashMap<Weekday, usize> = HashMap::new();
    for at in &times {
        *by_weekday.entry(options.calendar.business_date(*at).weekday()).or_default() += 1;
    }
    assert!(by_weekday[&Weekday::Sat] * 100 > by_weekday[&Weekday::Tue] * 120, "{by_weekday:?}");
    let early = times.iter().filter(|at| (options.until - **at).num_days() > 182).count();
    let late = times.len() - early;
    assert!(late * 100 > early * 110, "{early} then {late}");
    assert!((6_800..=7_700).contains(&times.len()), "{} orders", times.len());
}

#[test]
fn customers_are_registered_before_they_order() {
    let mut known = vec![];
    for step in Simulation::new(options(10, 30, 7)) {
        match step.action {
            Action::Customer { customer_id, particulars } => {
                particulars.check().expect("fit to be registered");
                known.push(customer_id.to_string());
            }
            Action::Command(Command::CreateOrder(order)) => assert!(known.contains(&order.customer)),
            Action::Command(_) => {}
        }
    }
}

#[test]
fn the_domain_refuses_nothing_and_the_figures_are_plausible() {
    let mut told = Told::default();
    for step in Simulation::new(options(60, 60, 7)) {
        told.act(step);
    }
    let orders = told.next_order.0 - OrderId::FIRST.0;
    let events = told.events.values().sum::<i64>();
    assert!((5..=11).contains(&(events / orders)), "{events} events of {orders} orders");
    let (average, count) = (told.ordered / orders, |name: &str| told.events.get(name).copied().unwrap_or_default());
    assert!((50_000..=500_000).contains(&average), "an order is worth {average} on average");
    for rare in ["UnitsCancelled", "OrderHeld", "StockReceived", "LowStockReached", "LowStockRecovered"] {
        assert!(count(rare) > 10, "{rare}: {}", count(rare));
    }
    for common in ["OrderConfirmed", "UnitsShipped", "UnitsDelivered", "PaymentCaptured"] {
        assert!(count(common) * 2 > orders, "{common}: {}", count(common));
    }
    assert!(count("UnitsShipped") > count("UnitsDelivered"), "some orders leave in two parcels or are on their way");
}

#[test]
fn a_year_of_the_demo_has_its_size() {
    let simulation = Simulation::new(options(365, 60, 7));
    let most = simulation.orders();
    let (mut orders, mut customers, mut steps) = (0, 0, 0);
    for step in simulation {
        steps += 1;
        match step.action {
            Action::Command(Command::CreateOrder(_)) => orders += 1,
            Action::Customer { .. } => customers += 1,
            Action::Command(_) => {}
        }
    }
    assert!((orders..orders + 100).contains(&most), "{orders} orders, {most} foretold");
    assert!((20_000..23_000).contains(&orders) && (2_500..=3_000).contains(&customers), "{orders}, {customers}");
    assert!((100_000..130_000).contains(&steps), "{steps} steps");
}

/// The domain taking the story in, without a log.
struct Told {
    states: States,
    shop: Shop,
    next_order: OrderId,
    events: HashMap<&'static str, i64>,
    ordered: i64,
}

impl Default for Told {
    fn default() -> Told {
        Told {
            states: States::default(),
            shop: Shop::default(),
            next_order: OrderId::FIRST,
            events: HashMap::new(),
            ordered: 0,
        }
    }
}

impl Told {
    fn act(&mut self, step: Step) {
        let command = match step.action {
            Action::Command(command) => command,
            Action::Customer { customer_id, particulars } => {
                let UpsertCustomer { name, email, phone, address, .. } = particulars;
                RegisterCustomer { customer_id, profile: SealedProfile { name, email, phone, address } }.into()
            }
        };
        let names = Names::default();
        let context = Context {
            now: step.occurred_at,
            occurred_at: step.occurred_at,
            next_order: self.next_order,
            shop: &self.shop,
            names: &names,
            expected_version: None,
            ask: Ask::default(),
        };
        let decision = loop {
            match command.decide(&self.states, &context) {
                Ok(decision) => break decision,
                Err(Refusal::Missing(stream)) => self.states.insert(State::empty(stream)),
                Err(Refusal::Rejected(rejection)) => panic!("{} {command:?}: {rejection}", step.occurred_at),
            }
        };
        let provenance = provenance(step.occurred_at);
        for (stream, event) in decision.facts {
            if !self.states.contains(stream) {
                self.states.insert(State::empty(stream));
            }
            self.states.evolve(stream, &event, &provenance);
            *self.events.entry(event.event_type()).or_default() += 1;
            if let Event::OrderPlaced(placed) = &event {
                self.next_order = placed.order_id.next();
                self.ordered += placed.totals.total;
            }
        }
    }
}

fn provenance(at: DateTime<Utc>) -> Provenance {
    Provenance {
        occurred_at: at,
        recorded_at: at,
        business_date: BusinessCalendar::default().business_date(at),
        actor: Actor { user: "simulation".to_owned(), role: "system".to_owned() },
        agent: None,
        confirmed_by: None,
        command_id: CommandId(Uuid::nil()),
        causation_id: Uuid::nil(),
        correlation_id: Uuid::nil(),
        trace_id: None,
        reason: None,
        request_text: None,
    }
}
