//! A realistic invented shop: its events as commands in the order of time. No I/O; the same seed gives the same
//! commands.

mod catalogue;
mod fate;
mod options;
mod people;
mod seasons;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use orderlog_domain::{
    commands::{Command, CreateOrder, LineInput, ReceiveStock, UpsertCustomer},
    ids::{CustomerId, OrderId},
    money::plain,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) use self::options::Options;
use self::{catalogue::Article, people::Person};

/// Something that happened in the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The time; never before the previous step.
    pub(crate) occurred_at: DateTime<Utc>,
    /// The action.
    pub(crate) action: Action,
}

/// A command in the form that the program accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ready for the writer.
    Command(Command),
    /// A new customer, whose personal data must be sealed.
    Customer {
        /// Stands in the customer's orders.
        customer_id: CustomerId,
        /// In plain text.
        particulars: UpsertCustomer,
    },
}

/// The simulation, step by step. It numbers its orders itself, so it assumes that nobody else places any and none is
/// refused. The steps must reach the writer in this order; there is always enough stock that none is refused.
#[derive(Debug)]
pub(crate) struct Simulation {
    options: Options,
    rng: ChaCha8Rng,
    articles: Vec<Article>,
    shelves: Vec<Shelf>,
    people: Vec<Person>,
    /// Days that have not begun, the next one last, each with its number of orders.
    days: Vec<(NaiveDate, u32)>,
    /// The planned steps, by time and then by the order of planning.
    planned: BTreeMap<(DateTime<Utc>, u64), What>,
    plans_made: u64,
    ready: VecDeque<Step>,
    next_order: OrderId,
}

/// Units of an article in the shop.
#[derive(Debug, Clone, Copy)]
struct Shelf {
    available: i64,
    delivery_expected: bool,
}

#[derive(Debug)]
enum What {
    /// Somebody orders.
    Order,
    /// A supplier delivers an article.
    Delivery(usize),
    /// Something happens to an order, which may make units of articles free again.
    Fate(Box<fate::Stroke>),
}

impl Simulation {
    /// The story for these options.
    pub(crate) fn new(options: Options) -> Simulation {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let articles = catalogue::articles();
        let people = people::people(&mut rng);
        let mut days = seasons::days(&options, &mut rng);
        days.reverse();
        let shelf = Shelf { available: restock_units(&options), delivery_expected: false };
        let mut simulation = Simulation {
            rng,
            shelves: vec![shelf; articles.len()],
            articles,
            people,
            days,
            planned: BTreeMap::new(),
            plans_made: 0,
            ready: VecDeque::new(),
            next_order: options.first_order,
            options,
        };
        simulation.open_shop();
        simulation
    }

    /// Orders the story will have at most; the last day's may lie after the present.
    pub(crate) fn orders(&self) -> u64 {
        let coming: u64 = self.days.iter().map(|(_, orders)| u64::from(*orders)).sum();
        let placed = self.next_order.0.abs_diff(self.options.first_order.0);
        placed + coming + self.planned.values().filter(|what| matches!(what, What::Order)).count() as u64
    }

    /// Everybody who may order, so that their keys can be made at once.
    pub(crate) fn customers(&self) -> impl Iterator<Item = (CustomerId, UpsertCustomer)> + '_ {
        self.people.iter().map(|person| (person.id, person.particulars()))
    }

    /// Before the first customer comes: the products and their first stock.
    fn open_shop(&mut self) {
        let Some((first_day, _)) = self.days.last() else { return };
        let opening = self.options.calendar.day_bounds(*first_day).0;
        let units = restock_units(&self.options);
        for article in &self.articles {
            let product = article.product(self.options.currency, reorder_point(&self.options));
            let stock = ReceiveStock { product: article.sku.clone(), quantity: units };
            for command in [Command::UpsertProduct(product), Command::ReceiveStock(stock)] {
                self.ready.push_back(Step { occurred_at: opening, action: Action::Command(command) });
            }
        }
    }

    fn plan(&mut self, at: DateTime<Utc>, what: What) {
        self.plans_made += 1;
        self.planned.insert((at, self.plans_made), what);
    }

    /// Plans the next day's customers, if that day begins before the next planned step.
    fn begin_day(&mut self) -> bool {
        let Some((day, orders)) = self.days.last().copied() else { return false };
        let (begins, _) = self.options.calendar.day_bounds(day);
        if self.planned.keys().next().is_some_and(|(at, _)| *at < begins) {
            return false;
        }
        self.days.pop();
        for _ in 0..orders {
            let at = begins + seasons::time_of_day(&mut self.rng);
            self.plan(at, What::Order);
        }
        true
    }

    fn happen(&mut self, at: DateTime<Utc>, what: What) {
        match what {
            What::Order => self.order(at),
            What::Delivery(article) => self.deliver(article, at),
            What::Fate(stroke) => {
                for (article, units) in &stroke.freed {
                    self.shelves[*article].available += units;
                }
                self.push(at, stroke.command);
            }
        }
    }

    fn order(&mut self, at: DateTime<Utc>) {
        let person = self.greet(at);
        let basket = self.fill_basket();
        for (article, units) in &basket {
            self.take_from_shelf(*article, *units, at);
        }
        let order = self.checkout(person, &basket);
        self.push(at, Command::CreateOrder(order));
        let order_id = self.next_order;
        self.next_order = order_id.next();
        for (at, stroke) in fate::of_order(order_id, &basket, at, &mut self.rng) {
            self.plan(at, What::Fate(Box::new(stroke)));
        }
    }

    /// A customer comes; a new one is registered first.
    fn greet(&mut self, at: DateTime<Utc>) -> CustomerId {
        let index = people::who_orders(self.people.len(), &mut self.rng);
        let person = &mut self.people[index];
        if !person.known {
            person.known = true;
            let (customer_id, particulars) = (person.id, person.particulars());
            self.ready.push_back(Step { occurred_at: at, action: Action::Customer { customer_id, particulars } });
        }
        self.people[index].id
    }

    /// Different articles with their quantities.
    fn fill_basket(&mut self) -> Vec<(usize, i64)> {
        let lines = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4][self.rng.random_range(0..12)];
        let mut basket: Vec<(usize, i64)> = Vec::with_capacity(lines);
        while basket.len() < lines {
            let article = catalogue::which(self.articles.len(), &mut self.rng);
            let units = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3][self.rng.random_range(0..10)];
            if basket.iter().all(|(other, _)| *other != article) {
                basket.push((article, units));
            }
        }
        basket
    }

    /// Keeps enough units: orders more in time, and receives them at once if that came too late.
    fn take_from_shelf(&mut self, article: usize, units: i64, at: DateTime<Utc>) {
        if self.shelves[article].available < units {
            self.deliver(article, at);
        }
        self.shelves[article].available -= units;
        let shelf = self.shelves[article];
        if shelf.available <= reorder_point(&self.options) && !shelf.delivery_expected {
            self.shelves[article].delivery_expected = true;
            let delivered = at + TimeDelta::minutes(self.rng.random_range(8 * 60..72 * 60));
            self.plan(delivered, What::Delivery(article));
        }
    }

    fn deliver(&mut self, article: usize, at: DateTime<Utc>) {
        let quantity = restock_units(&self.options);
        self.shelves[article].available += quantity;
        self.shelves[article].delivery_expected = false;
        let product = self.articles[article].sku.clone();
        self.push(at, Command::ReceiveStock(ReceiveStock { product, quantity }));
    }

    fn checkout(&mut self, customer: CustomerId, basket: &[(usize, i64)]) -> CreateOrder {
        const FREE_SHIPPING_FROM: i64 = 999;
        const SHIPPING_FEE: i64 = 49;
        let lines = basket.iter().map(|(article, units)| LineInput {
            product: self.articles[*article].sku.clone(),
            quantity: *units,
            unit_price: None,
            line_total: None,
            discount: self.rng.random_ratio(1, 20).then(|| "5%".to_owned()),
        });
        let lines: Vec<LineInput> = lines.collect();
        let worth: i64 = basket.iter().map(|(article, units)| self.articles[*article].price * units).sum();
        let unit = 10_i64.pow(self.options.currency.exponent());
        CreateOrder {
            customer: customer.to_string(),
            lines,
            shipping: (worth < FREE_SHIPPING_FROM).then(|| plain(SHIPPING_FEE * unit, self.options.currency)),
            order_discount: self.rng.random_ratio(1, 12).then(|| "10%".to_owned()),
            currency: None,
            note: None,
            external_reference: None,
        }
    }

    fn push(&mut self, occurred_at: DateTime<Utc>, command: Command) {
        self.ready.push_back(Step { occurred_at, action: Action::Command(command) });
    }
}

impl Iterator for Simulation {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            if self.begin_day() {
                continue;
            }
            let ((at, _), what) = self.planned.pop_first()?;
            if at > self.options.until {
                return None;
            }
            self.happen(at, what);
        }
    }
}

/// Available units at which more is ordered: as many as the best-selling articles sell in a few days.
fn reorder_point(options: &Options) -> i64 {
    5 + i64::from(options.orders_per_day) / 6
}

/// Units a supplier brings.
fn restock_units(options: &Options) -> i64 {
    30 + i64::from(options.orders_per_day) / 2
}
