//! The later steps of an order: confirmed, held, made smaller, shipped, delivered, paid, or cancelled.

use chrono::{DateTime, TimeDelta, Utc};
use orderlog_domain::{
    commands::{Cancel, Command, LineSelection, RecordPayment, SetHold, Ship, UpdateStatus},
    ids::OrderId,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

const CARRIERS: &[&str] = &["Bluebird Express", "Northline", "Garuda Cargo", "City Post"];

/// A command that concerns a placed order.
#[derive(Debug)]
pub(super) struct Stroke {
    pub(super) command: Command,
    /// Articles whose units become free again.
    pub(super) freed: Vec<(usize, i64)>,
}

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payment {
    Online,
    OnDelivery,
    Invoice,
}

/// The order while its steps are planned.
struct Course<'a> {
    order_id: OrderId,
    /// Units of each line that are neither cancelled nor shipped.
    left: Vec<i64>,
    basket: &'a [(usize, i64)],
    at: DateTime<Utc>,
    strokes: Vec<(DateTime<Utc>, Stroke)>,
    rng: &'a mut ChaCha8Rng,
}

/// All steps of an order placed at `at`, in the order of time except for payments.
pub(super) fn of_order(
    order_id: OrderId,
    basket: &[(usize, i64)],
    at: DateTime<Utc>,
    rng: &mut ChaCha8Rng,
) -> Vec<(DateTime<Utc>, Stroke)> {
    let left = basket.iter().map(|(_, units)| *units).collect();
    let mut course = Course { order_id, left, basket, at, strokes: vec![], rng };
    if course.chance(35) {
        course.cancel_all();
    } else {
        course.fulfil();
    }
    course.strokes
}

impl Course<'_> {
    /// True in so many of a thousand cases.
    fn chance(&mut self, per_mille: u32) -> bool {
        self.rng.random_ratio(per_mille, 1_000)
    }

    fn wait(&mut self, minutes: std::ops::Range<i64>) {
        self.at += TimeDelta::seconds(self.rng.random_range(minutes.start * 60..minutes.end * 60));
    }

    fn strike(&mut self, command: impl Into<Command>) {
        self.strokes.push((self.at, Stroke { command: command.into(), freed: vec![] }));
    }

    fn cancel_all(&mut self) {
        self.wait(10..20 * 60);
        self.strike(Cancel { order_id: self.order_id, lines: None });
        if let Some((_, stroke)) = self.strokes.last_mut() {
            stroke.freed = self.basket.to_vec();
        }
    }

    fn fulfil(&mut self) {
        let payment = match self.rng.random_range(0..100) {
            0..68 => Payment::Online,
            68..85 => Payment::OnDelivery,
            _ => Payment::Invoice,
        };
        if payment == Payment::Online {
            self.wait(1..6);
            self.pay(if self.at.timestamp() % 2 == 0 { "upi" } else { "card" });
        }
        self.prepare(payment);
        self.ship();
        self.arrive(payment);
    }

    fn prepare(&mut self, payment: Payment) {
        let confirmed = self.chance(700);
        // Articles that must be made first: these are the orders that still owe goods weeks later.
        if self.chance(80) {
            self.wait(3 * 24 * 60..25 * 24 * 60);
        }
        if confirmed {
            self.wait(5..4 * 60);
            self.become_status("confirmed");
        }
        // Nobody has refunds yet, so only unpaid orders are made smaller.
        if payment != Payment::Online && self.units_left() > 1 && self.chance(110) {
            self.wait(10..8 * 60);
            self.cancel_one();
        }
        if self.chance(40) {
            self.wait(5..60);
            self.strike(SetHold { order_id: self.order_id, on: true, until: None });
            self.wait(4 * 60..48 * 60);
            self.strike(SetHold { order_id: self.order_id, on: false, until: None });
        }
        if confirmed && self.chance(500) {
            self.wait(10..10 * 60);
            self.become_status("processing");
        }
    }

    /// Ships everything at once, or in two parcels.
    fn ship(&mut self) {
        self.wait(4 * 60..52 * 60);
        let split = self.units_left() > 1 && self.chance(250);
        if split && let Some((line, quantity)) = self.first_line_left() {
            let quantity = if quantity == self.units_left() { quantity - 1 } else { quantity };
            self.left[line] -= quantity;
            self.send(Some(vec![selection(line, quantity)]));
            self.wait(12 * 60..96 * 60);
        }
        self.left.fill(0);
        self.send(None);
    }

    fn arrive(&mut self, payment: Payment) {
        self.wait(20 * 60..6 * 24 * 60);
        if self.chance(970) {
            self.become_status("delivered");
        }
        match payment {
            Payment::Online => {}
            Payment::OnDelivery => {
                self.wait(1..30);
                self.pay("cash");
            }
            Payment::Invoice => {
                self.wait(2 * 24 * 60..35 * 24 * 60);
                if self.chance(960) {
                    self.pay("bank_transfer");
                }
            }
        }
    }

    fn pay(&mut self, method: &str) {
        let (order_id, method) = (self.order_id, method.to_owned());
        self.strike(RecordPayment { order_id, amount: None, method, reference: None });
    }

    fn become_status(&mut self, status: &str) {
        let (order_id, status) = (self.order_id, status.to_owned());
        self.strike(UpdateStatus { order_id, status, lines: None, tracking: None, carrier: None, occurred_at: None });
    }

    fn cancel_one(&mut self) {
        let Some((line, _)) = self.first_line_left() else { return };
        self.left[line] -= 1;
        self.strike(Cancel { order_id: self.order_id, lines: Some(vec![selection(line, 1)]) });
        let article = self.basket[line].0;
        if let Some((_, stroke)) = self.strokes.last_mut() {
            stroke.freed = vec![(article, 1)];
        }
    }

    fn send(&mut self, lines: Option<Vec<LineSelection>>) {
        let carrier = CARRIERS[self.rng.random_range(0..CARRIERS.len())].to_owned();
        let tracking = format!("TRK-{}-{:06}", self.order_id, self.rng.random_range(0..1_000_000));
        let order_id = self.order_id;
        self.strike(Ship { order_id, lines, carrier: Some(carrier), tracking: Some(tracking), occurred_at: None });
    }

    fn units_left(&self) -> i64 {
        self.left.iter().sum()
    }

    fn first_line_left(&self) -> Option<(usize, i64)> {
        self.left.iter().copied().enumerate().find(|(_, units)| *units > 0)
    }
}

fn selection(line: usize, quantity: i64) -> LineSelection {
    LineSelection { line: u32::try_from(line + 1).ok(), product: None, quantity }
}
