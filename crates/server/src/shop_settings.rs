//! The settings of a shop are stored in its log: the first start records them, later starts compare them (ADR 13).

use chrono::{DateTime, Utc};
use orderlog_event_log::{Log, ShopSettings};
use orderlog_tools::principal::Principal;

use crate::config::{
    Config, ConfigError, Texts,
    shop::{Contradiction, texts, with_texts},
};

/// The shop's currency, in which events are recorded.
const CURRENCY: &str = "currency";

/// One row of settings in the log.
pub(crate) struct Recorded {
    pub(crate) row: ShopSettings,
    pub(crate) texts: Texts,
}

/// All rows, oldest first.
pub(crate) async fn history(log: &Log) -> anyhow::Result<Vec<Recorded>> {
    let read = |row: ShopSettings| anyhow::Ok(Recorded { texts: serde_json::from_str(&row.settings)?, row });
    log.settings().await?.into_iter().map(read).collect()
}

/// For a start that may write: takes the shop's settings from the log, and records those that are missing there.
///
/// # Errors
/// When a setting that was given contradicts the log; nothing is recorded then.
pub(crate) async fn settle(log: &Log, config: &mut Config, now: DateTime<Utc>) -> anyhow::Result<()> {
    loop {
        let history = history(log).await?;
        let recorded = history.last().map(|last| last.texts.clone()).unwrap_or_default();
        let contradictions = config.adopt(&recorded)?;
        anyhow::ensure!(contradictions.is_empty(), refusal(&contradictions));
        let mut all = recorded.clone();
        all.extend(texts(&config.shop));
        if all == recorded {
            return Ok(());
        }
        let head = log.head().await?.position;
        let revision = history.last().map_or(1, |last| last.row.revision + 1);
        // Another node may be first: then its settings are compared.
        if log.record_settings(&row(revision, head, &all, now)?).await? {
            let settings = in_words(&all);
            if head.0 > 0 {
                tracing::warn!(%settings, "the log held no settings of the shop; these are recorded now");
            } else {
                tracing::info!(%settings, "the shop's settings are recorded");
            }
        }
    }
}

/// For a command that only reads: takes the shop's settings from the log, if it has any.
pub(crate) async fn of_log(log: &Log, config: &Config) -> anyhow::Result<Config> {
    let mut config = config.clone();
    if let Some(last) = history(log).await?.pop() {
        for Contradiction { name, given, origin, recorded } in config.adopt(&last.texts)? {
            tracing::warn!("{origin}: the shop's {name} is {recorded}, not {given}; {recorded} is used");
        }
    }
    Ok(config)
}

/// Changes settings on purpose, from the next event on.
///
/// # Errors
/// When a setting cannot be used, or the currency can no longer be changed; nothing is recorded then.
pub(crate) async fn change(
    log: &Log,
    config: &Config,
    changes: &Texts,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<ShopSettings>> {
    loop {
        let history = history(log).await?;
        let recorded = match history.last() {
            Some(last) => last.texts.clone(),
            None => texts(&config.shop),
        };
        let before = with_texts(&config.shop, &recorded, "the shop's settings in the log")?;
        let shop = with_texts(&before, changes, "the command line")?;
        let mut all = recorded.clone();
        all.extend(texts(&shop));
        if all == recorded && !history.is_empty() {
            return Ok(None);
        }
        let head = log.head().await?.position;
        if all.get(CURRENCY) != recorded.get(CURRENCY) {
            let since = since(&history, CURRENCY).map_or(head, |first| first.row.position);
            anyhow::ensure!(
                since == head,
                "the currency cannot be changed: {} events were recorded since it became {}, and their amounts stand in it. \
                 A shop with another currency needs a log of its own",
                head.0 - since.0,
                recorded.get(CURRENCY).map_or("what it is", String::as_str)
            );
        }
        let row = row(history.last().map_or(1, |last| last.row.revision + 1), head, &all, now)?;
        if log.record_settings(&row).await? {
            return Ok(Some(row));
        }
    }
}

/// The row that gave a setting its present value.
pub(crate) fn since<'a>(history: &'a [Recorded], name: &str) -> Option<&'a Recorded> {
    let now = history.last()?.texts.get(name);
    history.iter().rev().take_while(|one| one.texts.get(name) == now).last()
}

fn row(
    revision: i64,
    position: orderlog_domain::ids::Position,
    texts: &Texts,
    now: DateTime<Utc>,
) -> Result<ShopSettings, serde_json::Error> {
    Ok(ShopSettings {
        revision,
        position,
        recorded_at: now,
        actor: Principal::of_this_machine().user,
        program: format!("orderlog {}", env!("CARGO_PKG_VERSION")),
        settings: serde_json::to_string(texts)?,
    })
}

fn refusal(contradictions: &[Contradiction]) -> ConfigError {
    let told = |Contradiction { name, given, origin, recorded }: &Contradiction| match name.as_str() {
        CURRENCY => format!(
            "{origin}: {given} is not the currency of this shop: its log says {recorded}. Leave the setting out, or open the \
             log that was meant; the currency of a shop with events cannot be changed"
        ),
        _ => format!(
            "{origin}: the log says that the shop's {name} is {recorded}, not {given}. Leave the setting out, or change the shop: \
             orderlog settings set {name}={given}"
        ),
    };
    ConfigError(contradictions.iter().map(told).collect())
}

/// `currency=INR, timezone=Asia/Kolkata, …`
fn in_words(texts: &Texts) -> String {
    texts.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(", ")
}
