//! Acts by forms, as a browser without a script sends them: looked at first, done after Yes, refused from elsewhere.

use anyhow::{Context as _, Result};
use orderlog_tests::{Browser, Checks, Shop, check, on_both_engines};
use serde_json::json;

on_both_engines!(
    forms_do_what_their_preview_shows_and_only_from_our_own_pages,
    forms_place_orders_and_change_many,
    all_that_a_list_has_is_chosen_and_frozen,
    acts_are_taken_back_where_they_are_listed,
    what_was_just_done_is_done_once_more_after_yes,
    sentences_wait_for_yes,
    open_pages_hear_of_changes_and_catch_up
);

async fn forms_do_what_their_preview_shows_and_only_from_our_own_pages(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let name = "<script>alert(1)</script>";
    shop.customer(name, "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "100.00", 5).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    shop.mcp().ok("orders.create_order", order).await?;
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/orders/1001").await?;

    // From elsewhere: without the token, with another's, without the cookie, and from a foreign page.
    let ours = browser.hidden("/orders/1001/ship")?;
    let mut other = Browser::at(&shop.node.url())?;
    other.open("/orders/1001").await?;
    let yes = ("yes".to_owned(), "1".to_owned());
    for (who, fields) in [
        ("nobody", vec![yes.clone()]),
        ("another browser", [other.hidden("/orders/1001/ship")?, vec![yes.clone()]].concat()),
    ] {
        let answer = browser.post("/orders/1001/ship", &fields)?.send().await?;
        check!(checks, answer.status() == 403, "a form of {who} was taken: {}", answer.status());
    }
    let fields = [ours, vec![yes]].concat();
    let mut without = Browser::at(&shop.node.url())?;
    let answer = without.post("/orders/1001/ship", &fields)?.send().await?;
    check!(checks, answer.status() == 403, "a form was taken without its cookie: {}", answer.status());
    let answer = browser.post("/orders/1001/ship", &fields)?.header("origin", "https://evil.example").send().await?;
    check!(checks, answer.status() == 403, "a foreign origin was let in: {}", answer.status());
    without.open("/orders/1001").await?;
    check!(checks, without.shows("pending"), "a refused form did something");

    // Looked at first: nothing happens before Yes, and Yes does what was shown, once.
    let status = browser
        .send("/orders/1001/ship", &[("units_1", "1"), ("carrier", "<i>Garuda</i>"), ("tracking", "T-1")])
        .await?;
    for part in ["would be", "Fountain pen, shipped", "1 unit of Fountain pen leaves the stock.", "partially shipped"] {
        check!(checks, status == 200 && browser.shows(part), "{status}, no {part}: {}", browser.page);
    }
    check!(checks, !browser.shows("<script>") && !browser.shows("<i>"), "the preview runs what was typed");
    let yes = [browser.hidden("/orders/1001/ship")?, vec![("yes".to_owned(), "1".to_owned())]].concat();
    without.open("/orders/1001").await?;
    check!(checks, without.shows("Record a payment") && !without.shows("T-1"), "a preview shipped: {}", without.page);
    browser.send("/orders/1001/ship", &[("yes", "1")]).await?;
    check!(checks, browser.shows("class=\"said\"") && browser.shows("&lt;i&gt;Garuda"), "not said: {}", browser.page);
    check!(checks, browser.shows("Undo this") && !browser.shows("<i>"), "{}", browser.page);
    browser.post("/orders/1001/ship", &yes)?.send().await?;
    let shipped = shop.mcp().full("orders.get", json!({ "order_id": 1001 })).await?;
    check!(checks, shipped["order"]["lines"][0]["shipped"] == 1, "a form sent twice shipped twice: {shipped}");

    // Two people on one order: the second is warned and keeps what was typed.
    other.open("/orders/1001").await?;
    shop.mcp().ok("orders.record_payment", json!({ "order_id": 1001, "method": "upi" })).await?;
    let status = other.send("/orders/1001/cancel", &[("units_1", "1"), ("reason", "she \"changed\" her mind")]).await?;
    check!(checks, status == 409 && other.shows("she &quot;changed&quot; her mind"), "{status} {}", other.page);

    // A tool that asks: its own token, its own preview; then the money.
    let status = other.send("/orders/1001/cancel", &[("units_1", "1")]).await?;
    check!(checks, status == 200 && other.shows("What would change"), "{status} {}", other.page);
    other.send("/orders/1001/cancel", &[("yes", "1")]).await?;
    let status = other.send("/orders/1001/refund", &[]).await?;
    check!(checks, status == 200 && other.shows("Paid back"), "{status} {}", other.page);
    other.send("/orders/1001/refund", &[("yes", "1")]).await?;
    let refunded = shop.mcp().full("orders.get", json!({ "order_id": 1001 })).await?;
    check!(checks, refunded["order"]["payments"].is_array() && refunded["order"]["refunds"].is_array(), "{refunded}");

    // Taken back from the history.
    browser.open("/orders/1001").await?;
    check!(checks, !browser.shows("act-hold"), "a hold is offered with nothing left to hold: {}", browser.page);
    shop.mcp()
        .ok(
            "orders.create_order",
            json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] }),
        )
        .await?;
    browser.open("/orders/1002").await?;
    browser.send("/orders/1002/hold", &[("until", "2099-01-01")]).await?;
    check!(checks, browser.shows("role=\"alert\"") && browser.shows("2099-01-01"), "kept: {}", browser.page);
    browser.send("/orders/1002/hold", &[("until", "")]).await?;
    browser.send("/orders/1002/hold", &[("yes", "1")]).await?;
    check!(checks, browser.shows("on hold"), "{}", browser.page);
    let status = browser.send("/undo", &[]).await?;
    check!(checks, status == 200 && browser.shows("Yes, take it back"), "{status} {}", browser.page);
    browser.send("/undo", &[("yes", "1")]).await?;
    let undone = shop.mcp().full("orders.get", json!({ "order_id": 1002 })).await?;
    check!(checks, undone["order"]["on_hold"] == false, "{undone}");

    browser.open("/orders/1001/print").await?;
    for part in ["Packing slip of order #1001", "Invoice of order #1001", "Still due", "&lt;script&gt;"] {
        check!(checks, browser.shows(part), "the papers lack {part}: {}", browser.page);
    }
    for path in ["/orders/1001/ship", "/orders/bulk", "/undo"] {
        check!(checks, browser.open(path).await? == 200, "{path} cannot be opened");
    }
    checks.all_hold()
}

async fn what_was_just_done_is_done_once_more_after_yes(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    shop.mcp()
        .ok(
            "orders.create_order",
            json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 9 }] }),
        )
        .await?;
    let mut browser = Browser::at(&shop.node.url())?;
    let payment: &[(&str, &str)] = &[("amount", "100.00"), ("method", "cash")];
    let order: &[(&str, &str)] = &[("customer", "ann@example.com"), ("product_1", "TEA"), ("quantity_1", "4")];
    for (page, form, typed) in [
        ("/orders/1002", "/orders/1002/payment", payment),
        ("/orders/1002", "/orders/1002/ship", &[("units_1", "2")]),
        ("/orders/new", "/orders/new", order),
    ] {
        for again in [false, true] {
            browser.open(page).await?;
            let status = browser.send(form, typed).await?;
            let asked = browser.shows("within the last two minutes");
            check!(checks, status == 200 && asked == again, "{form}, again {again}: {status} {}", browser.page);
            check!(checks, !browser.shows("allow_duplicate"), "a word for assistants: {}", browser.page);
            browser.send(form, &[("yes", "1")]).await?;
        }
    }
    let told = shop.mcp().full("orders.get", json!({ "order_id": 1002 })).await?["order"].clone();
    check!(checks, told["captured"]["minor"] == 20_000 && told["lines"][0]["shipped"] == 4, "{told}");
    let placed = shop.mcp().ok("orders.search", json!({ "customer": "ann@example.com" })).await?;
    check!(checks, placed["total_count"] == 4, "{placed}");
    checks.all_hold()
}

/// Orders of one page of the list.
const ROWS: usize = 50;

async fn all_that_a_list_has_is_chosen_and_frozen(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.customer("Ann", "ann@example.com").await?;
    shop.customer("Bob", "bob@example.com").await?;
    shop.stock("TEA", "Tea", "100.00", 90).await?;
    let place = async |customer: &str| {
        let lines = json!([{ "product": "TEA", "quantity": 1 }]);
        shop.mcp()
            .ok("orders.create_order", json!({ "customer": customer, "lines": lines, "allow_duplicate": true }))
            .await
    };
    for _ in 0..=ROWS {
        place("ann@example.com").await?;
    }
    place("bob@example.com").await?;
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/orders?view=to_ship&customer=ann%40example.com").await?;
    check!(checks, browser.shows("All 51 orders of this list"), "all cannot be chosen: {}", browser.page);
    browser.send("/orders/bulk", &[("every", "1"), ("status", "confirmed")]).await?;
    check!(checks, browser.shows("Make 51 orders confirmed?"), "not all are asked about: {}", browser.page);
    // An order that joins the list after it was shown is not part of the agreement.
    place("ann@example.com").await?;
    browser.send("/orders/bulk", &[("yes", "1")]).await?;
    check!(checks, browser.shows("What became of them") && !browser.shows("would change"), "{}", browser.page);
    let confirmed = shop.mcp().ok("orders.search", json!({ "status": ["confirmed"] })).await?;
    let pending = shop.mcp().ok("orders.search", json!({ "status": ["pending"] })).await?;
    // The page came piece by piece, each further than the one before, and the first of them before the end.
    let told: Vec<u32> = values(&browser.page);
    check!(checks, told.first().is_some_and(|first| *first < 51) && told.is_sorted(), "{told:?}");
    check!(checks, browser.shows(" of 51, 0 not changed so far"), "{}", browser.page);
    check!(checks, confirmed["total_count"] == 51 && pending["total_count"] == 2, "{confirmed} {pending}");

    // A list that fits on its page, and what is chosen in it.
    browser.open("/orders?customer=bob%40example.com").await?;
    check!(checks, browser.shows("#1052") && !browser.shows("orders of this list"), "{}", browser.page);
    browser.send("/orders/bulk", &[("order", "1052"), ("status", "confirmed")]).await?;
    check!(checks, browser.shows("Make 1 order confirmed?"), "{}", browser.page);
    checks.all_hold()
}

/// How far each piece of a page said that the change is.
fn values(page: &str) -> Vec<u32> {
    let pieces = page.split("<progress ").skip(1);
    pieces.filter_map(|piece| piece.split_once("value=\"")?.1.split_once('"')?.0.parse().ok()).collect()
}

async fn acts_are_taken_back_where_they_are_listed(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    shop.mcp().ok("orders.set_hold", json!({ "order_id": 1001, "on": true })).await?;
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/activity?order_id=1001&by=me").await?;
    check!(
        checks,
        !browser.shows("orders_undo") && !browser.shows("next_cursor"),
        "words for assistants: {}",
        browser.page
    );
    let status = browser.send("/undo", &[]).await?;
    check!(checks, status == 200 && browser.shows("Yes, take it back"), "{status} {}", browser.page);
    browser.send("/undo", &[("yes", "1")]).await?;
    let released = shop.mcp().full("orders.get", json!({ "order_id": 1001 })).await?;
    check!(checks, released["order"]["on_hold"] == false, "the hold was not taken back: {released}");
    browser.open("/activity?order_id=1001&as_of=yesterday").await?;
    check!(checks, !browser.shows("action=\"/undo\""), "the past can be undone: {}", browser.page);
    checks.all_hold()
}

async fn forms_place_orders_and_change_many(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "100.00", 9).await?;
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/orders/new").await?;
    let wrong = [
        ("customer", "asha@example.com"),
        ("product_1", "PEN"),
        ("quantity_1", "2"),
        ("product_2", "nothing"),
        ("note", "a & b"),
    ];
    let status = browser.send("/orders/new", &wrong).await?;
    check!(
        checks,
        status == 404 && browser.shows("nothing") && browser.shows("a &amp; b"),
        "{status} {}",
        browser.page
    );
    for quantity in ["2", "3", "1"] {
        browser.open("/orders/new").await?;
        let status = browser
            .send("/orders/new", &[("customer", "asha@example.com"), ("product_1", "PEN"), ("quantity_1", quantity)])
            .await?;
        check!(checks, status == 200 && browser.shows("Yes, place it"), "{status} {}", browser.page);
        browser.send("/orders/new", &[("yes", "1")]).await?;
    }
    check!(checks, browser.shows("Order #1003"), "{}", browser.page);
    shop.mcp().confirmed("orders.cancel", json!({ "order_id": 1003 })).await?;

    browser.open("/orders").await?;
    let chosen = [("order", "1001"), ("order", "1002"), ("order", "1003"), ("status", "shipped")];
    let status = browser.send("/orders/bulk", &chosen).await?;
    check!(
        checks,
        status == 200 && browser.shows("would change") && browser.shows("cancelled"),
        "{status} {}",
        browser.page
    );
    // Fixed: orders that changed meanwhile are left alone, and reported.
    shop.mcp().ok("orders.set_hold", json!({ "order_id": 1002, "on": true })).await?;
    browser.send("/orders/bulk", &[("yes", "1")]).await?;
    check!(checks, browser.shows("✓ changed") && browser.shows("Undo all of it"), "{}", browser.page);
    check!(checks, browser.shows("Try those that did not change again"), "{}", browser.page);
    let status = async |id: i64| {
        anyhow::Ok(shop.mcp().full("orders.get", json!({ "order_id": id })).await?["order"]["status"].clone())
    };
    check!(checks, status(1001).await? == "shipped" && status(1002).await? == "pending", "not as shown");
    // Acts that cannot be undone offer no undo.
    browser.open("/orders").await?;
    browser.send("/orders/bulk", &[("order", "1002"), ("status", "cancelled")]).await?;
    browser.send("/orders/bulk", &[("yes", "1")]).await?;
    check!(checks, status(1002).await? == "cancelled" && browser.shows("✓ changed"), "{}", browser.page);
    check!(checks, !browser.shows("Undo all of it"), "{}", browser.page);
    checks.all_hold()
}

async fn sentences_wait_for_yes(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let mut browser = Browser::at(&shop.node.url())?;
    let sentence = "/ask?q=update+order+%231001+to+shipped+and+show+me+today%27s+revenue";
    let status = browser.open(sentence).await?;
    check!(
        checks,
        status == 200 && browser.shows("This would be done") && browser.shows("would be shipped"),
        "{}",
        browser.page
    );
    let of = async |id: i64| {
        anyhow::Ok(shop.mcp().full("orders.get", json!({ "order_id": id })).await?["order"]["status"].clone())
    };
    check!(checks, of(1001).await? != "shipped", "a sentence acted before Yes");
    let sent = [browser.hidden("/ask")?, browser.hidden("/ask")?];
    browser.send("/ask", &[]).await?;
    check!(checks, of(1001).await? == "shipped" && browser.shows("revenue"), "{}", browser.page);
    let again = browser.post("/ask", &sent[0])?.send().await?;
    check!(checks, again.status() == 200, "{}", again.status());
    for (sentence, said) in [("dance+with+order+1001", "Nothing was done"), ("ship+order+9999", "9999")] {
        browser.open(&format!("/ask?q={sentence}")).await?;
        check!(checks, browser.shows(said) && !browser.shows("This would be done"), "{sentence}: {}", browser.page);
    }
    browser.open("/ask?q=%231002").await?;
    check!(checks, browser.shows("Order #1002"), "a number does not lead to its order");
    browser.open("/go?q=1002").await?;
    check!(checks, browser.shows("/orders/1002"), "{}", browser.page);
    checks.all_hold()
}

async fn open_pages_hear_of_changes_and_catch_up(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let other = shop.another_node().await?;
    let listen = async |after: Option<&str>| {
        let request = shop.node.http().get(format!("{}/live", shop.node.url()));
        let request = match after {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        anyhow::Ok(request.send().await?)
    };
    let mut news = listen(None).await?;
    // On another node: the writer of this page's node does not know of it.
    let began = std::time::Instant::now();
    other.mcp().ok("orders.set_hold", json!({ "order_id": 1001, "on": true })).await?;
    let event = String::from_utf8(news.chunk().await?.context("an event")?.to_vec())?;
    check!(checks, began.elapsed().as_millis() < 1_000, "told after {:?}", began.elapsed());
    check!(checks, event.contains("event: changed\n"), "{event}");
    let id = event.strip_prefix("id: ").and_then(|rest| rest.split('\n').next()).context("an id")?.to_owned();
    drop(news);
    // Disconnected: a page that comes back with the last id gets the missed news at once, and nothing twice.
    other.mcp().ok("orders.set_hold", json!({ "order_id": 1001, "on": false })).await?;
    let mut news = listen(Some(&id)).await?;
    let event = String::from_utf8(news.chunk().await?.context("an event")?.to_vec())?;
    let next: i64 = event.strip_prefix("id: ").and_then(|rest| rest.split('\n').next()).context("an id")?.parse()?;
    check!(checks, next > id.parse()?, "{event} after {id}");
    let again = tokio::time::timeout(std::time::Duration::from_millis(700), news.chunk()).await;
    check!(checks, again.is_err(), "told twice: {again:?}");
    checks.all_hold()
}
