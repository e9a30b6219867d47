//! Which pages a change concerns: an order's page gets news of its order only, a list at most once a second.

use std::time::Duration;

use anyhow::{Context as _, Result};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::json;
use tokio::time::Instant;

on_both_engines!(an_orders_page_hears_of_its_order_alone, a_list_hears_of_a_burst_once_a_second);

/// Somewhat less than a second: the first event may arrive late, and the next one in time.
const NEARLY_A_SECOND: Duration = Duration::from_millis(700);

/// News for the open page at this path.
struct News(reqwest::Response);

impl News {
    async fn of(shop: &Shop, page: &str) -> Result<News> {
        let url = format!("{}/live?page={page}", shop.node.url());
        Ok(News(shop.node.http().get(url).send().await?))
    }

    /// The position in the next event.
    async fn next(&mut self) -> Result<i64> {
        let mut event = String::new();
        // A stream says each second that it is there.
        while event.is_empty() || event.starts_with(':') {
            event = String::from_utf8(self.0.chunk().await?.context("an event")?.to_vec())?;
        }
        Ok(event.strip_prefix("id: ").and_then(|rest| rest.split('\n').next()).context("an id")?.parse()?)
    }
}

async fn head(shop: &Shop) -> Result<i64> {
    let head: serde_json::Value = shop.node.get("/v1/head").await?.json().await?;
    head["position"].as_i64().context("a position")
}

async fn an_orders_page_hears_of_its_order_alone(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let (mut page, mut papers, mut list) = (
        News::of(&shop, "/orders/1001").await?,
        News::of(&shop, "/orders/1001/print").await?,
        News::of(&shop, "/orders").await?,
    );
    // Another order, and the stock: nothing of this order changed.
    shop.mcp().ok("orders.set_hold", json!({ "order_id": 1002, "on": true })).await?;
    let other = list.next().await?;
    shop.mcp().ok("inventory.receive", json!({ "product": "TEA", "quantity": 1 })).await?;
    list.next().await?;
    let before = head(&shop).await?;
    check!(checks, other <= before, "{other} {before}");
    shop.mcp().ok("orders.set_hold", json!({ "order_id": 1001, "on": true })).await?;
    for news in [&mut page, &mut papers] {
        let told = news.next().await?;
        check!(
            checks,
            told > before,
            "the first that the page hears is of {told}, and its order changed after {before}"
        );
    }
    // Any page may show data of customers.
    let before = head(&shop).await?;
    shop.mcp().ok("customers.upsert", json!({ "customer": "ann@example.com", "phone": "+91 98765 43210" })).await?;
    let told = page.next().await?;
    check!(checks, told > before, "{told} {before}");
    checks.all_hold()
}

async fn a_list_hears_of_a_burst_once_a_second(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mut list = News::of(&shop, "/orders").await?;
    let change = async |on: bool| shop.mcp().ok("orders.set_hold", json!({ "order_id": 1001, "on": on })).await;
    change(true).await?;
    let mut told = list.next().await?;
    let mut heard = Instant::now();
    for _ in 0..2 {
        for turn in 0..6 {
            change(turn % 2 == 1).await?;
        }
        let head = head(&shop).await?;
        while told < head {
            told = list.next().await?;
            check!(checks, heard.elapsed() > NEARLY_A_SECOND, "told again after {:?}", heard.elapsed());
            heard = Instant::now();
        }
    }
    checks.all_hold()
}
