//! What was earned with goods: net sales less what the units cost, where that is known (rule R13).

use std::collections::HashMap;

use orderlog_domain::{format::MoneyOut, ids::ProductId, money::Currency, postings::Basis, rejection::Rejection};
use orderlog_projections::{
    catalogue,
    daily_sales::{self, GroupBy, GroupKey, SalesGroup, SalesRequest},
};
use orderlog_read_models::Freshness;
use serde::Serialize;
use serde_json::Value;

use super::{group::Group, sorted::SortInput, split::GroupInput};
use crate::{
    answer::Short,
    facts::{Members, amount, as_object},
    failure::Failure,
    sentences::plural,
    shares::share,
    shop::OpenShop,
};

/// What the goods of a report brought; minor units of the shop's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Earned {
    /// Net sales of products whose cost is known.
    net: i128,
    cost: i128,
    /// Net sales of the others, and how many of them there are.
    net_without_cost: i128,
    without_cost: i64,
}

pub(super) struct Profits {
    home: Currency,
    whole: Earned,
    /// Net sales less cost, of products whose cost is known.
    products: HashMap<ProductId, i64>,
    /// All of them, who earned most first; the rest by revenue.
    pub(super) groups: Vec<SalesGroup>,
}

#[derive(Debug, Serialize)]
pub(super) struct ProfitView {
    /// Net sales less cost.
    profit: MoneyOut,
    /// Of the net sales; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    margin_percent: Option<String>,
    net_sales: MoneyOut,
    cost: MoneyOut,
    /// Net sales of products whose cost is not known; not part of the others.
    net_sales_without_cost: MoneyOut,
    products_without_cost: i64,
}

/// Refuses what earns nothing that could be told.
pub(super) fn check(basis: Basis, group_by: &[GroupInput], sort: Option<SortInput>) -> Result<(), Rejection> {
    if basis == Basis::Cash {
        let message = "Profit is told of goods that were sold, and money has none.";
        return Err(Rejection::invalid("basis", message).hint("Take the basis booked or shipped."));
    }
    if sort == Some(SortInput::Profit) && group_by != [GroupInput::Product] {
        let message = "Profit is told of the whole and of products; nothing else can be sorted by it.";
        return Err(Rejection::invalid("sort", message).hint("Give group_by [\"product\"] alone."));
    }
    Ok(())
}

impl Profits {
    pub(super) async fn of(shop: &OpenShop, request: &SalesRequest, fresh: Freshness) -> Result<Profits, Failure> {
        let home = shop.settings.currency;
        let request = SalesRequest {
            group_by: Some(GroupBy::Product),
            then_by: None,
            listed: None,
            sort: request.sort.or(Some(daily_sales::Sort::Revenue)),
            ..request.clone()
        };
        let mut groups = daily_sales::sales_of_every_product(&shop.projections, request, fresh).await?.found.groups;
        let ids: Vec<ProductId> = groups.iter().filter_map(product).collect();
        let costs = catalogue::costs_by_id(&shop.projections, &ids, fresh).await?.found;
        let costs: HashMap<ProductId, i64> = costs
            .into_iter()
            .filter(|product| product.currency == home.code())
            .filter_map(|product| Some((product.product_id, product.cost?)))
            .collect();
        let (mut whole, mut products) = (Earned::default(), HashMap::new());
        for group in groups.iter().filter(|group| group.sales.home == home.code()) {
            let Some(id) = product(group) else { continue };
            let net = i128::from(group.sales.own.net());
            match costs.get(&id) {
                Some(each) => {
                    let cost = i128::from(*each) * i128::from(group.sales.units);
                    (whole.net, whole.cost) = (whole.net + net, whole.cost + cost);
                    products.insert(id, narrow(net - cost));
                }
                None => {
                    whole.net_without_cost += net;
                    whole.without_cost += 1;
                }
            }
        }
        let earned = |group: &SalesGroup| product(group).and_then(|id| products.get(&id)).copied();
        groups.sort_by_key(|group| std::cmp::Reverse(earned(group)));
        Ok(Profits { home, whole, products, groups })
    }

    /// Writes the profit of products on their groups.
    pub(super) fn of_groups(&self, shop: &OpenShop, all: &[SalesGroup], shown: &mut [Group]) {
        for (group, shown) in all.iter().zip(shown) {
            let own = product(group).filter(|_| group.sales.home == self.home.code());
            let profit = own.and_then(|id| self.products.get(&id));
            shown.profit = profit.map(|profit| shop.wording.money(*profit, self.home));
            shown.of_profit = own.is_some();
        }
    }

    /// ` The goods earned ₹4,000: 40 % of net sales of ₹10,000, at the present cost of products. …`
    pub(super) fn in_words(&self, shop: &OpenShop) -> String {
        let Earned { net, cost, net_without_cost, without_cost } = self.whole;
        let amount = |minor: i128| shop.wording.amount(narrow(minor), self.home);
        let lacking = match without_cost {
            0 => String::new(),
            n => format!(
                ", nor {} of net sales of {} whose cost is not known",
                amount(net_without_cost),
                plural(n, "product")
            ),
        };
        if net == 0 && cost == 0 {
            return match without_cost {
                0 => " No goods were sold, so there is no profit.".to_owned(),
                n => format!(" What the goods earned is not known: {} without a cost.", plural(n, "product")),
            };
        }
        let share = share(net - cost, net).map(|share| format!(" ({share} %)")).unwrap_or_default();
        format!(
            " Profit on goods: {}{share}, which is net sales of {} less {} that the units cost, at the present cost of \
             products; shipping and goodwill are not in it{lacking}.",
            amount(net - cost),
            amount(net),
            amount(cost)
        )
    }

    pub(super) fn view(&self, shop: &OpenShop) -> ProfitView {
        let Earned { net, cost, net_without_cost, without_cost } = self.whole;
        let money = |minor: i128| shop.wording.money(narrow(minor), self.home);
        ProfitView {
            profit: money(net - cost),
            margin_percent: share(net - cost, net),
            net_sales: money(net),
            cost: money(cost),
            net_sales_without_cost: money(net_without_cost),
            products_without_cost: without_cost,
        }
    }
}

impl ProfitView {
    /// The sentence says it.
    pub(super) fn in_short(self, short: Short) -> Short {
        let mut members: Members = vec![("profit", amount(self.profit))];
        members.extend(self.margin_percent.map(|percent| ("margin_percent", percent.into())));
        members.extend([("net_sales", amount(self.net_sales)), ("cost", amount(self.cost))]);
        if self.products_without_cost > 0 {
            members.push(("net_sales_without_cost", amount(self.net_sales_without_cost)));
            members.push(("products_without_cost", self.products_without_cost.into()));
        }
        short.said("profit", Value::Object(as_object(members)))
    }
}

fn product(group: &SalesGroup) -> Option<ProductId> {
    match group.key {
        GroupKey::Product(id) => Some(id),
        _ => None,
    }
}

/// More than can be written is written as the most that can.
fn narrow(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}
