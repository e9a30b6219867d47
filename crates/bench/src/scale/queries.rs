//! The questions, each with the figures of its answer that the log also contains.

use chrono::{DateTime, SecondsFormat, Utc};
use orderlog_domain::ids::{OrderId, ProductId};
use serde_json::{Value, json};

use super::truth::{Moment, Truth};

/// The subjects of the questions.
#[derive(Debug)]
pub(super) struct Shop {
    /// How many there are.
    pub(super) orders: i64,
    pub(super) skus: Vec<String>,
    /// A moment in the middle of last week.
    pub(super) then: DateTime<Utc>,
}

impl Shop {
    /// Any order; the same for the same number.
    pub(super) fn order(&self, nth: u64) -> i64 {
        Shop::among(self.orders, nth)
    }

    /// Any order placed long before `then`: of a year's orders the first nine tenths are.
    pub(super) fn early_order(&self, nth: u64) -> i64 {
        Shop::among(self.orders * 9 / 10, nth)
    }

    fn among(orders: i64, nth: u64) -> i64 {
        OrderId::FIRST.0 + (scatter(nth) % orders.unsigned_abs().max(1)).cast_signed()
    }

    fn sku(&self, nth: u64) -> &str {
        let count = self.skus.len().max(1) as u64;
        self.skus.get((scatter(nth) % count) as usize).map_or("", String::as_str)
    }

    fn then(&self) -> String {
        self.then.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

/// SplitMix64: near numbers come far apart.
fn scatter(nth: u64) -> u64 {
    let mut z = nth.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One question.
pub(super) struct Query {
    pub(super) what: &'static str,
    pub(super) tool: &'static str,
    /// Arguments of its nth call.
    pub(super) arguments: fn(&Shop, u64) -> Value,
    /// Figures of the answer to these arguments, and what they ought to be.
    pub(super) figures: fn(&Truth, &Value, &Value) -> (Value, Value),
}

impl Query {
    /// Whether `tools/list` names the tool with all these arguments.
    pub(super) fn offered(&self, list: &Value) -> bool {
        let tools = list.get("tools").and_then(Value::as_array);
        let Some(tool) = tools.and_then(|tools| tools.iter().find(|tool| tool["name"] == self.tool)) else {
            return false;
        };
        let sample = (self.arguments)(&Shop { orders: 1, skus: vec![], then: DateTime::UNIX_EPOCH }, 0);
        let properties = &tool["inputSchema"]["properties"];
        sample.as_object().is_some_and(|sample| sample.keys().all(|name| properties.get(name).is_some()))
    }
}

/// All of them.
pub(super) fn queries() -> Vec<Query> {
    let query = |what, tool, arguments, figures| Query { what, tool, arguments, figures };
    vec![
        query("get_pending last week", "orders_get_pending", |_, _| json!({"date_range": "last week"}), pending_now),
        query(
            "report_sales last month",
            "orders_report_sales",
            |_, _| json!({"date_range": "last month"}),
            |truth, _, found| sales(found, truth.now.last_month),
        ),
        query(
            "orders.get",
            "orders_get",
            |shop, nth| json!({"order_id": shop.order(nth)}),
            |truth, asked, found| order(&truth.now, asked, found),
        ),
        query(
            "inventory.check",
            "inventory_check",
            |shop, nth| json!({"product": shop.sku(nth)}),
            |truth, _, found| stock(&truth.now, found),
        ),
        query(
            "get_pending last week, as of its middle",
            "orders_get_pending",
            |shop, _| json!({"date_range": "last week", "as_of": shop.then()}),
            |truth, _, found| (found["total_count"].clone(), truth.then.pending.into()),
        ),
        query(
            "report_sales this month, as of the middle of last week",
            "orders_report_sales",
            |shop, _| json!({"date_range": "this month", "as_of": shop.then()}),
            |truth, _, found| sales(found, truth.then.this_month),
        ),
        query(
            "report_sales last month by product, as of the same",
            "orders_report_sales",
            |shop, _| json!({"date_range": "last month", "group_by": "product", "as_of": shop.then()}),
            |truth, _, found| sales(found, truth.then.last_month),
        ),
        query(
            "orders.get as of the same",
            "orders_get",
            |shop, nth| json!({"order_id": shop.early_order(nth), "as_of": shop.then()}),
            |truth, asked, found| order(&truth.then, asked, found),
        ),
        query(
            "inventory.check as of the same",
            "inventory_check",
            |shop, nth| json!({"product": shop.sku(nth), "as_of": shop.then()}),
            |truth, _, found| stock(&truth.then, found),
        ),
        query(
            "orders.search last week",
            "orders_search",
            |_, _| json!({"date_range": "last week"}),
            |truth, _, found| (found["total_count"].clone(), truth.now.placed.into()),
        ),
        query(
            "orders.search of a product, last week",
            "orders_search",
            |shop, nth| json!({"date_range": "last week", "product": shop.sku(nth)}),
            nothing,
        ),
        query(
            "orders.search, all",
            "orders_search",
            |_, _| json!({}),
            |truth, _, found| (found["total_count"].clone(), truth.now.orders_placed.into()),
        ),
        query("orders.search by a name", "orders_search", |_, _| json!({"text": "priya"}), nothing),
        query("customers.search", "customers_search", |_, _| json!({"text": "sharma"}), nothing),
        query("products.search", "products_search", |_, _| json!({"text": "a"}), nothing),
        query(
            "report_sales last month by customer",
            "orders_report_sales",
            |_, _| json!({"date_range": "last month", "group_by": "customer"}),
            |truth, _, found| sales(found, truth.now.last_month),
        ),
        query(
            "sales.explain last month, first page",
            "sales_explain",
            |_, _| json!({"date_range": "last month", "show": "postings"}),
            |truth, _, found| (json!([found["agrees"], found["total_count"]]), json!([true, truth.now.postings])),
        ),
        query("inventory.reorder", "inventory_reorder", |_, _| json!({}), nothing),
    ]
}

fn pending_now(truth: &Truth, _: &Value, found: &Value) -> (Value, Value) {
    (found["total_count"].clone(), truth.now.pending.into())
}

fn sales(found: &Value, revenue: i64) -> (Value, Value) {
    (minor(&found["revenue"]), revenue.into())
}

/// Minor units of an amount with two decimals, as answers write it; null for anything else.
fn minor(amount: &Value) -> Value {
    let digits = |text: &str| text.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect::<String>();
    amount.as_str().and_then(|text| digits(text).parse::<i64>().ok()).into()
}

/// Status and total of an order that the log was read for.
fn order(moment: &Moment, asked: &Value, found: &Value) -> (Value, Value) {
    let got = json!([found["order"]["status"], minor(&found["order"]["totals"]["total"])]);
    let number = asked["order_id"].as_i64().unwrap_or(0);
    let expected = moment.orders.get(&number).map_or(Value::Null, |(status, total)| json!([status, total]));
    (got, expected)
}

fn stock(moment: &Moment, found: &Value) -> (Value, Value) {
    let got = json!([found["on_hand"], found["reserved"]]);
    let sku = found["sku"].as_str().unwrap_or_default();
    let expected = moment.stock.get(&ProductId::from_sku(sku));
    (got, expected.map_or(Value::Null, |(on_hand, reserved)| json!([on_hand, reserved])))
}

/// For answers that are not compared with the log.
fn nothing(_: &Truth, _: &Value, _: &Value) -> (Value, Value) {
    (Value::Null, Value::Null)
}
