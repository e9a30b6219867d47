//! Alerts about the shop as a whole: a relay that stopped, a log that was altered, a day outside its forecast.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use chrono::{Days, NaiveDate};
use orderlog_forecast::{Ahead, forecast};
use orderlog_testkit::Fixture;
use orderlog_tests::{
    AuditedEvent, Checks, Endpoint, Engine, Received, SetUp, Shop, check, events, on_both_engines, until,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATIENCE: Duration = Duration::from_secs(30);
/// The pauses between two looks are divided by it: a standstill counts after a second.
const PACE: &str = "10";
/// Seconds.
const LONGER_THAN_IT_LASTS: i64 = 25;

on_both_engines!(
    a_relay_that_stands_still_is_told_of_each_time,
    an_altered_event_is_found_while_the_node_serves,
    what_verify_finds_is_told_if_it_is_asked_to,
    a_day_that_misses_its_forecast_is_told_of_once,
    an_administrator_decides_who_is_told_of_the_system,
);

/// A shop with NATS, whose target `desk` is an endpoint.
struct Told {
    shop: Shop,
    endpoint: Endpoint,
    _folder: TempDir,
}

impl Fixture for Told {
    async fn on(engine: Engine) -> Result<Told> {
        let set_up = match engine {
            Engine::Sqlite => SetUp::SqliteAndNats,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        Told::open(set_up, &["--notify-pace", PACE]).await
    }
}

impl Told {
    async fn open(set_up: SetUp, more: &[&str]) -> Result<Told> {
        let (endpoint, folder) = (Endpoint::start().await?, tempfile::tempdir()?);
        let (file, url) = (folder.path().join("targets.toml"), endpoint.url("/desk"));
        let text =
            format!("[targets.desk]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\nprivate = true\n");
        std::fs::write(&file, text)?;
        let arguments = [&["--notify-targets-file", file.to_str().context("a path")?], more].concat();
        let shop = Shop::open_with(set_up, &arguments).await?;
        Ok(Told { shop, endpoint, _folder: folder })
    }

    async fn subscribe(&self, when: &str) -> Result<Value> {
        let rule = json!({ "target": "desk", "when": [when], "grace": 0 });
        self.shop.mcp().ok("notifications.subscribe", rule).await
    }

    /// Waits for so many messages of a kind; answers them.
    async fn told(&self, kind: &str, count: usize) -> Result<Vec<Value>> {
        until(&format!("{count} messages of {kind}"), PATIENCE, async || {
            let of_kind = |one: &Received| Some(one.json()).filter(|message| message["type"] == kind);
            let those: Vec<Value> = self.endpoint.received().iter().filter_map(of_kind).collect();
            Ok((those.len() >= count).then_some(those))
        })
        .await
        .with_context(|| format!("{:?}; {}", self.endpoint.received(), self.shop.node.output()))
    }

    /// Waits until the log has so many events of a type; answers their data.
    async fn recorded(&self, event_type: &str, count: usize) -> Result<Vec<Value>> {
        until(&format!("{count} {event_type}"), PATIENCE, async || {
            let all = events(&self.shop.node, 0).await?;
            let those = all.iter().map(AuditedEvent::json).filter(|event| event["type"] == event_type);
            let those: Vec<Value> = those.map(|event| event["data"].clone()).collect();
            Ok((those.len() >= count).then_some(those))
        })
        .await
        .with_context(|| self.shop.node.output())
    }
}

async fn a_relay_that_stands_still_is_told_of_each_time(mut told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let asked = told.subscribe("relay_stopped").await?;
    check!(checks, asked["text"] == "desk is told when the relay to NATS stops (rule 1).", "{asked}");
    let patient = json!({ "target": "desk", "when": ["relay_stopped"], "grace": LONGER_THAN_IT_LASTS });
    let asked = told.shop.mcp().ok("notifications.subscribe", patient).await?;
    check!(checks, asked["text"].as_str().is_some_and(|text| text.contains("for longer than 25 seconds")), "{asked}");
    let kind = "system.relay_stopped";
    for time in 1..=2 {
        told.shop.nats.as_mut().context("a nats-server")?.kill()?;
        told.shop.stock(&format!("PEN-{time}"), "Fountain pen", "10.00", 5).await?;
        let messages = told.told(kind, time).await?;
        let data = &messages[time - 1]["data"];
        let text = data["text"].as_str().context("a text")?;
        check!(checks, text.starts_with("Nothing has been published to NATS since "), "{text}");
        check!(checks, text.contains(" wait") && data["waiting"].as_i64() >= Some(1), "{data}");
        if time == 1 {
            // Another start neither repeats it nor forgets that it goes on.
            told.shop.node.stop().await?;
            told.shop.node.start_again().await?;
            told.shop.stock("INK", "Ink", "5.00", 5).await?;
        }
        told.shop.nats.as_mut().context("a nats-server")?.start_again().await?;
        told.recorded("AlertEnded", time).await?;
    }
    // Who gives it longer hears of neither.
    let stopped = until("two messages that were stopped", 2 * PATIENCE, async || {
        let handled = told.recorded("NotificationsHandled", 1).await?;
        let messages = handled.iter().filter_map(|data| data["messages"].as_array()).flatten();
        let stopped: Vec<Value> = messages.filter(|message| message["outcome"] == "stopped").cloned().collect();
        Ok((stopped.len() >= 2).then_some(stopped))
    })
    .await?;
    let why = |one: &Value| one["rule_id"] == 2 && one["why"] == "it was over in time";
    check!(checks, stopped.iter().all(why), "{stopped:?}");
    let (raised, all) = (told.recorded("AlertRaised", 2).await?, told.told(kind, 2).await?);
    check!(checks, raised.len() == 2 && all.len() == 2, "{raised:?}; {all:?}");
    check!(checks, all[0]["data"]["message_id"] != all[1]["data"]["message_id"], "{all:?}");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_there_is_no_relay_to_watch() -> Result<()> {
    let mut checks = Checks::default();
    let told = Told::open(SetUp::Sqlite, &[]).await?;
    let refused = told
        .shop
        .mcp()
        .refused("notifications.subscribe", json!({ "target": "desk", "when": ["relay_stopped"] }))
        .await?;
    check!(checks, refused.code == "NOT_FOUND" && refused.message.contains("no relay that could stop"), "{refused:?}");
    for (more, said) in
        [(json!({ "order_ids": [1001] }), "the shop as a whole"), (json!({ "min_total": "5" }), "whole")]
    {
        let mut rule = json!({ "target": "desk", "when": ["forecast_missed"] });
        rule.as_object_mut().context("an object")?.extend(more.as_object().context("an object")?.clone());
        let refused = told.shop.mcp().refused("notifications.subscribe", rule).await?;
        check!(checks, refused.message.contains(said), "{refused:?}");
    }
    checks.all_hold()
}

async fn an_altered_event_is_found_while_the_node_serves(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    told.subscribe("verify_failed").await?;
    // Both nodes find it, and one sends the message.
    let other = told.shop.another_node().await?;
    told.shop.with_orders(3).await?;
    let log = events(&told.shop.node, 0).await?;
    let event = &log[log.len() / 2];
    let (at, original) = (event.position, event.event.get());
    let mut database = told.shop.behind_its_back().await?;
    database.disarm().await?;
    database.replace_event(at, &original.replacen("recorded_at", "recorded-at", 1)).await?;
    let kind = "system.verify_failed";
    let of_event = |messages: &[Value]| messages.iter().filter(|one| one["data"]["at"] == at).count();
    let found = until("the altered event", PATIENCE, async || {
        let messages = told.told(kind, 1).await?;
        Ok((of_event(&messages) > 0).then_some(messages))
    })
    .await?;
    let message = found.iter().find(|one| one["data"]["at"] == at).context("the message")?;
    let text = message["data"]["text"].as_str().context("a text")?;
    check!(checks, text.starts_with(&format!("A check of the log found a fault at event {at}.")), "{text}");
    for node in [&told.shop.node, &other] {
        let ready = until("the node to see it", PATIENCE, async || {
            let ready: Value = node.get("/readyz").await?.json().await?;
            Ok(ready["degraded"].to_string().contains(&format!("event {at}:")).then_some(ready))
        })
        .await?;
        check!(checks, ready["ready"] == true, "it serves all the same: {ready}");
    }
    let raised = told.recorded("AlertRaised", 1).await?;
    let raised = raised.iter().filter(|data| data["alert"]["at"] == at).count();
    let messages = told.told(kind, 1).await?;
    check!(checks, raised == 1 && of_event(&messages) == 1, "raised {raised} times: {messages:?}");
    // The missing guards are reported too: once, and not again in each round.
    let guards = found.iter().filter(|one| one["data"]["at"].is_null()).count();
    check!(checks, guards <= 3, "{found:?}");
    database.replace_event(at, original).await?;
    let ended = told.recorded("AlertEnded", 1).await?;
    check!(checks, ended[0]["alert"]["at"] == at, "{ended:?}");
    database.replace_event(at, &original.replacen("recorded_at", "recorded-at", 1)).await?;
    until("a second message of it", PATIENCE, async || Ok((of_event(&told.told(kind, 2).await?) == 2).then_some(())))
        .await?;
    checks.all_hold()
}

async fn what_verify_finds_is_told_if_it_is_asked_to(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    told.subscribe("verify_failed").await?;
    told.shop.with_orders(1).await?;
    let count = events(&told.shop.node, 0).await?.len();
    let noted = format!("2:{}", "0".repeat(64));
    // Only what was noted elsewhere can show this: no node finds it.
    let found = told.shop.cli(&["verify", "--expect", &noted]).await?;
    check!(checks, !found.success && events(&told.shop.node, 0).await?.len() == count, "nothing is written: {found:?}");
    let found = told.shop.cli(&["verify", "--expect", &noted, "--tell"]).await?;
    check!(checks, !found.success && found.stdout.contains("as noted"), "{found:?}");
    let messages = told.told("system.verify_failed", 1).await?;
    check!(checks, messages[0]["data"]["at"] == 2 && messages.len() == 1, "{messages:?}");
    checks.all_hold()
}

/// The forecast of the day after the last one.
fn said(values: &[i64]) -> Result<(i64, [i64; 2])> {
    let made = forecast(values, Ahead { first: 1, last: 1 }).context("a forecast")?;
    let day = made.days[0];
    Ok((day.value, [day.band_80.from, day.band_80.to]))
}

/// Booked revenue of each day.
fn revenue(log: &[AuditedEvent]) -> Result<BTreeMap<NaiveDate, i64>> {
    let mut sold: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for event in log.iter().map(AuditedEvent::json) {
        let (sign, shipping) = match event["type"].as_str() {
            Some("OrderPlaced") => (1, &event["data"]["totals"]["shipping"]),
            Some("UnitsCancelled") => (-1, &event["data"]["shipping"]["net"]),
            _ => continue,
        };
        let lines = event["data"]["lines"].as_array().context("lines")?.iter();
        let amount = |line: &Value, name: &str| line["amounts"][name].as_i64().context("an amount");
        let net: i64 = lines.map(|line| Ok(amount(line, "gross")? - amount(line, "discount")?)).sum::<Result<i64>>()?;
        let day = event["provenance"]["business_date"].as_str().context("a day")?.parse()?;
        *sold.entry(day).or_default() += sign * (net + shipping.as_i64().context("shipping")?);
    }
    Ok(sold)
}

async fn a_day_that_misses_its_forecast_is_told_of_once(mut told: Told) -> Result<()> {
    let mut checks = Checks::default();
    told.shop.node.stop().await?;
    told.shop.cli(&["simulate", "--days", "50", "--orders-per-day", "4", "--seed", "5"]).await?.expect_success()?;
    told.shop.node.start_again().await?;
    let asked = told.subscribe("forecast_missed").await?;
    check!(checks, asked["text"] == "desk is told when the sales of a day miss the forecast (rule 1).", "{asked}");
    // Far more is sold today than on any day before.
    told.shop.customer("Asha Rao", "asha@example.com").await?;
    told.shop.stock("PEN", "Fountain pen", "9000.00", 5_000).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 5_000 }] });
    told.shop.mcp().ok("orders.create_order", order).await?;
    let sold = revenue(&events(&told.shop.node, 0).await?)?;
    let (today, brought) = sold.last_key_value().context("a day")?;
    let first = sold.keys().next().context("a first day")?;
    let days = first.iter_days().take_while(|day| day < today);
    let before: Vec<i64> = days.map(|day| sold.get(&day).copied().unwrap_or(0)).collect();
    let (expected, [from, to]) = said(&before)?;
    ensure!(*brought > to, "{brought} is in the band up to {to}");
    let next = *today + Days::new(1);
    told.shop.node.restart_at(&format!("{next}T00:00:30+05:30")).await?;
    let kind = "sales.forecast_missed";
    let message = told.told(kind, 1).await?.remove(0);
    let data = &message["data"];
    check!(checks, data["day"] == json!(today), "{data}");
    let minors = [&data["sold"], &data["expected"], &data["band_80"][0], &data["band_80"][1]];
    let minors = minors.map(|amount| amount["minor"].as_i64().unwrap_or(-1));
    check!(checks, minors == [*brought, expected, from, to], "{data}, not {expected} from {from} to {to}");
    let text = data["text"].as_str().context("a text")?;
    check!(checks, text.contains("more than forecast") && text.contains("₹4,50,"), "{text}");
    // Neither another start nor another rule reports the day again; the next day, on which nothing is sold, is
    // reported.
    told.shop.node.restart_at(&format!("{next}T08:00:00+05:30")).await?;
    let rule = json!({ "target": "desk", "when": ["forecast_missed"], "grace": 1 });
    told.shop.mcp().ok("notifications.subscribe", rule).await?;
    told.shop.node.restart_at(&format!("{}T00:00:30+05:30", next + Days::new(1))).await?;
    let messages = told.told(kind, 3).await?;
    let days: Vec<&Value> = messages.iter().map(|one| &one["data"]["day"]).collect();
    check!(
        checks,
        days == [&json!(today), &json!(next), &json!(next)],
        "two rules are told of the second day: {days:?}"
    );
    check!(checks, told.recorded("AlertRaised", 2).await?.len() == 2, "{messages:?}");
    checks.all_hold()
}

async fn an_administrator_decides_who_is_told_of_the_system(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let key = told.shop.key(&["bo", "--right", "notify:write", "--right", "orders:read"]).await?;
    let staff = told.shop.mcp().with_key(&key);
    for when in ["relay_stopped", "verify_failed", "Tampered"] {
        let refused = staff.refused("notifications.subscribe", json!({ "target": "desk", "when": [when] })).await?;
        check!(checks, refused.code == "FORBIDDEN" && refused.message.contains("right admin"), "{when}: {refused:?}");
    }
    staff.ok("notifications.subscribe", json!({ "target": "desk", "when": ["forecast_missed"] })).await?;
    told.subscribe("verify_failed").await?;
    let refused = staff.refused("notifications.unsubscribe", json!({ "rule_id": 2 })).await?;
    check!(checks, refused.code == "FORBIDDEN", "{refused:?}");
    staff.ok("notifications.unsubscribe", json!({ "rule_id": 1 })).await?;
    let list = told.shop.mcp().full("notifications.list", json!({})).await?;
    check!(checks, list["rules"][0]["told"] == "when a check of the log finds a fault", "{list}");
    told.shop.mcp().ok("notifications.unsubscribe", json!({ "rule_id": 2 })).await?;
    checks.all_hold()
}
