//! The pages: what they show is what tools answer, as text, in a frame that lets nothing else in.

use anyhow::{Context as _, Result, ensure};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::json;

on_both_engines!(pages_show_what_tools_answer_and_nothing_else);

async fn pages_show_what_tools_answer_and_nothing_else(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let get = async |path: &str| -> Result<(u16, String)> {
        let answer = shop.node.get(path).await?;
        let status = answer.status().as_u16();
        let policy = answer.headers().get("content-security-policy").context("a policy")?.to_str()?.to_owned();
        ensure!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        let kinds: Vec<_> = answer.headers().get_all("content-type").iter().collect();
        ensure!(kinds == ["text/html; charset=utf-8"], "{path}: {kinds:?}");
        Ok((status, answer.text().await?))
    };
    let (status, empty) = get("/orders").await?;
    check!(checks, status == 200 && empty.contains("No orders yet"), "{status} {empty}");

    let name = "<script>alert(1)</script>";
    shop.customer(name, "asha@example.com").await?;
    shop.stock("PEN", "Fountain <b>pen</b>", "1234.50", 5).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    shop.mcp().ok("orders.create_order", order).await?;
    let sales = shop.mcp().full("orders.report_sales", json!({ "date": "today" })).await?;
    let revenue = sales["figures"]["revenue"]["formatted"].as_str().context("a revenue")?.to_owned();
    let told = shop.mcp().full("orders.get", json!({ "order_id": 1001 })).await?;
    let total = told["order"]["totals"]["total"]["formatted"].as_str().context("a total")?.to_owned();

    let (_, today) = get("/").await?;
    check!(checks, today.contains(&revenue) && today.contains("/orders/1001"), "no {revenue} in {today}");
    for path in
        ["/orders", "/orders?view=to_ship", "/orders?view=unpaid", "/orders?text=pen&customer=asha%40example.com"]
    {
        let (status, list) = get(path).await?;
        check!(checks, status == 200 && list.contains("/orders/1001") && list.contains(&total), "{path}: {list}");
        check!(checks, list.contains("&lt;script&gt;") && !list.contains("<script>"), "{path} runs what was typed");
    }
    for (path, said) in
        [("/orders?view=on_hold", "Nothing is open here"), ("/orders?date_range=yesterday", "Nothing matches")]
    {
        let (_, list) = get(path).await?;
        check!(checks, list.contains(said), "{path} does not say {said}: {list}");
    }
    shop.mcp().ok("orders.ship", json!({ "order_id": 1001, "carrier": "<i>Garuda</i>", "tracking": "T-1" })).await?;
    let (_, page) = get("/orders/1001").await?;
    for part in [&*total, "shipped", "T-1", "&lt;i&gt;Garuda", "orderlog-tests", "Fountain &lt;b&gt;pen"] {
        check!(checks, page.contains(part), "the order's page does not show {part}: {page}");
    }
    check!(checks, !page.contains("<script>") && !page.contains("<i>"), "the order's page runs what was typed");
    let (_, then) = get("/orders/1001?as_of=%402").await?;
    check!(checks, then.contains("There was no order #1001"), "{then}");

    for (path, expected) in [("/orders/9999", 404), ("/orders/x", 404), ("/orders?date_range=whenever", 400)] {
        let (status, page) = get(path).await?;
        check!(checks, status == expected && page.contains("role=\"alert\""), "{path} answered {status}: {page}");
    }
    for (header, value) in [("Origin", "https://evil.example"), ("Host", "evil.example")] {
        let request = shop.node.http().get(format!("{}/orders", shop.node.url())).header(header, value);
        check!(checks, request.send().await?.status() == 403, "{header}: {value} was let in");
    }
    checks.all_hold()
}
