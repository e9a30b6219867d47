//! No tool leads around a person's word: every command that is listed is tried, in a shop that guards nothing and in one that
//! guards everything, and the two logs are compared.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use orderlog_domain::{envelope, guarded::GuardedAct};
use orderlog_tests::{AuditedEvent, Browser, Checks, Mcp, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

use super::confirmed_by_people::{Guarded, page_of};

on_both_engines!(no_tool_leads_around_a_persons_word);

/// The state of an order before the call.
#[derive(Clone, Copy)]
enum Stage {
    /// No order is needed.
    Nothing,
    Placed,
    Paid,
    Shipped,
    /// Placed, and this was done to it, whose command is taken back.
    After(&'static str),
}

/// Calls of one tool, each on a separate order: `ORDER` is replaced by its number, `COMMAND` by the command that
/// changed it.
type Tries = (&'static str, Vec<(Stage, Value)>);

/// Every command has some. One that is missing fails the test.
fn tries() -> Vec<Tries> {
    use Stage::{After, Nothing, Paid, Placed, Shipped};
    let order = |more: Value| {
        let mut all = json!({ "order_id": "ORDER" });
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all
    };
    let undo = || json!({ "command_id": "COMMAND" });
    let fewer = || order(json!({ "changes": [{ "line": 1, "quantity": 1 }] }));
    vec![
        ("orders.create_order", vec![(Nothing, placing())]),
        (
            "orders.update_status",
            ["confirmed", "shipped", "cancelled"].map(|status| (Placed, order(json!({ "status": status })))).to_vec(),
        ),
        ("orders.ship", vec![(Placed, order(json!({})))]),
        (
            "orders.cancel",
            vec![(Placed, order(json!({}))), (Paid, order(json!({ "lines": [{ "line": 1, "quantity": 1 }] })))],
        ),
        ("orders.set_hold", vec![(Placed, order(json!({ "on": true })))]),
        (
            "orders.record_payment",
            vec![
                (Placed, order(json!({ "method": "card" }))),
                (Placed, order(json!({ "method": "card", "amount": "900" }))),
            ],
        ),
        (
            "orders.change_lines",
            vec![
                (Placed, fewer()),
                (Paid, fewer()),
                (Placed, order(json!({ "changes": [{ "line": 1, "quantity": 3 }] }))),
                (Paid, order(json!({ "note": "call back Monday" }))),
                (
                    Placed,
                    order(json!({ "changes": [{ "line": 1, "quantity": 0 }, { "product": "CUP", "quantity": 1 }] })),
                ),
            ],
        ),
        ("orders.return_items", vec![(Shipped, order(json!({ "disposition": "restock", "shipping": true })))]),
        ("orders.refund", vec![(Paid, order(json!({ "kind": "goodwill", "amount": "10", "method": "card" })))]),
        (
            "orders.bulk_update_status",
            ["confirmed", "cancelled"]
                .map(|status| (Placed, json!({ "order_ids": ["ORDER"], "status": status })))
                .to_vec(),
        ),
        ("orders.undo", ["place", "pay", "ship", "more", "confirm", "bulk"].map(|done| (After(done), undo())).to_vec()),
        ("currencies.set_rate", vec![(Nothing, json!({ "currency": "USD", "rate": "84" }))]),
        ("inventory.receive", vec![(Nothing, json!({ "product": "CUP", "quantity": 7 }))]),
        ("inventory.adjust", vec![(Nothing, json!({ "product": "CUP", "delta": -1 }))]),
        ("products.upsert", vec![(Nothing, json!({ "sku": "CUP", "price": "12.00" }))]),
        (
            "customers.upsert",
            vec![(Nothing, json!({ "customer": "gone@example.com", "name": "Nobody", "phone": "1" }))],
        ),
        ("customers.erase", vec![(Nothing, json!({ "customer": "gone@example.com" }))]),
        ("notifications.subscribe", vec![(Nothing, json!({ "when": "shipped", "target": "nobody" }))]),
        ("notifications.unsubscribe", vec![(Nothing, json!({ "rule_id": 1 }))]),
    ]
}

fn placing() -> Value {
    json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 2 }], "allow_duplicate": true })
}

/// Which guarded acts these events record, and whether a person agreed to each.
fn guarded(log: &[AuditedEvent]) -> Result<(BTreeSet<&'static str>, bool)> {
    let (mut acts, mut agreed) = (BTreeSet::new(), true);
    for line in log {
        let event = envelope::decode(line.event.get())?;
        let provenance = &event.provenance;
        let of_many = (provenance.correlation_id != provenance.command_id.0).then_some(GuardedAct::Bulk);
        for act in event.data.guarded().into_iter().chain(of_many) {
            acts.insert(act.name());
            agreed &= provenance.confirmed_by.is_some();
        }
    }
    Ok((acts, agreed))
}

/// A person's side of it: in a shop that guards nothing, the token of the preview.
async fn done(shop: &Shop, mcp: &Mcp, tool: &str, arguments: Value) -> Result<Value> {
    match mcp.call(tool, arguments.clone()).await? {
        Ok(answer) => Ok(answer),
        Err(refusal) if refusal.confirm_at.is_some() => {
            let page = page_of(&refusal, shop)?;
            let mut browser = Browser::at(&shop.node.url())?;
            browser.open(&page).await?;
            ensure!(browser.send(&page, &[("yes", "1")]).await? == 200, "{}", browser.page);
            mcp.ok(tool, arguments).await
        }
        Err(_) => mcp.confirmed(tool, arguments).await,
    }
}

/// An order that has been through this: its number, and the command that is to be taken back.
async fn prepared(shop: &Shop, stage: Stage) -> Result<(Value, Value)> {
    let mcp = shop.mcp();
    if matches!(stage, Stage::Nothing) {
        return Ok((Value::Null, Value::Null));
    }
    let placed = mcp.ok("orders.create_order", placing()).await?;
    let (id, mut command) = (placed["order_id"].clone(), placed["command_id"].clone());
    let pay = json!({ "order_id": id, "method": "card" });
    let ship = json!({ "order_id": id });
    match stage {
        Stage::Nothing | Stage::Placed => {}
        Stage::Paid => drop(mcp.ok("orders.record_payment", pay).await?),
        Stage::Shipped => drop(mcp.ok("orders.ship", ship).await?),
        Stage::After(what) => {
            let (tool, arguments) = match what {
                "pay" => ("orders.record_payment", pay),
                "ship" => ("orders.ship", ship),
                "more" => ("orders.change_lines", json!({ "order_id": id, "changes": [{ "line": 1, "quantity": 3 }] })),
                "confirm" => ("orders.update_status", json!({ "order_id": id, "status": "confirmed" })),
                "bulk" => ("orders.bulk_update_status", json!({ "order_ids": [id], "status": "confirmed" })),
                _ => return Ok((id, command)),
            };
            command = done(shop, &mcp, tool, arguments).await?["command_id"].clone();
        }
    }
    Ok((id, command))
}

fn filled(arguments: &Value, id: &Value, command: &Value) -> Result<Value> {
    let text = arguments.to_string().replace("\"ORDER\"", &id.to_string()).replace("\"COMMAND\"", &command.to_string());
    Ok(serde_json::from_str(&text)?)
}

async fn shelves(shop: &Shop) -> Result<()> {
    shop.stock("TEA", "Tea", "100.00", 500).await?;
    shop.stock("CUP", "Cup", "10.00", 50).await?;
    shop.customer("Ann", "ann@example.com").await?;
    shop.customer("Gone Soon", "gone@example.com").await
}

async fn no_tool_leads_around_a_persons_word(guarding: Guarded) -> Result<()> {
    let Guarded(guarding) = guarding;
    let mut checks = Checks::default();
    let open = Shop::open(orderlog_tests::SetUp::Sqlite).await?;
    shelves(&open).await?;
    shelves(&guarding).await?;
    let listed = open.mcp().request("tools/list", json!({})).await?;
    let listed = listed["tools"].as_array().context("tools")?;
    let commands: BTreeSet<String> = listed
        .iter()
        .filter(|tool| tool["annotations"]["readOnlyHint"] != true)
        .filter_map(|tool| Some(tool["name"].as_str()?.to_owned()))
        .collect();
    let tried: BTreeSet<String> = tries().iter().map(|(name, _)| name.replace('.', "_")).collect();
    ensure!(commands == tried, "say in `tries` how each is called: {:?}", commands.symmetric_difference(&tried));

    let mut all = BTreeSet::new();
    for (tool, calls) in tries() {
        for (stage, arguments) in calls {
            let (id, command) = prepared(&open, stage).await?;
            let before = events(&open.node, 0).await?.len() as i64;
            let call = filled(&arguments, &id, &command)?;
            let plain = match open.mcp().call(tool, call.clone()).await? {
                Err(refusal) if refusal.confirm_token.is_some() => {
                    open.mcp().confirmed(tool, call.clone()).await.map(Ok)?
                }
                answer => answer,
            };
            let (acts, _) = guarded(&events(&open.node, before).await?)?;

            let (id, command) = prepared(&guarding, stage).await?;
            let before = events(&guarding.node, 0).await?.len() as i64;
            let call = filled(&arguments, &id, &command)?;
            let answer = guarding.mcp().call(tool, call.clone()).await?;
            let news = events(&guarding.node, before).await?;
            match &answer {
                Err(refusal) if !acts.is_empty() => {
                    check!(checks, refusal.code == "CONFIRMATION_REQUIRED", "{tool} {call}: {refusal:?}");
                    check!(
                        checks,
                        refusal.confirm_token.is_none() && refusal.confirm_at.is_some(),
                        "{tool}: {refusal:?}"
                    );
                    check!(checks, guarded(&news)?.0.is_empty(), "{tool} {call} acted");
                    let data =
                        news.iter().find(|event| event.event_type() == "ConfirmationAsked").context("a question")?;
                    let told = data.json()["data"]["acts"].clone();
                    let told: BTreeSet<&str> =
                        told.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    check!(checks, told == acts, "{tool} {call}: asked for {told:?}, would do {acts:?}");
                    // And with a person's word it is done, with both names on it.
                    done(&guarding, &guarding.mcp(), tool, call).await?;
                    let (did, agreed) = guarded(&events(&guarding.node, before).await?)?;
                    check!(checks, did == acts && agreed, "{tool}: {did:?}, agreed: {agreed}");
                }
                Ok(answer) => check!(checks, acts.is_empty(), "{tool} {call} did {acts:?} unasked: {answer}"),
                Err(refusal) if refusal.confirm_token.is_some() => {
                    check!(checks, plain.is_ok(), "{tool} asks the user alone: {refusal:?}");
                }
                Err(refusal) => check!(checks, plain.is_err(), "{tool} {call}: {refusal:?}"),
            }
            all.extend(acts);
        }
    }
    let every: BTreeSet<&str> = GuardedAct::ALL.into_iter().map(GuardedAct::name).collect();
    check!(checks, all == every, "the calls tried all guarded acts: {all:?}");
    let (_, agreed) = guarded(&events(&guarding.node, 0).await?)?;
    check!(checks, agreed, "an act in the log has no person's word");
    checks.all_hold()
}
