//! Answers of queries, compared with the domain's own folds of the same history.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use orderlog_domain::{
    event::Event,
    ids::OrderId,
    order::{Order, Status},
};
use orderlog_projections::{
    CompactOrder, catalogue, customers,
    order_summary::{self, Act},
    pending_orders::{self, OpenOrder, Scope, Sort},
    stock,
};
use orderlog_read_models::{Cursor, Days, Freshness, Matched, PageRequest, Projections};

use crate::{
    engine::Engine,
    history::{History, customer, product},
};
use orderlog_testkit::on_both_engines;

on_both_engines!(
    pending_orders_agree,
    summaries_agree,
    days_of_acts_agree,
    counts_of_days_agree,
    later_pages_count_what_the_first_counted,
    names_are_found,
    stock_agrees
);

/// Whether an order belongs to a scope, by the domain's own word.
type Fits = fn(&Order, DateTime<Utc>) -> bool;

pub(crate) const WHATEVER: Freshness = Freshness::Whatever;

/// A shop of 4,000 events: a node that has them in memory, and one that has but the tables.
pub(crate) async fn shop(engine: &Engine, seed: u64) -> ([Projections; 2], History) {
    let (log, mut history) = (engine.log().await, History::new(seed));
    history.live(4_000);
    history.write(&log).await;
    // It runs until the test ends.
    let node = engine.running("one").await;
    node.caught_up(history.position()).await;
    ([node.projections, engine.node("other").await.projections], history)
}

/// Every order of a history.
pub(crate) fn orders(history: &History) -> Vec<Order> {
    (OrderId::FIRST.0..).map_while(|id| history.states.order(OrderId(id)).ok().cloned()).collect()
}

async fn pending_orders_agree(engine: Engine) {
    let (both, history) = shop(&engine, 21).await;
    for projections in both {
        let orders = orders(&history);
        let now = history.now;
        let scopes: [(Scope, Fits); 5] = [
            (Scope::Pending, |order, _| order.status().owes_goods()),
            (Scope::Unconfirmed, |order, _| order.status() == Status::Pending),
            (Scope::OnHold, |order, now| order.on_hold_at(now) && order.status().owes_goods()),
            (Scope::Backordered, |order, _| order.backordered()),
            (Scope::Unpaid, |order, _| order.status() != Status::Cancelled && order.due() > 0),
        ];
        for (scope, fits) in scopes {
            for sort in [Sort::Oldest, Sort::Newest, Sort::Largest] {
                let filter = pending_orders::Filter { scope, sort, at: now, ..pending_orders::Filter::default() };
                let mut expected: Vec<i64> =
                    orders.iter().filter(|order| fits(order, now)).map(|order| order.id.0).collect();
                let mut found = vec![];
                let mut page = PageRequest::first(7);
                loop {
                    let answer =
                        pending_orders::pending_orders(&projections, &filter, page, WHATEVER).await.expect("answer");
                    assert_eq!(answer.found.total_count, expected.len() as i64, "{scope:?}");
                    for row in &answer.found.orders {
                        agrees(row, &orders[usize::try_from(row.order_id - OrderId::FIRST.0).expect("an order")], now);
                    }
                    found.extend(answer.found.orders.iter().map(|order| order.order_id));
                    let Some(next) = answer.found.next else { break };
                    page.cursor = Some(next.to_string().parse::<Cursor>().expect("a cursor survives its text"));
                }
                if sort == Sort::Oldest {
                    assert_eq!(found, expected, "oldest first, every page");
                }
                found.sort_unstable();
                expected.sort_unstable();
                assert_eq!(found, expected, "{scope:?} {sort:?}");
            }
        }
        let filter = pending_orders::Filter {
            customer: Some(customer(3)),
            products: vec![product(7), product(9)],
            placed: Days {
                from: chrono::NaiveDate::from_ymd_opt(2024, 10, 5),
                to: chrono::NaiveDate::from_ymd_opt(2030, 1, 1),
            },
            ..pending_orders::Filter::default()
        };
        pending_orders::pending_orders(&projections, &filter, PageRequest::first(1), WHATEVER).await.expect("answer");
    }
}

/// A row says of an order what the domain says, reopened or not.
#[track_caller]
fn agrees(row: &OpenOrder, order: &Order, now: DateTime<Utc>) {
    let said = (row.status.as_str(), row.payment_status.as_str(), row.on_hold, row.backordered);
    let hold = order.on_hold_at(now) && order.status().owes_goods();
    let known = (order.status().name(), order.payment_status().name(), hold, order.backordered());
    assert_eq!(said, known, "order {}", order.id);
    let amounts = (row.units_owed, row.total, row.due, row.placed_on.clone());
    let known = (order.unshipped(), order.current_totals().total, order.due(), order.placed_on.to_string());
    assert_eq!(amounts, known, "order {}", order.id);
    assert_eq!((row.customer_id, row.currency.as_str()), (order.customer_id.0, order.currency.code()));
    assert_eq!(Some(row.placed_at), order.times.placed.map(|at| at.timestamp_millis()));
}

/// Which orders were confirmed, shipped, cancelled and paid on which days, as the orders themselves say.
async fn days_of_acts_agree(engine: Engine) {
    let (both, history) = shop(&engine, 37).await;
    let on = |order: &Order, act: Act| -> Vec<NaiveDate> {
        let cancelled = order.times.cancelled.filter(|_| order.status() == Status::Cancelled);
        let shipped = order.shipments.iter().filter(|shipment| shipment.voided.is_none()).map(|shipment| shipment.at);
        let paid = order.payments.iter().filter(|payment| payment.undone.is_none()).map(|payment| payment.at);
        let times: Vec<DateTime<Utc>> = match act {
            Act::Confirmed => order.times.confirmed.into_iter().collect(),
            Act::Shipped => shipped.collect(),
            Act::Delivered => order.times.delivered.into_iter().collect(),
            Act::Cancelled => cancelled.into_iter().collect(),
            Act::Paid => paid.collect(),
            Act::Returned => order.times.returned.into_iter().collect(),
            Act::Refunded => order.refunds_made().map(|refund| refund.at).collect(),
        };
        times.into_iter().map(|at| at.date_naive()).collect()
    };
    for projections in both {
        let orders = orders(&history);
        let last = history.now.date_naive();
        let acts =
            [Act::Confirmed, Act::Shipped, Act::Delivered, Act::Cancelled, Act::Paid, Act::Returned, Act::Refunded];
        for act in acts {
            // Parts of an order arrive and come back on days that it does not keep.
            let keeps_days = !matches!(act, Act::Delivered | Act::Returned);
            let days_of_act = |order: &Order| on(order, act);
            let mut all: Vec<NaiveDate> = orders.iter().flat_map(days_of_act).collect();
            all.sort_unstable();
            // Few orders come back as a whole.
            let least = if act == Act::Returned { 10 } else { 20 };
            assert!(all.len() > least, "{act:?} {}", all.len());
            let middle = all[all.len() / 2];
            for days in [Days::default(), Days::between(middle, middle), Days::between(all[0], middle)] {
                let within =
                    |day: &NaiveDate| days.from.is_none_or(|from| *day >= from) && days.to.is_none_or(|to| *day <= to);
                let expected: Vec<i64> = orders
                    .iter()
                    .rev()
                    .filter(|order| on(order, act).iter().any(within))
                    .map(|order| order.id.0)
                    .collect();
                let filter = order_summary::Filter { acted: Some((act, days)), ..order_summary::Filter::default() };
                let (mut found, mut page) = (vec![], PageRequest::first(40));
                loop {
                    let answer = order_summary::order_summaries(&projections, &filter, page, WHATEVER)
                        .await
                        .expect("answer")
                        .found;
                    for row in &answer.orders {
                        let order = &orders[usize::try_from(row.order_id - OrderId::FIRST.0).expect("an order")];
                        let last = on(order, act).into_iter().filter(within).max();
                        if keeps_days {
                            let told = answer.acted_on.get(&row.order_id);
                            assert_eq!(told, last.map(|day| day.to_string()).as_ref(), "{act:?} {days:?}");
                        }
                    }
                    if keeps_days {
                        assert_eq!(answer.total_count, expected.len() as i64, "{act:?} {days:?}");
                    }
                    found.extend(answer.orders.iter().map(|row| row.order_id));
                    let Some(next) = answer.next else { break };
                    page.cursor = Some(next);
                }
                match act {
                    Act::Delivered | Act::Returned => assert!(expected.iter().all(|id| found.contains(id)), "{days:?}"),
                    _ => assert_eq!(found, expected, "{act:?} {days:?}"),
                }
            }
        }
        let back: BTreeSet<OrderId> = history
            .told
            .iter()
            .filter_map(|(_, event)| if let Event::UnitsReturned(fact) = event { Some(fact.order_id) } else { None })
            .collect();
        let acted = Some((Act::Returned, Days::default()));
        let filter = order_summary::Filter { acted, ..order_summary::Filter::default() };
        let page = PageRequest::first(1);
        let found = order_summary::order_summaries(&projections, &filter, page, WHATEVER).await.expect("answer").found;
        assert_eq!(found.total_count, back.len() as i64, "parts that came back count");
        let ever = Days { from: None, to: Some(last) };
        let times = order_summary::times_until(&projections, order_summary::Act::Shipped, ever, WHATEVER)
            .await
            .expect("answer");
        let mut expected: BTreeMap<i64, i64> = BTreeMap::new();
        for order in &orders {
            let waited = on(order, Act::Shipped).into_iter().map(|day| (day - order.placed_on).num_days()).max();
            waited.into_iter().for_each(|days| *expected.entry(days).or_default() += 1);
        }
        assert_eq!(times, expected.into_iter().collect::<Vec<_>>());
    }
}

/// Counts from the small tables of days equal counts of the single orders.
async fn counts_of_days_agree(engine: Engine) {
    let (both, history) = shop(&engine, 31).await;
    for projections in both {
        let orders = orders(&history);
        let first = orders.iter().map(|order| order.placed_on).min().expect("orders");
        let last = orders.iter().map(|order| order.placed_on).max().expect("orders");
        let middle = first + (last - first) / 2;
        let page = PageRequest::first(5);
        for days in [
            Days::default(),
            Days::between(first, middle),
            Days::between(middle, middle),
            Days { from: Some(middle), to: None },
        ] {
            let within = |order: &&Order| {
                days.from.is_none_or(|from| order.placed_on >= from) && days.to.is_none_or(|to| order.placed_on <= to)
            };
            for statuses in [vec![], vec![Status::Pending], vec![Status::Delivered, Status::Shipped]] {
                let fits =
                    |order: &&Order| within(order) && (statuses.is_empty() || statuses.contains(&order.status()));
                let filter = order_summary::Filter {
                    placed: days,
                    statuses: statuses.clone(),
                    ..order_summary::Filter::default()
                };
                let answer =
                    order_summary::order_summaries(&projections, &filter, page, WHATEVER).await.expect("answer").found;
                let units: i64 = orders.iter().filter(fits).flat_map(|o| &o.lines).map(|line| line.active()).sum();
                let total: i64 = orders.iter().filter(fits).map(|order| order.current_totals().total).sum();
                let newest: Vec<i64> = orders.iter().rev().filter(fits).take(5).map(|order| order.id.0).collect();
                assert_eq!(answer.total_count, orders.iter().filter(fits).count() as i64, "{filter:?}");
                assert_eq!(answer.sums.iter().map(|sum| sum.units).sum::<i64>(), units, "{filter:?}");
                assert_eq!(answer.sums.iter().map(|sum| sum.total).sum::<i64>(), total, "{filter:?}");
                assert_eq!(answer.orders.iter().map(|row| row.order_id).collect::<Vec<_>>(), newest, "{filter:?}");
            }
            let filter = pending_orders::Filter { placed: days, ..pending_orders::Filter::default() };
            let answer =
                pending_orders::pending_orders(&projections, &filter, page, WHATEVER).await.expect("answer").found;
            let owing = |order: &&Order| within(order) && order.status().owes_goods();
            let owed: i64 = orders.iter().filter(owing).map(Order::unshipped).sum();
            let oldest: Vec<i64> = orders.iter().filter(owing).take(5).map(|order| order.id.0).collect();
            assert_eq!(answer.total_count, orders.iter().filter(owing).count() as i64, "{days:?}");
            assert_eq!(answer.counts.iter().map(|count| count.units_owed).sum::<i64>(), owed, "{days:?}");
            assert_eq!(answer.orders.iter().map(|order| order.order_id).collect::<Vec<_>>(), oldest, "{days:?}");
        }
    }
}

async fn later_pages_count_what_the_first_counted(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(32));
    history.live(1_000);
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;
    let filter = order_summary::Filter::default();
    let mut page = PageRequest::first(4);
    let first = order_summary::order_summaries(&node.projections, &filter, page, WHATEVER).await.expect("answer").found;
    let known = orders(&history).len();
    history.live(1_000);
    node.bus.publish(history.write(&log).await.into());
    node.caught_up(history.position()).await;
    assert!(orders(&history).len() > known, "some were placed since");
    page.cursor = first.next;
    let second =
        order_summary::order_summaries(&node.projections, &filter, page, WHATEVER).await.expect("answer").found;
    assert_eq!((first.total_count, second.total_count), (known as i64, known as i64));
    node.stop().await;
}

async fn summaries_agree(engine: Engine) {
    let (both, history) = shop(&engine, 23).await;
    for projections in both {
        let orders = orders(&history);
        let search = async |filter: order_summary::Filter| {
            let page = PageRequest::first(100);
            order_summary::order_summaries(&projections, &filter, page, WHATEVER).await.expect("answer").found
        };
        let all = search(order_summary::Filter::default()).await;
        assert_eq!(all.total_count, orders.len() as i64);
        let total: i64 = orders.iter().map(|order| order.current_totals().total).sum();
        assert_eq!(all.sums.iter().map(|sum| sum.total).sum::<i64>(), total);
        for row in &all.orders {
            let order = history.order(OrderId(row.order_id));
            assert_eq!(row.the_order, CompactOrder::of(order.clone()));
            assert_eq!(row.status, order.status().name());
        }

        let text = |text: &str| order_summary::Filter { text: Some(text.into()), ..order_summary::Filter::default() };
        assert_eq!(search(text("#1002")).await.orders[0].order_id, 1002);
        for imported in ["#AA1005", " aa1005 ", "Aa1005"] {
            let found = search(text(imported)).await.orders;
            assert_eq!(found.iter().map(|row| row.order_id).collect::<Vec<_>>(), [1005], "{imported}");
        }
        assert_eq!(search(text("AA1006")).await.total_count, 0);
        let holding =
            orders.iter().filter(|order| order.lines.iter().any(|line| line.product_id == product(12))).count();
        assert_eq!(search(text("sku-12")).await.total_count, holding as i64);
        assert_eq!(search(text("100%_\\")).await.total_count, 0);
        let filter = order_summary::Filter {
            statuses: vec![Status::Delivered, Status::Shipped],
            payment_statuses: vec![orderlog_domain::order::PaymentStatus::Paid],
            customer: Some(customer(1)),
            products: vec![product(2)],
            min_total: Some(1),
            max_total: Some(i64::MAX),
            or_customers: vec![customer(2)],
            sort: order_summary::Sort::Largest,
            ..text("product")
        };
        search(filter).await;
    }
}

async fn names_are_found(engine: Engine) {
    let (both, _) = shop(&engine, 24).await;
    for projections in both {
        let find = async |text: &str| {
            let found = catalogue::find_products(&projections, text, 5, WHATEVER).await.expect("answer").found;
            (found.how, found.items.len())
        };
        assert_eq!(find(" sku-7 ").await, (Matched::Identifier, 1));
        assert_eq!(find("Product Number 7").await, (Matched::Name, 1));
        assert_eq!(find("product number 3").await, (Matched::Name, 1));
        assert_eq!(find("product num").await, (Matched::Prefix, 5));
        assert_eq!(find("number 39").await, (Matched::Words, 1));
        assert_eq!(find("39 product").await, (Matched::Words, 1));
        assert_eq!(find("prodcut numbr 7").await.0, Matched::Alike);
        assert_eq!(find("'; DROP TABLE catalogue; --").await, (Matched::Nothing, 0));

        let find = async |text: &str| {
            let found = customers::find_customers(&projections, text, 5, WHATEVER).await.expect("answer").found;
            (found.how, found.items.len())
        };
        assert_eq!(find("ASHA7@example.com").await, (Matched::Identifier, 1));
        assert_eq!(find("asha number7").await, (Matched::Name, 1));
        assert_eq!(find("asha").await, (Matched::Words, 5));
        assert_eq!(find("ash").await, (Matched::Prefix, 5));
        assert_eq!(find("ahsa numbre7").await.0, Matched::Alike);

        let page = PageRequest::first(30);
        let list =
            catalogue::products(&projections, Some("number 1"), false, page, WHATEVER).await.expect("answer").found;
        assert_eq!(list.total_count, 11);
        let list =
            customers::customers(&projections, None, PageRequest::first(10), WHATEVER).await.expect("answer").found;
        assert_eq!((list.total_count, list.customers.len(), list.next.is_some()), (25, 10, true));
        let by_id =
            customers::customers_by_id(&projections, &[customer(1), customer(2)], WHATEVER).await.expect("answer");
        assert_eq!(by_id.found.len(), 2);
        let by_id = catalogue::names_by_id(&projections, &[product(1)], WHATEVER).await.expect("answer");
        assert_eq!(by_id.found[0].sku, "SKU-1");
        let none = catalogue::names_by_id(&projections, &[], WHATEVER).await.expect("answer");
        assert_eq!((none.found, none.position), (vec![], by_id.position));
        let unknown = catalogue::names_by_id(&projections, &[product(99)], WHATEVER).await.expect("answer");
        assert_eq!((unknown.found, unknown.position), (vec![], by_id.position));
    }
}

async fn stock_agrees(engine: Engine) {
    let (both, history) = shop(&engine, 25).await;
    for projections in both {
        let products: Vec<_> = (0..40).map(product).collect();
        let levels = stock::stock_of(&projections, &products, WHATEVER).await.expect("answer").found;
        assert_eq!(levels.len(), 40);
        for level in levels {
            let product_id = orderlog_domain::ids::ProductId(level.product_id);
            let stock = history.states.stock(product_id).expect("stock");
            assert_eq!(
                (level.on_hand, level.reserved, level.available()),
                (stock.on_hand, stock.reserved, stock.available())
            );
        }
        let page = PageRequest::first(3);
        let low = stock::low_stock(&projections, Some(i64::MAX), page, WHATEVER).await.expect("answer").found;
        assert_eq!((low.total_count, low.products.len(), low.next.is_some()), (40, 3, true));
        let low = stock::low_stock(&projections, None, page, WHATEVER).await.expect("answer").found;
        assert_eq!(low.total_count, 0);
    }
}
