//! Whoever may not see particulars of people learns none of them by guessing.

use anyhow::{Context as _, Result};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::json;

on_both_engines!(a_preview_tells_nobody_which_guess_is_right);

const EMAIL: &str = "asha.r@example.com";

async fn a_preview_tells_nobody_which_guess_is_right(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let (name, phone, address) = ("Asha Raghunathan", "+91 98765 43210", "17 Banyan Street, Pune 411001");
    let asha = json!({ "name": name, "email": EMAIL, "phone": phone, "address": address });
    shop.mcp().ok("customers.upsert", asha).await?;
    let key = shop.key(&["blind", "--right", "orders:read", "--right", "orders:write"]).await?;
    let node = shop.open_node(&[]).await?;
    let (blind, sees) = (node.mcp().with_key(&key), shop.mcp());
    for (field, right, wrong) in [
        ("phone", phone, "+91 98765 00000"),
        ("name", name, "Asha Somebody"),
        ("email", EMAIL, "asha.somebody@example.com"),
        ("address", address, "1 Other Street, Goa"),
    ] {
        for detail in ["short", "full"] {
            let (mut told, mut seen) = (vec![], vec![]);
            for guess in [right, wrong] {
                let guess = json!({ "customer": EMAIL, field: guess, "dry_run": true, "detail": detail });
                let mut answer = blind.ok("customers.upsert", guess.clone()).await?;
                for differs in ["command_id", "events", "position"] {
                    answer.as_object_mut().context("an answer")?.remove(differs);
                }
                told.push(answer);
                seen.push(sees.ok("customers.upsert", guess).await?["text"].clone());
            }
            check!(checks, told[0] == told[1], "{field}: {} when right, {} when wrong", told[0], told[1]);
            check!(checks, seen[0] != seen[1], "{field}: whoever may see them is told what changes: {seen:?}");
        }
    }
    checks.all_hold()
}
