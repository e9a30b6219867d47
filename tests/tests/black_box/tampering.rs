//! `orderlog verify` finds every changed byte of a stored event, by whatever means it was changed.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Shop, check, events, on_both_engines};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

const TRIES: usize = 12;

on_both_engines!(verify_names_the_changed_position, the_database_itself_refuses_changes);

async fn verify_names_the_changed_position(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    record_something(&shop).await?;
    let log = events(&shop.node, 0).await?;
    shop.node.stop().await?;
    shop.cli(&["verify"]).await?.expect_success()?;

    let seed = 7;
    eprintln!("tampering with seed {seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut database = shop.behind_its_back().await?;
    database.disarm().await?;
    for _ in 0..TRIES {
        let event = &log[random.random_range(0..log.len())];
        let original = event.event.get();
        // One ASCII byte becomes another: the text stays a text, and often stays valid JSON.
        let ascii: Vec<usize> = original.bytes().enumerate().filter(|(_, b)| b.is_ascii()).map(|(at, _)| at).collect();
        let at = ascii[random.random_range(0..ascii.len())];
        let mut bytes = original.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        let changed = String::from_utf8(bytes).context("an ASCII byte for another")?;
        database.replace_event(event.position, &changed).await?;
        let verified = shop.cli(&["verify"]).await?;
        let said = format!("{}{}", verified.stdout, verified.stderr);
        check!(
            checks,
            !verified.success,
            "byte {at} of position {} was changed and verify said {said}",
            event.position
        );
        check!(checks, said.contains(&event.position.to_string()), "position {} is not named: {said}", event.position);
        database.replace_event(event.position, original).await?;
    }
    // The bytes are as they were: what is left to say is that the guards are off.
    let said = shop.cli(&["verify"]).await?.stdout;
    check!(checks, said.contains("trigger") && !said.contains("at position"), "{said}");

    database.delete_event(log.len() as i64 / 2).await?;
    let said = shop.cli(&["verify"]).await?.stdout;
    check!(checks, said.contains("position"), "a deleted event must be found: {said}");
    checks.all_hold()
}

async fn the_database_itself_refuses_changes(mut shop: Shop) -> Result<()> {
    record_something(&shop).await?;
    shop.node.stop().await?;
    let mut database = shop.behind_its_back().await?;
    let changed = database.replace_event(1, "{}").await;
    ensure!(changed.is_err(), "UPDATE must be refused");
    let deleted = database.delete_event(1).await;
    ensure!(deleted.is_err(), "DELETE must be refused");
    shop.cli(&["verify"]).await?.expect_success()?;
    Ok(())
}

async fn record_something(shop: &Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 100).await?;
    for number in 0..10 {
        let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }],
            "note": "Grüße, नमस्ते, שלום", "idempotency_key": format!("order-{number}") });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    Ok(())
}
