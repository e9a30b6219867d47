//! Answers of sales reports, compared with the postings that the domain makes of the same history.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike as _, Timelike as _, Weekday};
use chrono_tz::Tz;
use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{Position, ProductId},
    postings::{Basis, Posting, postings},
};
use orderlog_projections::daily_sales::{self, GroupBy, GroupKey, Rhythm, SalesRequest, Selection};
use orderlog_read_models::{Days, PageRequest};
use orderlog_testkit::on_both_engines;

use crate::{
    engine::Engine,
    queries::{WHATEVER, orders, shop},
};

on_both_engines!(sales_agree, postings_explain_every_figure, sales_of_the_past_agree, what_comes_again_agrees);

async fn sales_agree(engine: Engine) {
    let (both, history) = shop(&engine, 22).await;
    for projections in both {
        let mut revenue: BTreeMap<&str, i64> = BTreeMap::new();
        for order in orders(&history) {
            *revenue.entry(order.currency.code()).or_default() += order.current_totals().revenue;
        }
        let groupings = [
            GroupBy::Day,
            GroupBy::Week(Weekday::Mon),
            GroupBy::Month,
            GroupBy::Product,
            GroupBy::Customer,
            GroupBy::TaxRate,
        ]
        .map(Some);
        for group_by in groupings.into_iter().chain([None]) {
            let request = SalesRequest { group_by, ..SalesRequest::default() };
            let mut page = PageRequest::first(9);
            let mut groups = vec![];
            loop {
                let answer =
                    daily_sales::daily_sales(&projections, request.clone(), page, WHATEVER).await.expect("answer");
                let totals: BTreeMap<&str, i64> =
                    answer.found.totals.iter().map(|sales| (sales.currency.as_str(), sales.revenue())).collect();
                assert_eq!(totals, revenue);
                groups.extend(answer.found.groups);
                page.cursor = answer.found.next;
                if page.cursor.is_none() {
                    assert_eq!(groups.len() as i64, answer.found.total_groups);
                    break;
                }
            }
            if group_by.is_some() {
                let sum: i64 = groups.iter().map(|group| group.sales.revenue()).sum();
                assert_eq!(sum, revenue.values().sum::<i64>(), "groups add up to the total: {group_by:?}");
            }
        }
    }
}

/// The sums of all postings equal the sums in the tables, in total and in every part, and as of every position.
async fn postings_explain_every_figure(engine: Engine) {
    let (both, history) = shop(&engine, 29).await;
    for projections in both {
        let sum =
            |report: &daily_sales::SalesReport| -> i64 { report.totals.iter().map(|sales| sales.own.total()).sum() };
        for basis in Basis::ALL {
            let request = SalesRequest { basis, ..SalesRequest::default() };
            let mut selections = vec![Selection { request: request.clone(), ..Selection::default() }];
            for group_by in [GroupBy::Day, GroupBy::Product, GroupBy::Customer, GroupBy::TaxRate] {
                let grouped = SalesRequest { group_by: Some(group_by), ..request.clone() };
                let page = PageRequest::first(100);
                let answer = daily_sales::daily_sales(&projections, grouped, page, WHATEVER).await.expect("answer");
                for group in answer.found.groups {
                    let all = Selection { request: request.clone(), ..Selection::default() };
                    selections.push(match group.key {
                        GroupKey::From(day) => Selection {
                            request: SalesRequest { days: Days::between(day, day), ..request.clone() },
                            ..all
                        },
                        GroupKey::Product(id) => {
                            Selection { request: SalesRequest { products: vec![id], ..request.clone() }, ..all }
                        }
                        GroupKey::Shipping => {
                            let products = vec![ProductId(uuid::Uuid::nil())];
                            Selection { request: SalesRequest { products, ..request.clone() }, ..all }
                        }
                        GroupKey::Customer(id) => {
                            Selection { request: SalesRequest { customer: Some(id), ..request.clone() }, ..all }
                        }
                        GroupKey::TaxRate(rate) => {
                            Selection { request: SalesRequest { tax_rate: Some(rate), ..request.clone() }, ..all }
                        }
                        GroupKey::Hour(_) | GroupKey::Weekday(_) => unreachable!("nothing is grouped by it here"),
                    });
                }
            }
            for (nth, selection) in selections.iter().enumerate() {
                // Small pages once; they take a statement each.
                let mut page = PageRequest::first(if nth == 0 { 7 } else { 100 });
                let (mut told, mut count) = (0, 0);
                loop {
                    let answer =
                        daily_sales::explain(&projections, selection, page, WHATEVER).await.expect("answer").found;
                    assert_eq!(answer.sums, answer.reported, "{selection:?}");
                    told += answer.postings.iter().map(|posting| posting.sales.own.total()).sum::<i64>();
                    count += answer.postings.len() as i64;
                    page.cursor = answer.next;
                    if page.cursor.is_none() {
                        assert_eq!(count, answer.total_count);
                        assert_eq!(told, answer.sums.iter().map(|sales| sales.own.total()).sum::<i64>());
                        break;
                    }
                }
            }
            let now = daily_sales::daily_sales(&projections, request.clone(), PageRequest::first(1), WHATEVER)
                .await
                .expect("answer");
            let last = SalesRequest { as_of: Some(history.position()), ..request.clone() };
            let then =
                daily_sales::daily_sales(&projections, last, PageRequest::first(1), WHATEVER).await.expect("answer");
            assert_eq!(sum(&now.found), sum(&then.found));
            let half = Position(history.position().0 / 2);
            let early = SalesRequest { as_of: Some(half), ..request };
            let then =
                daily_sales::daily_sales(&projections, early, PageRequest::first(1), WHATEVER).await.expect("answer");
            let expected: i64 = history
                .told
                .iter()
                .filter(|(position, _)| *position <= half)
                .flat_map(|(_, event)| postings(event))
                .filter(|posting| posting.basis == basis)
                .map(|posting| posting.own.total())
                .sum();
            assert_eq!(sum(&then.found), expected, "{basis:?} as of {half}");
        }
    }
}

/// Sums of days and single postings together come to what was posted by then, in every group.
async fn sales_of_the_past_agree(engine: Engine) {
    let (both, history) = shop(&engine, 30).await;
    for projections in both {
        for nth in 1..8 {
            let as_of = Position(history.position().0 * nth / 8 + nth);
            let posted =
                || history.told.iter().filter(|(position, _)| *position <= as_of).flat_map(|(_, e)| postings(e));
            for (basis, group_by) in
                Basis::ALL.into_iter().flat_map(|b| [(b, GroupBy::Product), (b, GroupBy::Customer)])
            {
                let mut expected: HashMap<GroupKey, (i64, i64)> = HashMap::new();
                for posting in posted().filter(|posting| posting.basis == basis) {
                    let key = match (group_by, posting.product_id) {
                        (GroupBy::Product, Some(id)) => GroupKey::Product(id),
                        (GroupBy::Product, None) => GroupKey::Shipping,
                        _ => GroupKey::Customer(posting.customer_id),
                    };
                    let sum = expected.entry(key).or_default();
                    *sum = (sum.0 + posting.units, sum.1 + posting.own.total());
                }
                let request =
                    SalesRequest { basis, group_by: Some(group_by), as_of: Some(as_of), ..SalesRequest::default() };
                let mut found: HashMap<GroupKey, (i64, i64)> = HashMap::new();
                let mut page = PageRequest::first(100);
                loop {
                    let answer = daily_sales::daily_sales(&projections, request.clone(), page, WHATEVER)
                        .await
                        .expect("answer")
                        .found;
                    for group in answer.groups {
                        let sum = found.entry(group.key).or_default();
                        *sum = (sum.0 + group.sales.units, sum.1 + group.sales.own.total());
                    }
                    page.cursor = answer.next;
                    if page.cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(found, expected, "{basis:?} {group_by:?} as of {as_of}");
            }
        }
    }
}

/// Every hour and every weekday has what was posted then, now and as of earlier positions, of all and of one product, and so has
/// every customer.
async fn what_comes_again_agrees(engine: Engine) {
    let (both, history) = shop(&engine, 31).await;
    let log = engine.log().await;
    let mut events = vec![];
    while let Some(page) = Some(log.read(Position(events.len() as i64), 1_000).await.expect("the log"))
        && !page.is_empty()
    {
        events.extend(page.iter().map(|recorded| envelope::decode(&recorded.json).expect("an event")));
    }
    assert_eq!(events.len() as i64, history.position().0);
    let rhythms = [Rhythm::Hour(Tz::Asia__Kolkata), Rhythm::Hour(Tz::America__New_York), Rhythm::Weekday(Weekday::Mon)];
    let moments =
        [None, Some(1), Some(4), Some(7)].map(|nth| nth.map(|nth| Position(history.position().0 * nth / 8 + nth)));
    let one = posted_product(&events);
    for projections in both {
        for (basis, as_of, products) in Basis::ALL
            .into_iter()
            .flat_map(|basis| moments.map(|as_of| (basis, as_of)))
            .flat_map(|(basis, as_of)| [vec![], vec![one]].map(|products| (basis, as_of, products)))
        {
            let request = SalesRequest { basis, as_of, products: products.clone(), ..SalesRequest::default() };
            let of = |key: &dyn Fn(&Envelope<Event>, &Posting) -> GroupKey| {
                let mut expected: HashMap<GroupKey, (i64, i64, i64)> = HashMap::new();
                for event in events.iter().filter(|event| as_of.is_none_or(|as_of| event.position <= as_of)) {
                    let wanted = |posting: &Posting| {
                        posting.basis == basis && (products.is_empty() || posting.product_id == Some(one))
                    };
                    for posting in postings(&event.data).into_iter().filter(wanted) {
                        let orders = if products.is_empty() { posting.orders } else { posting.holds };
                        let sum = expected.entry(key(event, &posting)).or_default();
                        *sum = (sum.0 + orders, sum.1 + posting.units, sum.2 + posting.home.total());
                    }
                }
                expected
            };
            let added_up = |groups: Vec<daily_sales::SalesGroup>| {
                let mut found: HashMap<GroupKey, (i64, i64, i64)> = HashMap::new();
                for group in groups {
                    let (sum, sales) = (found.entry(group.key).or_default(), group.sales);
                    *sum = (sum.0 + sales.orders, sum.1 + sales.units, sum.2 + sales.own.total());
                }
                found
            };
            for rhythm in rhythms {
                let answer = daily_sales::sales_by_rhythm(&projections, request.clone(), rhythm, WHATEVER).await;
                let expected = of(&|event, _| match rhythm {
                    Rhythm::Hour(zone) => GroupKey::Hour(event.provenance.occurred_at.with_timezone(&zone).hour()),
                    Rhythm::Weekday(_) => GroupKey::Weekday(event.provenance.business_date.weekday()),
                });
                let told = as_of.is_none() && products.is_empty();
                assert!(expected.len() > 4 || !told, "{rhythm:?} has {} groups", expected.len());
                let found = added_up(answer.expect("answer").found.groups);
                assert_eq!(found, expected, "{basis:?} {rhythm:?} as of {as_of:?} {products:?}");
            }
            let answer = daily_sales::sales_of_every_customer(&projections, request, WHATEVER).await;
            let expected = of(&|_, posting| GroupKey::Customer(posting.customer_id));
            assert_eq!(added_up(answer.expect("answer").found.groups), expected, "{basis:?} as of {as_of:?}");
        }
    }
}

fn posted_product(events: &[Envelope<Event>]) -> ProductId {
    events.iter().flat_map(|event| postings(&event.data)).find_map(|posting| posting.product_id).expect("a product")
}
