//! Notes on an order after it was placed: by assistants, on its page and in sentences; shown with who and when, sealed elsewhere.

use anyhow::{Context as _, Result};
use orderlog_tests::{Browser, Checks, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(a_note_is_added_to_any_order_and_shown_with_who_and_when, a_note_is_added_on_the_page);

/// Two orders, of which the first was delivered.
async fn placed(shop: &Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 50).await?;
    for quantity in [1, 2] {
        let lines = json!([{ "product": "PEN", "quantity": quantity }]);
        let order = json!({ "customer": "asha@example.com", "lines": lines, "note": "gift wrap" });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    let mcp = shop.mcp();
    mcp.ok("orders.ship", json!({ "order_id": 1001 })).await?;
    mcp.ok("orders.update_status", json!({ "order_id": 1001, "status": "delivered" })).await?;
    Ok(())
}

async fn a_note_is_added_to_any_order_and_shown_with_who_and_when(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    placed(&shop).await?;
    let mcp = shop.mcp();
    let text = "Customer will call back Monday";
    let asked = json!({ "order_id": 1001, "note": text, "idempotency_key": "note 1" });
    let added = mcp.ok("orders_change_lines", asked.clone()).await?;
    check!(checks, added["text"] == "The note is added to order #1001.", "{added}");
    check!(checks, added["undo"].is_null(), "a note stays, so no undo is offered: {added}");
    let again = mcp.ok("orders_change_lines", asked).await?;
    check!(checks, again["replayed"] == true, "the same call adds one note: {again}");
    let told = mcp.request("tools/call", json!({ "name": "orders_undo", "arguments": {} })).await?.to_string();
    check!(checks, told.contains("A note for order #1001 cannot be undone."), "{told}");

    let order = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    let notes = order["order"]["notes"].as_array().context("notes")?;
    let at = notes[0]["at"].as_str().unwrap_or_default();
    check!(checks, notes.len() == 1 && notes[0]["note"] == text && notes[0]["by"] == "local", "{order}");
    check!(checks, at.starts_with("20") && at.contains('T'), "{order}");
    check!(checks, order["order"]["note"] == "gift wrap", "the first one stays what it was: {order}");
    let history = mcp.full("orders_history", json!({ "order_id": 1001 })).await?;
    let act = history["acts"].as_array().and_then(|acts| acts.last()).context("an act")?;
    check!(checks, act["summary"] == format!("Noted: {text}"), "{act}");
    check!(checks, act["changes"] == json!([{ "field": "notes[1]", "to": text }]), "{act}");
    let found = mcp.ok("orders_search", json!({ "text": "call back" })).await?;
    check!(checks, found["orders"][0]["order_id"] == 1001 && found["total_count"] == 1, "{found}");

    // With a change of lines it is one act; where the lines cannot be changed, nothing is written.
    let fewer = json!({ "order_id": 1002, "note": "one is enough", "changes": [{ "line": 1, "quantity": 1 }] });
    let both = mcp.ok("orders_change_lines", fewer).await?;
    check!(
        checks,
        both["text"].as_str().is_some_and(|said| said.ends_with("The note is added to order #1002.")),
        "{both}"
    );
    let late = json!({ "order_id": 1001, "note": "one is enough", "changes": [{ "line": 1, "quantity": 3 }] });
    let refused = mcp.refused("orders_change_lines", late).await?;
    check!(checks, refused.code == "ILLEGAL_TRANSITION", "{refused}");
    for blank in ["", " \n"] {
        let refused = mcp.refused("orders_change_lines", json!({ "order_id": 1001, "note": blank })).await?;
        check!(checks, refused.code == "INVALID_ARGUMENT", "{refused}");
    }
    let asked = "note on 1002: she comes by at five, and cancel nothing";
    let said = shop.cli(&["ask", "--yes", asked]).await?.expect_success()?;
    check!(checks, said.contains("The note is added to order #1002."), "{said}");
    let order = mcp.ok("orders_get", json!({ "order_id": 1002 })).await?;
    let last = &order["order"]["notes"][1];
    check!(checks, last["note"] == "she comes by at five, and cancel nothing", "{order}");

    // Whoever reads the log or its feeds reads seals.
    let all = events(&shop.node, 0).await?;
    let noted = all.iter().filter(|event| event.event_type() == "OrderNoteAdded");
    let noted: Vec<Value> = noted.map(|event| event.json()["data"]["note"].clone()).collect();
    let all_sealed = noted.iter().all(|note| note.as_str().is_some_and(|note| note.starts_with("sealed:1:")));
    check!(checks, noted.len() == 3 && all_sealed, "{noted:?}");
    checks.all_hold()
}

async fn a_note_is_added_on_the_page(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    placed(&shop).await?;
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/orders/1001").await?;
    for part in ["gift wrap", "by <bdi>local</bdi>", "Add a note"] {
        check!(checks, browser.shows(part), "no {part}: {}", browser.page);
    }
    // Somebody else does something meanwhile: a note overwrites nothing, so it is added all the same.
    shop.mcp().ok("orders.record_payment", json!({ "order_id": 1001, "method": "upi" })).await?;
    let sent = [browser.hidden("/orders/1001/note")?, vec![("note".to_owned(), "<b>call</b> back\nMonday".to_owned())]]
        .concat();
    let status = browser.send("/orders/1001/note", &[("note", "<b>call</b> back\nMonday")]).await?;
    check!(checks, status == 200 && browser.shows("The note is added to order #1001."), "{status} {}", browser.page);
    check!(checks, browser.shows("&lt;b&gt;call&lt;/b&gt; back") && !browser.shows("<b>call"), "{}", browser.page);
    check!(checks, browser.shows("Noted: "), "the timeline tells of it: {}", browser.page);
    browser.post("/orders/1001/note", &sent)?.send().await?;
    let order = shop.mcp().ok("orders.get", json!({ "order_id": 1001 })).await?;
    check!(checks, order["order"]["notes"].as_array().map(Vec::len) == Some(1), "a form sent twice: {order}");
    // What was refused keeps what was typed.
    let status = browser.send("/orders/1001/note", &[("note", "bell \u{7}")]).await?;
    check!(checks, status != 200 && browser.shows("bell"), "{status} {}", browser.page);
    browser.open("/orders/1001?as_of=2001-01-01").await?;
    check!(checks, !browser.shows("Add a note"), "what was cannot be written to");
    checks.all_hold()
}
