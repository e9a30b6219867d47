//! Memory over tables is the exact state: whatever was let go, written, fenced off, taken over, behind or ahead.

use std::collections::BTreeMap;

use orderlog_domain::{
    ids::{OrderId, Position},
    postings::{Basis, postings},
};
use orderlog_projections::{
    CompactOrder, MODELS,
    daily_sales::{self, SalesRequest},
    order_summary, pending_orders, stock,
};
use orderlog_read_models::{Freshness, Limits, PageRequest, rebuild};
use rand::{Rng as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{Engine, Node},
    follow::assert_equals_a_rebuild,
    history::{History, product},
    queries::orders,
};
use orderlog_testkit::on_both_engines;

const SEED: u64 = 61;
const ROUNDS: u32 = 60;
/// How many nodes there are, and how much each keeps: one lets nearly everything go, one keeps tables whole.
const LIMITS: [Limits; 2] = [Limits { whole: 25, kept: 10 }, Limits { whole: 100_000, kept: 15 }];

on_both_engines!(memory_over_tables_is_a_fold_from_zero);

async fn memory_over_tables_is_a_fold_from_zero(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(SEED));
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let mut nodes = vec![];
    for nth in 0..LIMITS.len() {
        nodes.push(started(&engine, nth, 0).await);
    }
    for round in 1..=ROUNDS {
        history.live(chance.random_range(1..120));
        let events = history.write(&log).await;
        for node in &nodes {
            // A node that is not notified finds the events when it checks.
            if chance.random_bool(0.9) {
                node.bus.publish(events.clone().into());
            }
        }
        let nth = chance.random_range(0..nodes.len());
        match chance.random_range(0..8) {
            0 => {
                nodes[nth].stop().await;
                nodes[nth].start(log.clone());
            }
            1 => {
                let next = started(&engine, nth, round).await;
                std::mem::replace(&mut nodes[nth], next).crash().await;
            }
            2 => engine.execute("UPDATE checkpoints SET owner = NULL").await,
            3 => {
                let model = MODELS.choose(&mut chance).expect("read models").name;
                let (never, node) = (CancellationToken::new(), &nodes[nth]);
                rebuild(&node.projections, &log, &[model], &node.options, &never, |_| ()).await.expect("a rebuild");
            }
            4 => nodes[nth].caught_up(history.position()).await,
            _ => {}
        }
        for node in &nodes {
            agrees(node, &history, &mut chance, round).await;
        }
    }
    for node in &mut nodes {
        node.stop().await;
    }
    assert_equals_a_rebuild(&engine, &engine.node("last").await).await;
}

async fn started(engine: &Engine, nth: usize, round: u32) -> Node {
    let mut node = engine.node(&format!("node {nth} of round {round}")).await;
    node.options.limits = LIMITS[nth];
    node.start(engine.log().await);
    node
}

/// Every answer from memory equals what the domain derives from the same events.
async fn agrees(node: &Node, history: &History, chance: &mut ChaCha8Rng, round: u32) {
    let (fresh, first) = (Freshness::AtLeast(history.position()), PageRequest::first(100));
    let seen = |position: Position, behind: i64| assert_eq!((position, behind), (history.position(), 0), "{round}");

    let orders = orders(history);
    let some: Vec<OrderId> = (0..10).filter_map(|_| orders.choose(chance)).map(|order| order.id).collect();
    let answer = order_summary::by_numbers(&node.projections, &some, fresh).await.expect("an answer");
    seen(answer.position, answer.behind);
    let expected: BTreeMap<i64, CompactOrder> =
        some.iter().map(|id| (id.0, CompactOrder::of(history.states.order(*id).expect("an order").clone()))).collect();
    let found: BTreeMap<i64, CompactOrder> =
        answer.found.into_iter().map(|row| (row.order_id, row.the_order)).collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "round {round}");
    for (id, order) in &expected {
        assert!(
            found[id] == *order,
            "round {round}, order {id} at version {}: {}",
            order.0.version,
            found[id].0.version
        );
    }

    let filter = pending_orders::Filter { at: history.now, ..pending_orders::Filter::default() };
    let answer = pending_orders::pending_orders(&node.projections, &filter, first, fresh).await.expect("an answer");
    seen(answer.position, answer.behind);
    let owing = orders.iter().filter(|order| order.status().owes_goods()).map(|order| order.id.0);
    let listed: Vec<i64> = answer.found.orders.iter().map(|order| order.order_id).collect();
    assert_eq!(answer.found.total_count, owing.clone().count() as i64, "round {round}");
    assert_eq!(listed, owing.take(100).collect::<Vec<_>>(), "round {round}");

    let request = SalesRequest { basis: Basis::Booked, ..SalesRequest::default() };
    let answer = daily_sales::daily_sales(&node.projections, request, first, fresh).await.expect("an answer");
    seen(answer.position, answer.behind);
    let posted = history.told.iter().flat_map(|(_, event)| postings(event)).filter(|one| one.basis == Basis::Booked);
    let revenue: i64 = posted.map(|posting| posting.own.revenue()).sum();
    let told: i64 = answer.found.totals.iter().map(daily_sales::Sales::revenue).sum();
    assert_eq!(told, revenue, "round {round}");

    let products: Vec<_> = (0..40).map(product).collect();
    let answer = stock::stock_of(&node.projections, &products, fresh).await.expect("an answer");
    seen(answer.position, answer.behind);
    for level in answer.found {
        let stock = history.states.stock(orderlog_domain::ids::ProductId(level.product_id)).expect("stock");
        assert_eq!((level.on_hand, level.reserved), (stock.on_hand, stock.reserved), "round {round}: {level:?}");
    }
}
