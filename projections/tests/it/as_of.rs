//! Answers as of an earlier position, against the answers that were given then.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    event::{Fact, OrderFact, StockReceived},
    ids::{Position, ProductId, StreamId},
    order::Status,
    states::{State, States},
    stock::Stock,
};
use orderlog_projections::{
    pending_orders::{self, Filter, OpenOrder, PendingOrders, Scope, Sort},
    stock,
};
use orderlog_read_models::{Cursor, Days, Freshness, PageRequest, Projections, rebuild};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::{
    engine::Engine,
    history::{History, customer, product},
};
use orderlog_testkit::on_both_engines;

on_both_engines!(
    what_was_pending_is_answered_as_it_was_then,
    later_pages_show_the_moment_of_the_first,
    stock_marks_are_what_stock_was,
    #[ignore = "fills a shop of a million orders; measures and prints"]
    a_million_orders_are_asked_in_time,
);

/// Moments at which the present answers are kept.
const MOMENTS: usize = 120;
/// Questions kept of each.
const QUESTIONS: usize = 6;

const WHATEVER: Freshness = Freshness::Whatever;

fn any_filter(chance: &mut ChaCha8Rng, at: DateTime<Utc>) -> Filter {
    let scopes = [Scope::Pending, Scope::Unconfirmed, Scope::Unpaid, Scope::OnHold, Scope::Backordered];
    let day = |chance: &mut ChaCha8Rng| {
        let first = chrono::NaiveDate::from_ymd_opt(2024, 10, 4).expect("a day");
        Some(first + chrono::Duration::days(chance.random_range(0..40)))
    };
    Filter {
        scope: *scopes.choose(chance).expect("scopes"),
        sort: *[Sort::Oldest, Sort::Newest, Sort::Largest].choose(chance).expect("sorts"),
        customer: chance.random_bool(0.1).then(|| customer(chance.random_range(0..25))),
        products: match chance.random_range(0..10) {
            0..=1 => vec![product(chance.random_range(0..40))],
            2 => (0..3).map(|_| product(chance.random_range(0..40))).collect(),
            _ => vec![],
        },
        placed: Days {
            from: if chance.random_bool(0.2) { day(chance) } else { None },
            to: if chance.random_bool(0.2) { day(chance) } else { None },
        },
        placed_before: chance.random_bool(0.2).then(|| at - chrono::Duration::minutes(chance.random_range(0..60_000))),
        as_of: None,
        at,
    }
}

async fn ask(projections: &Projections, filter: &Filter, page: PageRequest) -> PendingOrders {
    pending_orders::pending_orders(projections, filter, page, WHATEVER).await.expect("answer").found
}

/// Every page, and the counts, which must be the same on each.
async fn all(projections: &Projections, filter: &Filter, limit: u32) -> PendingOrders {
    let mut page = PageRequest::first(limit);
    let mut whole: Option<PendingOrders> = None;
    loop {
        let found = ask(projections, filter, page).await;
        page.cursor = found.next.map(|next| next.to_string().parse::<Cursor>().expect("a cursor survives its text"));
        let whole = whole.get_or_insert_with(|| PendingOrders { orders: vec![], next: None, ..found.clone() });
        assert_eq!((whole.total_count, &whole.counts), (found.total_count, &found.counts));
        whole.orders.extend(found.orders);
        if page.cursor.is_none() {
            assert_eq!(whole.orders.len() as i64, whole.total_count);
            return whole.clone();
        }
    }
}

async fn what_was_pending_is_answered_as_it_was_then(engine: Engine) {
    let seed = std::env::var("ORDERLOG_TEST_SEED").map_or(31, |seed| seed.parse().expect("a number"));
    eprintln!("history with seed {seed}; ORDERLOG_TEST_SEED chooses another");
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let (log, mut history) = (engine.log().await, History::new(seed));
    let mut node = engine.running("one").await;
    let mut kept: Vec<(Position, Filter, PendingOrders)> = vec![];
    for _ in 0..MOMENTS {
        history.live(chance.random_range(1..40));
        let events = history.write(&log).await;
        node.bus.publish(events.into());
        node.caught_up(history.position()).await;
        for _ in 0..QUESTIONS {
            let filter = any_filter(&mut chance, history.now);
            let answer = all(&node.projections, &filter, 7).await;
            kept.push((history.position(), filter, answer));
        }
    }
    node.stop().await;
    let met = kept.iter().filter(|(_, _, answer)| answer.total_count > 0).count();
    assert!(met > kept.len() / 3, "{met} of {} answers hold orders", kept.len());
    let reopened = reopened(&history);
    assert!(reopened > 5, "{reopened} finished orders owed something again");

    // As it was folded in small steps, and as one reading of the log folds it.
    for rebuilt in [false, true] {
        if rebuilt {
            rebuild(
                &node.projections,
                &log,
                &["pending_orders"],
                &node.options,
                &tokio_util::sync::CancellationToken::new(),
                |_| (),
            )
            .await
            .expect("the rebuild succeeds");
        }
        for (position, filter, answer) in &kept {
            let asked = Filter { as_of: Some(*position), ..filter.clone() };
            let page = if rebuilt { 100 } else { 5 };
            assert_eq!(&all(&node.projections, &asked, page).await, answer, "{asked:?}, rebuilt: {rebuilt}");
        }
    }
    let nothing = Filter { as_of: Some(Position::START), ..Filter::default() };
    assert_eq!(all(&node.projections, &nothing, 5).await.total_count, 0, "before the first event");
}

/// How often a finished order came to owe money again.
fn reopened(history: &History) -> usize {
    let mut states = States::default();
    let mut times = 0;
    for (_, event) in &history.told {
        let Fact::Order(fact) = event.fact() else { continue };
        let id = serde_json::from_value(serde_json::to_value(event).expect("JSON")["order_id"].clone()).expect("an id");
        let over = |states: &States| {
            let order = states.order(id).ok().filter(|order| order.exists());
            order.is_some_and(|order| order.status() == Status::Delivered && order.due() <= 0)
        };
        let before = over(&states);
        states.evolve(StreamId::Order(id), event, &history.provenance());
        if before && !over(&states) && matches!(fact, OrderFact::PaymentRefunded(_)) {
            times += 1;
        }
    }
    times
}

async fn later_pages_show_the_moment_of_the_first(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(32));
    let mut node = engine.running("one").await;
    let mut advance = async |events: usize| {
        history.live(events);
        let events = history.write(&log).await;
        node.bus.publish(events.into());
        node.caught_up(history.position()).await;
    };
    advance(1_000).await;
    for (scope, sort) in
        [(Scope::Pending, Sort::Oldest), (Scope::Unpaid, Sort::Newest), (Scope::Pending, Sort::Largest)]
    {
        let filter = Filter { scope, sort, ..Filter::default() };
        let expected = all(&node.projections, &filter, 100).await;
        let mut page = PageRequest::first(4);
        let mut seen: Vec<OpenOrder> = vec![];
        loop {
            let found = ask(&node.projections, &filter, page).await;
            assert_eq!((found.total_count, &found.counts), (expected.total_count, &expected.counts));
            seen.extend(found.orders);
            page.cursor = found.next;
            if page.cursor.is_none() {
                break;
            }
            advance(20).await;
        }
        assert_eq!(seen, expected.orders, "whatever happened between the pages");
    }
    node.stop().await;
}

async fn stock_marks_are_what_stock_was(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(33));
    let hot = product(3);
    for n in 0..800 {
        history.record(StreamId::Stock(hot), StockReceived { product_id: hot, units: n });
        if n % 40 == 0 {
            history.live(100);
        }
    }
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;
    node.stop().await;
    let mut stood = vec![];
    let mut state = State::Stock(Stock::empty(hot));
    for (position, event) in &history.told {
        if let (Fact::Stock(_), true) = (event.fact(), is_about(event, hot)) {
            state.evolve(event, &history.provenance());
            if let State::Stock(stock) = &state {
                stood.push((*position, stock.clone()));
            }
        }
    }
    assert!(stood.len() > 3 * 256, "{} events are enough for some marks", stood.len());
    for chosen in [0, 254, 255, 256, 600, 3 * 256 - 1, stood.len() - 1] {
        let (position, stock) = &stood[chosen];
        let mark = stock::last_mark(&node.projections, hot, *position).await.expect("answer");
        let Some(mark) = mark else {
            assert!(stock.version.0 < stock::MARK_EVERY, "version {} has a mark before it", stock.version);
            continue;
        };
        assert!(stock.version.0 - mark.version < stock::MARK_EVERY, "{mark:?} is near version {}", stock.version);
        let (_, then) = &stood[usize::try_from(mark.version).expect("a version") - 1];
        let units = (mark.on_hand, mark.reserved, mark.backordered);
        assert_eq!(units, (then.on_hand, then.reserved, then.backordered()), "at version {}", mark.version);
    }
}

fn is_about(event: &orderlog_domain::event::Event, product: ProductId) -> bool {
    serde_json::to_value(event).expect("JSON")["product_id"] == serde_json::json!(product)
}

/// Most a question about the past may take.
const WANTED: Duration = Duration::from_millis(250);

async fn a_million_orders_are_asked_in_time(engine: Engine) {
    let node = engine.node("one").await;
    let big = include_str!("big_shop.sql");
    let (series, id) = if engine.is_postgres() {
        ("SELECT generate_series(0, 999999) AS n", "md5(((n * 37) % 2000)::text)::uuid")
    } else {
        (
            "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 999999) SELECT n FROM s",
            "CAST(printf('%016d', (n * 37) % 2000) AS BLOB)",
        )
    };
    let started = Instant::now();
    engine.execute(&big.replace("{series}", series).replace("{id}", id)).await;
    eprintln!("filled in {:?}", started.elapsed());
    let head = 9_400_000;
    for (what, filter) in [
        ("pending", Filter::default()),
        ("unpaid, largest", Filter { scope: Scope::Unpaid, sort: Sort::Largest, ..Filter::default() }),
        (
            "of a product",
            Filter {
                products: vec![ProductId(uuid::uuid!("5a4d0e5c-0000-5000-8000-000000000002"))],
                ..Filter::default()
            },
        ),
        ("now, pending", Filter { as_of: Some(Position(head)), ..Filter::default() }),
    ] {
        let mut slowest = Duration::ZERO;
        for hundredth in [1, 10, 35, 50, 77, 90, 99] {
            let as_of = filter.as_of.or(Some(Position(head / 100 * hundredth)));
            let asked = Filter { as_of, ..filter.clone() };
            let mut quickest = Duration::MAX;
            let mut count = 0;
            for _ in 0..3 {
                let started = Instant::now();
                count = ask(&node.projections, &asked, PageRequest::first(20)).await.total_count;
                quickest = quickest.min(started.elapsed());
            }
            eprintln!("{what} at {hundredth} %: {count} orders in {quickest:?}");
            slowest = slowest.max(quickest);
        }
        assert!(slowest < WANTED, "{what}: {slowest:?}");
    }
}
