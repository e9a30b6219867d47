//! products.search: the catalogue.

mod unsold;

use std::sync::Arc;

use orderlog_domain::format::MoneyOut;
use orderlog_projections::catalogue::{self, Product};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    answer::{Short, Told},
    facts::amount,
    failure::Failure,
    query::{Frame, Interpretation, Paging, nearest},
    sentences,
    shop::OpenShop,
    table::{self, Table},
    tool::Tool,
};

/// Products by words of name or SKU; all when left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Words in any order, or their beginnings.
    #[serde(default)]
    #[schemars(length(max = 254))]
    text: Option<String>,
    /// Also those that can no longer be ordered.
    #[serde(default)]
    include_archived: bool,
    /// Only what nobody ordered for so long, most on hand first: "60 days".
    #[serde(default)]
    #[schemars(length(max = 100))]
    no_order_for: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// One page.
    products: Vec<Row>,
    /// Products over all pages.
    total_count: i64,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    sku: String,
    name: String,
    /// Of one unit.
    price: MoneyOut,
    /// Percent.
    tax_rate: String,
    /// Whether the price includes tax.
    tax_inclusive: bool,
    /// deny, backorder or untracked.
    policy: String,
    /// Of one unit, to the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<MoneyOut>,
    /// Days from ordering it to having it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_time_days: Option<i64>,
    archived: bool,
    /// Of what was not ordered for long.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_hand: Option<i64>,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let rows: Table = self.products.into_iter().map(Row::in_short).collect();
        let short = self.frame.open().table("products", rows, self.total_count);
        self.frame.close(short)
    }
}

impl Row {
    fn of(shop: &OpenShop, product: &Product, on_hand: Option<i64>) -> Row {
        Row {
            sku: product.sku.clone(),
            name: product.name.clone(),
            price: shop.wording.money_in(product.price, &product.currency),
            tax_rate: product.tax_rate.clone(),
            tax_inclusive: product.tax_inclusive,
            policy: product.policy.clone(),
            cost: product.cost.map(|cost| shop.wording.money_in(cost, &product.currency)),
            lead_time_days: product.lead_time_days,
            archived: product.archived,
            on_hand,
        }
    }

    fn in_short(self) -> table::Row {
        let row = table::Row::default()
            .cell("sku", self.sku)
            .cell("name", self.name)
            .cell("price", amount(self.price))
            .flag("tax_inclusive", self.tax_inclusive)
            .cell("tax_rate", self.tax_rate)
            .cell("policy", self.policy)
            .some("cost", self.cost.map(amount));
        let row = self.on_hand.into_iter().fold(row, |row, on_hand| row.cell("on_hand", on_hand));
        row.flag("archived", self.archived)
    }
}

pub(super) fn search() -> Tool {
    Tool::listing("products.search", "Search products", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let (text, page, fresh) = (input.text.as_deref(), paging.request()?, shop.moments.fresh().await?);
    if let Some(since) = input.no_order_for.as_deref().filter(|text| !text.trim().is_empty()) {
        let among = (text, input.include_archived);
        let answer = unsold::find(&shop, among, since, page, fresh).await?;
        let found = &answer.found;
        let products = found.products.iter().map(|(product, on_hand)| Row::of(&shop, product, *on_hand)).collect();
        let frame = Frame::of(&answer, found.next, Interpretation::default(), found.text.clone());
        return Ok(Output { products, total_count: found.total_count, frame });
    }
    let answer = catalogue::products(&shop.projections, text, input.include_archived, page, fresh).await?;
    let products: Vec<Row> = answer.found.products.iter().map(|product| Row::of(&shop, product, None)).collect();
    let total_count = answer.found.total_count;
    let text = match (total_count, products.as_slice()) {
        (0, _) => "No product fits.".to_owned(),
        (1, [only]) => {
            let price = only.price.currency.parse().map(|currency| shop.wording.amount(only.price.minor, currency));
            format!("{} ({}) costs {}.", only.name, only.sku, price.unwrap_or_default())
        }
        (n, _) if input.text.is_none() => format!("There are {}.", sentences::plural(n, "product")),
        (n, _) => format!("{} fit.", sentences::plural(n, "product")),
    };
    let names = nearest(answer.found.how, input.text.as_deref()).into_iter().collect();
    let interpretation = Interpretation { names, ..Interpretation::default() };
    let frame = Frame::of(&answer, answer.found.next, interpretation, text);
    Ok(Output { products, total_count, frame })
}
