//! Who ordered what and when, against the domain's own folds of the same history.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use orderlog_domain::{
    ids::{CustomerId, ProductId},
    order::{Order, Status},
};
use orderlog_projections::order_summary::{self, Buying};
use orderlog_read_models::{Days, PageRequest};
use orderlog_testkit::on_both_engines;
use uuid::Uuid;

use crate::{
    engine::Engine,
    queries::{WHATEVER, orders, shop},
};

on_both_engines!(buyers_agree);

/// What an answer says of a customer: orders, the last of them, its day, and what they come to.
type Bought = (i64, i64, NaiveDate, BTreeMap<String, i64>);

/// The customers of a fold, whoever ordered most often first, of equals who ordered last.
fn expected(orders: &[Order], buying: &Buying) -> Vec<(Uuid, Bought)> {
    let counted = |order: &&Order| order.status() != Status::Cancelled;
    let lately = |customer: CustomerId| {
        let mut theirs = orders.iter().filter(counted).filter(|order| order.customer_id == customer);
        buying.not_since.is_some_and(|day| theirs.any(|order| order.placed_on >= day))
    };
    let within = |day: NaiveDate| {
        buying.placed.from.is_none_or(|from| day >= from) && buying.placed.to.is_none_or(|to| day <= to)
    };
    let before = |customer: CustomerId| {
        let mut theirs = orders.iter().filter(counted).filter(|order| order.customer_id == customer);
        buying.for_the_first_time && theirs.any(|order| buying.placed.from.is_some_and(|from| order.placed_on < from))
    };
    let mut found: BTreeMap<Uuid, Bought> = BTreeMap::new();
    for order in orders.iter().filter(counted) {
        let holds = |id: &ProductId| order.lines.iter().any(|line| line.product_id == *id);
        let fits = within(order.placed_on)
            && (buying.products.is_empty() || buying.products.iter().any(holds))
            && buying.among.as_ref().is_none_or(|among| among.contains(&order.customer_id))
            && !lately(order.customer_id)
            && !before(order.customer_id);
        if fits {
            let bought = found.entry(order.customer_id.0).or_insert((0, 0, order.placed_on, BTreeMap::new()));
            (bought.0, bought.1, bought.2) = (bought.0 + 1, order.id.0, order.placed_on);
            *bought.3.entry(order.currency.code().to_owned()).or_default() += order.current_totals().total;
        }
    }
    let mut found: Vec<(Uuid, Bought)> = found.into_iter().collect();
    found.sort_by_key(|(_, bought)| std::cmp::Reverse((bought.0, bought.1)));
    found
}

async fn buyers_agree(engine: Engine) {
    let (both, history) = shop(&engine, 29).await;
    let orders = orders(&history);
    let (first, last) = (orders[0].placed_on, orders[orders.len() - 1].placed_on);
    let middle = orders[orders.len() / 2].placed_on;
    let (late, product) = (orders[orders.len() * 9 / 10].placed_on, orders[7].lines[0].product_id);
    let all = Buying::default;
    let mut cut_off = 0;
    for projections in both {
        for buying in [
            all(),
            Buying { placed: Days::between(middle, middle), ..all() },
            Buying { placed: Days::between(first, middle), products: vec![product], ..all() },
            Buying { not_since: Some(middle), ..all() },
            Buying { placed: Days::between(middle, last), for_the_first_time: true, ..all() },
            Buying { not_since: Some(late), products: vec![product], ..all() },
            Buying { not_since: last.succ_opt(), ..all() },
            Buying { among: Some(vec![orders[3].customer_id]), ..all() },
            Buying { among: Some(vec![]), ..all() },
        ] {
            let expected = expected(&orders, &buying);
            cut_off += i64::from(buying.not_since.is_some() && !expected.is_empty());
            let (mut found, mut page) = (vec![], PageRequest::first(3));
            loop {
                let answer = order_summary::buyers(&projections, &buying, page, WHATEVER).await.expect("answer").found;
                assert_eq!(answer.total_count, expected.len() as i64, "{buying:?}");
                for buyer in answer.buyers {
                    let theirs = answer.worth.iter().filter(|(customer, ..)| *customer == buyer.customer_id);
                    let worth = theirs.map(|(_, currency, total)| (currency.clone(), *total)).collect();
                    let day = buyer.last_on.parse().expect("a day");
                    found.push((buyer.customer_id, (buyer.orders, buyer.last_order, day, worth)));
                }
                let Some(next) = answer.next else { break };
                page.cursor = Some(next);
            }
            assert_eq!(found, expected, "{buying:?}");
        }
        for day in [first, middle, late] {
            let sold = order_summary::products_ordered_since(&projections, day, WHATEVER).await.expect("answer");
            let since = orders.iter().filter(|order| order.placed_on >= day && order.status() != Status::Cancelled);
            let expected: HashSet<Uuid> =
                since.flat_map(|order| order.lines.iter().map(|line| line.product_id.0)).collect();
            assert_eq!(sold.found, expected, "{day}");
        }
    }
    assert!(cut_off > 0, "somebody has not ordered for long");
}
