//! The pages of the whole shop: their figures are the tools' own, texts of people stay texts, and a moment of the past goes
//! along from page to page.

use anyhow::{Context as _, Result, ensure};
use orderlog_tests::{Checks, Node, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    every_page_shows_the_figures_of_its_tools,
    texts_of_people_stay_texts_on_every_page,
    the_whole_shop_is_turned_back,
    particulars_are_on_no_page_of_who_may_not_see_them,
    a_list_of_orders_is_a_file_that_runs_nothing
);

/// A visitor's answer for a path.
async fn get(node: &Node, path: &str, key: Option<&str>) -> Result<(u16, String)> {
    let mut request = node.http().get(format!("{}{path}", node.url()));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

async fn page(shop: &Shop, path: &str) -> Result<String> {
    let (status, page) = get(&shop.node, path, None).await?;
    ensure!(status == 200, "{path} answered {status}: {page}");
    Ok(page)
}

fn shown(amount: &Value) -> Result<&str> {
    amount["formatted"].as_str().with_context(|| format!("no amount: {amount}"))
}

/// Two products, two customers, three orders: one shipped and paid, one on hold, one that waits for goods.
async fn busy(shop: &Shop) -> Result<()> {
    let mcp = shop.mcp();
    shop.stock("TEA", "Assam tea", "100.00", 9).await?;
    let mug = json!({ "sku": "MUG/1 B", "name": "Blue mug", "price": "249.50", "tax_rate": "18", "policy": "backorder", "backorder_limit": 100, "low_stock_threshold": 4, "cost": "80.00" });
    mcp.ok("products.upsert", mug).await?;
    mcp.ok("inventory.receive", json!({ "product": "MUG/1 B", "quantity": 3 })).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.customer("Ben Okri", "ben@example.com").await?;
    for (customer, product, quantity) in
        [("asha@example.com", "TEA", 2), ("ben@example.com", "MUG/1 B", 5), ("asha@example.com", "TEA", 1)]
    {
        let order = json!({ "customer": customer, "lines": [{ "product": product, "quantity": quantity }] });
        mcp.ok("orders.create_order", order).await?;
    }
    mcp.ok(
        "orders.record_payment",
        json!({ "order_id": 1001, "amount": "236.00", "method": "upi", "reference": "U-1" }),
    )
    .await?;
    mcp.ok("orders.ship", json!({ "order_id": 1001, "carrier": "Garuda", "tracking": "T-1" })).await?;
    mcp.ok("orders.set_hold", json!({ "order_id": 1003, "on": true, "reason": "address wrong" })).await?;
    Ok(())
}

async fn every_page_shows_the_figures_of_its_tools(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    for (path, said) in [
        ("/products", "No products yet"),
        ("/customers", "No customers yet"),
        ("/reports", "Nothing was sold"),
        ("/activity", "Nothing was done"),
        ("/notifications", "Nobody is told of anything"),
        ("/explain", "Nothing was posted there"),
    ] {
        let page = page(&shop, path).await?;
        check!(checks, page.contains(said), "{path} of an empty shop does not say {said}: {page}");
    }
    busy(&shop).await?;
    let today = page(&shop, "/").await?;
    check!(checks, today.contains("href=\"/orders?status=pending\""), "{today}");
    check!(checks, today.contains("rel=\"icon\" href=\"/assets/icon.svg\""), "no icon: {today}");
    page(&shop, "/assets/icon.svg").await?;
    let then = page(&shop, "/?as_of=@8").await?;
    check!(checks, !then.contains("/orders?status="), "of the past nobody can list by status: {then}");
    let mcp = shop.mcp();
    let mug = mcp.full("inventory.check", json!({ "product": "MUG/1 B" })).await?;
    ensure!(mug["backordered"] == 2 && mug["threshold"] == 4, "{mug}");
    let catalogue = mcp.full("products.search", json!({ "text": "mug" })).await?;
    let reorder = mcp.full("inventory.reorder", json!({})).await?;
    let suggested = reorder["products"][0]["suggested"].as_i64().context("a suggestion")?;
    let customers = mcp.full("customers.search", json!({ "text": "asha@example.com" })).await?;
    let asha = customers["customers"][0]["customer_id"].as_str().context("an id")?;
    let price = shown(&catalogue["products"][0]["price"])?;

    let expected =
        |path: &str, parts: &[&str]| (path.to_owned(), parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
    let mut pages = vec![
        expected("/products", &["Assam tea", price, "/products/MUG%2F1%20B", "There are 2 products"]),
        expected("/products?text=mug", &["Blue mug", "low"]),
        expected("/products?text=nothing-like-it", &["Nothing matches"]),
        expected("/products?view=reorder", &["Blue mug", &format!("<strong>{suggested}</strong>")]),
        expected(
            "/products/MUG%2F1%20B",
            &[price, "Waited for</dt><dd>2", "Low at</dt><dd>4", "/orders/1002", &format!("<strong>{suggested} units")],
        ),
        expected("/customers", &["Asha Rao", "ben@example.com", &format!("/customers/{asha}")]),
        expected("/customers?text=okri", &["Ben Okri"]),
        expected(&format!("/customers/{asha}"), &["Asha Rao", "asha@example.com", "/orders/1001", "/orders/1003"]),
        expected("/orders?view=on_hold", &["on hold", "address wrong", "/orders/1003"]),
        expected("/orders?payment_status=paid", &["/orders/1001"]),
        expected("/orders?sort=largest&column=total", &["/orders/1002"]),
        expected(
            "/activity",
            &["put on hold (address wrong)", "2 units shipped with Garuda", "local", "orderlog-tests", "orders_undo"],
        ),
        expected("/status", &["Ready", "daily sales", &events(&shop.node, 0).await?.len().to_string()]),
        expected("/connect", &[&format!("{}/mcp", shop.node.url()), "claude mcp add --transport http"]),
    ];
    let mut references = vec![];
    for basis in ["booked", "shipped", "cash"] {
        for group in ["day", "week", "month", "product", "customer", "tax_rate"] {
            let asked = json!({ "date_range": "last 30 days", "basis": basis, "group_by": [group] });
            let report = mcp.full("orders.report_sales", asked).await?;
            let figure = if basis == "cash" { "total" } else { "revenue" };
            let whole = shown(&report["figures"][figure])?;
            let part = &report["groups"][0];
            references.push(part["reference"].as_str().context("a reference")?.to_owned());
            let part = shown(&part[figure])?;
            pages.push(expected(&format!("/reports?basis={basis}&group_by={group}"), &[whole, part, "<svg", "<desc>"]));
        }
    }
    let compared = json!({ "date_range": "last 30 days", "group_by": ["product"], "compare_to": "previous period" });
    let compared = mcp.full("orders.report_sales", compared).await?;
    let change = shown(&compared["compared"]["change"])?;
    pages.push(expected("/reports?group_by=product&compare_to=previous+period", &["Before", change]));
    for (path, parts) in &pages {
        let page = page(&shop, path).await?;
        for part in parts {
            check!(checks, page.contains(part.as_str()), "{path} does not show {part}: {page}");
        }
    }
    // Every figure leads to its orders and events.
    for reference in references {
        let explained = mcp.full("sales.explain", json!({ "reference": reference })).await?;
        let posting = &explained["postings"][0];
        let path: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("reference", &reference).finish();
        let page = page(&shop, &format!("/explain?{path}")).await?;
        let order = format!("/orders/{}?as_of=%40{}#history", posting["order_id"], posting["position"]);
        let (event, total) = (posting["event"].as_str().context("an event")?, shown(&posting["total"])?);
        for part in [order.as_str(), event, total, "add up to the figure"] {
            check!(checks, page.contains(part), "{reference} does not show {part}: {page}");
        }
    }
    let why = page(&shop, "/explain?date_range=today&show=why").await?;
    check!(checks, why.contains("Why it is so"), "{why}");
    let today = page(&shop, "/").await?;
    // Without a day that is over there is no forecast, and the page says why.
    for part in ["#1002", "short of 2 Blue mug", "Nothing is to be paid back", "Blue mug", "nothing to learn from"] {
        check!(checks, today.contains(part), "today does not show {part}: {today}");
    }
    for (path, status) in [
        ("/products/NONE", 404),
        ("/customers/nobody-like-that", 404),
        ("/reports?date_range=whenever", 200),
        ("/explain?reference=x", 400),
        ("/activity?since=whenever", 400),
    ] {
        let (answered, page) = get(&shop.node, path, None).await?;
        check!(checks, answered == status && page.contains("role=\"alert\""), "{path} answered {answered}: {page}");
    }
    checks.all_hold()
}

/// Markup, letters that turn the line around, and as many characters as a name may have.
fn hostile(name: &str) -> String {
    let mut text = format!("<script>alert(1)</script>\u{5e9}\u{5dc}\u{5d5}\u{5dd} {name}\"'&");
    text.extend(std::iter::repeat_n('W', 200 - text.chars().count()));
    text
}

async fn texts_of_people_stay_texts_on_every_page(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    let (product, person) = (hostile("mug"), hostile("asha"));
    shop.stock("\"><script>", &product, "10.00", 1).await?;
    shop.customer(&person, "asha@example.com").await?;
    let note = format!("<script>alert(2)</script>{}", "x".repeat(470));
    let order =
        json!({ "customer": "asha@example.com", "lines": [{ "product": "\"><script>", "quantity": 1 }], "note": note });
    mcp.ok("orders.create_order", order).await?;
    mcp.ok("orders.set_hold", json!({ "order_id": 1001, "on": true, "reason": "<script>alert(3)</script>" })).await?;
    let found = mcp.full("customers.search", json!({ "text": "asha@example.com" })).await?;
    let id = found["customers"][0]["customer_id"].as_str().context("an id")?;
    let one = format!("/customers/{id}");
    for path in [
        "/",
        "/orders",
        "/orders?view=on_hold",
        "/orders?text=%3Cscript%3E&column=what",
        "/orders/1001",
        "/products",
        "/products?view=reorder",
        "/products/%22%3E%3Cscript%3E",
        "/products?text=%3Cscript%3E",
        "/customers",
        &one,
        "/reports?group_by=product",
        "/reports?group_by=customer",
        "/reports?product=%3Cscript%3E&group_by=%3Cscript%3E&basis=%3Cscript%3E&compare_to=%3Cscript%3E",
        "/explain?reference=%3Cscript%3E",
        "/activity",
        "/activity?by=%3Cscript%3E",
        "/notifications?as_of=%3Cscript%3E",
        "/status?as_of=%3Cscript%3E",
        "/connect?as_of=%3Cscript%3E",
    ] {
        let (_, page) = get(&shop.node, path, None).await?;
        check!(
            checks,
            page.contains("&lt;script&gt;") || path == "/products?view=reorder" || path == "/",
            "{path} does not show what was typed: {page}"
        );
        check!(checks, !page.contains("<script>") && !page.contains("style="), "{path} runs what was typed: {page}");
    }
    checks.all_hold()
}

async fn the_whole_shop_is_turned_back(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shop.stock("TEA", "Assam tea", "100.00", 9).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "TEA", "quantity": 2 }] });
    let placed = mcp.ok("orders.create_order", order.clone()).await?;
    let then = placed["position"].as_i64().context("a position")?;
    mcp.ok("orders.ship", json!({ "order_id": 1001, "carrier": "Garuda", "tracking": "T-1" })).await?;
    mcp.ok(
        "orders.create_order",
        json!({ "customer": "asha@example.com", "lines": [{ "product": "TEA", "quantity": 1 }] }),
    )
    .await?;

    let as_of = format!("as_of=%40{then}");
    let past = json!({ "date_range": "last 30 days", "as_of": format!("@{then}") });
    let sold = mcp.full("orders.report_sales", past).await?;
    let (now, sold) = (
        mcp.full("orders.report_sales", json!({ "date_range": "last 30 days" })).await?,
        shown(&sold["figures"]["revenue"])?.to_owned(),
    );
    ensure!(now["figures"]["revenue"]["minor"].as_i64() > Some(20_000), "{now}");
    for (path, there, gone) in [
        ("/", "#1001", "1002"),
        ("/orders", "pending", "/orders/1002"),
        ("/orders?view=to_ship", "/orders/1001", "/orders/1002"),
        ("/orders/1001", "pending", "T-1"),
        ("/products", "<td class=\"number\">9</td>", "<td class=\"number\">7</td><td class=\"number\">1</td>"),
        ("/products/TEA", "On hand</dt><dd>9", "On hand</dt><dd>7"),
        ("/reports", sold.as_str(), shown(&now["figures"]["revenue"])?),
        ("/customers", "are those of the present", "/orders/1002"),
        ("/activity", "are those of the present", "nothing of the kind"),
        ("/notifications", "are those of the present", "nothing of the kind"),
        ("/status", "are those of the present", "nothing of the kind"),
        ("/connect", "The shop as it stood", "nothing of the kind"),
    ] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = page(&shop, &format!("{path}{joint}{as_of}")).await?;
        check!(
            checks,
            page.contains(&format!("The shop as it stood at position {then}")),
            "{path} is not marked: {page}"
        );
        check!(
            checks,
            page.contains(there) && !page.contains(gone),
            "{path} should have {there} and not {gone}: {page}"
        );
        // Every link to a page of the shop goes to the same moment, but those back to the present and after one event.
        for link in page.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let elsewhere = ["assets/", "readyz", "metrics", "v1/"].iter().any(|path| link.starts_with(path));
            check!(checks, elsewhere || link.contains(&as_of), "{path} has a link to another moment: /{link}");
        }
        check!(checks, page.contains("Back to the present"), "{path} has no way back");
    }
    let (status, ahead) = get(&shop.node, "/orders?as_of=2099-01-01", None).await?;
    check!(checks, status == 400 && ahead.contains("future"), "{status} {ahead}");
    checks.all_hold()
}

async fn particulars_are_on_no_page_of_who_may_not_see_them(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    busy(&shop).await?;
    let found = shop.mcp().full("customers.search", json!({ "text": "asha@example.com" })).await?;
    let id = found["customers"][0]["customer_id"].as_str().context("an id")?;
    let (viewer, owner) =
        (shop.key(&["screen", "--role", "viewer"]).await?, shop.key(&["owner", "--role", "owner"]).await?);
    let node = shop.open_node(&[]).await?;
    let one = format!("/customers/{id}");
    for (path, allowed, particular) in [
        ("/", 200, "Asha"),
        ("/orders", 200, "Asha"),
        ("/orders?view=on_hold", 200, "Asha"),
        ("/orders.csv", 200, "asha@example.com"),
        ("/orders/1001", 200, "Asha"),
        ("/customers", 403, "asha@example.com"),
        (one.as_str(), 200, "asha@example.com"),
        ("/reports?group_by=customer", 200, "Asha"),
        ("/activity", 200, "address wrong"),
    ] {
        let (status, page) = get(&node, path, Some(&viewer)).await?;
        check!(checks, status == allowed, "{path} answered {status}: {page}");
        for hidden in ["Asha", "Okri", "example.com", "address wrong"] {
            check!(checks, !page.contains(hidden), "{path} tells a visitor {hidden}: {page}");
        }
        let (status, page) = get(&node, path, Some(&owner)).await?;
        check!(checks, status == 200 && page.contains(particular), "{path} hides {particular} from the owner: {page}");
    }
    let (_, status) = get(&node, "/status", Some(&viewer)).await?;
    check!(checks, status.contains("daily sales") && !status.contains("Hash of the head"), "{status}");
    checks.all_hold()
}

async fn a_list_of_orders_is_a_file_that_runs_nothing(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shop.stock("TEA", "=HYPERLINK(\"http://evil.example\")", "1234.50", 200).await?;
    shop.customer("=cmd|' /C calc'!A0", "a@example.com").await?;
    shop.customer("Rao, \"Asha\"", "b@example.com").await?;
    for quantity in 1..=104 {
        let customer = if quantity > 1 { "a@example.com" } else { "b@example.com" };
        let line = json!({ "product": "TEA", "quantity": 1, "unit_price": format!("{quantity}.50") });
        mcp.ok("orders.create_order", json!({ "customer": customer, "lines": [line], "allow_duplicate": true }))
            .await?;
    }
    let answer = shop.node.get("/orders.csv").await?;
    let head =
        |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    check!(
        checks,
        head("content-type").starts_with("text/csv") && head("content-disposition").contains("orders.csv"),
        "{answer:?}"
    );
    let file = answer.text().await?;
    let file = file.strip_prefix('\u{feff}').context("no byte order mark")?;
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    ensure!(rows.len() == 104, "{} rows: {file}", rows.len());
    for row in &rows {
        for cell in row {
            check!(checks, !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a cell begins a formula: {row:?}");
        }
    }
    let told = mcp.full("orders.search", json!({ "customer": "b@example.com" })).await?;
    let total = told["orders"][0]["total"]["minor"].as_i64().context("a total")?;
    let row = rows.last().context("a row")?;
    check!(checks, &row[0] == "1001" && &row[2] == "Rao, \"Asha\"" && &row[4] == "pending", "{row:?}");
    check!(checks, row[12] == format!("{}.{:02}", total / 100, total % 100), "{row:?} is not {total}");
    // Just this list.
    for (query, rows) in
        [("customer=b%40example.com", 1), ("view=on_hold", 0), ("view=unpaid&sort=oldest", 104), ("text=1104", 1)]
    {
        let file = page(&shop, &format!("/orders.csv?{query}")).await?;
        check!(checks, file.lines().count() == rows + 1, "{query}: {file}");
    }
    checks.all_hold()
}
