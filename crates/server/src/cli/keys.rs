//! `orderlog keys`: the keys with which programs and people call the shop.

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand};
use orderlog_access::{Grant, Holder, Right, Role, Wanted};
use orderlog_domain::money::parse_amount;
use orderlog_keyring::{AccessKey, Keyring, keys_file};
use orderlog_tools::{Clock, local, principal::Principal};
use serde_json::{Value, json};

use super::output::{print, table};
use crate::{config::Config, node, shop_settings};

/// Default lifetime of a key.
const DAYS: u32 = 365;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and print it, once
    #[command(after_help = "Examples:\n  \
        orderlog keys create asha --role staff\n  \
        orderlog keys create asha --role owner --for person\n  \
        orderlog keys create reports --right orders:read --right customers:read --days 30\n\n\
        A key is for a program, which sends it with every call, or for a person, who signs in to the pages with it. Neither \
        serves for the other. A person with an assistant has one of each, both under the person's name.\n\n\
        Rights: orders:read, orders:write, orders:refund, inventory:write, customers:read (names, addresses and what was typed \
        about people are hidden without it), customers:erase, audit:read, notify:write, admin.\n\
        Roles: owner has them all; staff all but orders:refund, customers:erase, audit:read and admin; viewer orders:read; \
        auditor orders:read and audit:read.")]
    Create {
        /// Who will use it; events name the user so
        name: String,
        /// Who holds it: a program calls with it, a person signs in to the pages with it
        #[arg(long = "for", value_name = "HOLDER", default_value_t = Holder::Program)]
        holder: Holder,
        /// A usual bundle of rights: owner, staff, viewer or auditor
        #[arg(long)]
        role: Option<Role>,
        /// One more right, such as orders:refund; may be given several times
        #[arg(long = "right", value_name = "RIGHT")]
        rights: Vec<Right>,
        /// Lets it refund, as long as no more than this has gone back for the order, in the shop's currency
        #[arg(long, value_name = "AMOUNT")]
        refunds_up_to: Option<String>,
        /// How many days it serves; 0 for no end
        #[arg(long, value_name = "DAYS", default_value_t = DAYS)]
        days: u32,
    },
    /// Show who has a key, what it may do, and when it was last used
    #[command(after_help = "Example:\n  orderlog keys list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a key back: within a second no node takes it any more
    #[command(after_help = "Examples:\n  orderlog keys revoke asha\n  orderlog keys revoke asha --for program")]
    Revoke {
        /// Name or id, as `orderlog keys list` shows them; a name takes back the person's key and the program's
        key: String,
        /// Only the one for a person, or only the one for a program
        #[arg(long = "for", value_name = "HOLDER")]
        holder: Option<Holder>,
    },
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    node::refuse_to_begin(config).await?;
    let log = node::open_log(config).await?;
    let config = shop_settings::of_log(&log, config).await?;
    let which = node::which_log(&config, &log).await?;
    if let Some(file) = keys_file(&config.database_url) {
        anyhow::ensure!(
            file.exists(),
            "{} is missing, where the shop keeps its keys; put it back, or start the shop once",
            file.display()
        );
    }
    let keyring = Keyring::open(&config.database_url, &which).await.context("open the keys")?;
    let now = Clock::new(config.clock).now();
    let done = match arguments.action {
        Action::Create { name, holder, role, rights, refunds_up_to, days } => {
            let refunds_up_to = refunds_up_to.map(|text| parse_amount(&text, config.shop.currency)).transpose();
            let refunds_up_to = refunds_up_to.context("--refunds-up-to")?;
            let expires = (days > 0).then(|| now + TimeDelta::days(days.into()));
            let wanted = Wanted { name, holder, grant: Grant { role, rights, refunds_up_to }, expires };
            create(&config, &keyring, &wanted, now).await
        }
        Action::List { json } => list(&config, &keyring, json, now).await,
        Action::Revoke { key, holder } => revoke(&keyring, &key, holder, now).await,
    };
    keyring.close().await;
    log.close().await;
    done
}

async fn create(config: &Config, keyring: &Keyring, wanted: &Wanted, now: DateTime<Utc>) -> anyhow::Result<()> {
    let (text, kept) = wanted.make(now, &Principal::of_this_machine().user)?;
    anyhow::ensure!(
        keyring.keep_access_key(&kept).await?,
        "there is a key for a {1} called `{0}` already: give this one another name, or take that one back with \
         `orderlog keys revoke {0} --for {1}`",
        kept.name,
        kept.holder
    );
    let zone = config.shop.calendar.timezone;
    let until =
        wanted.expires.map_or_else(|| "for good".to_owned(), |expires| format!("until {}", local(expires, zone)));
    let refunds = limit(config, &kept).map(|limit| format!(" (up to {limit} an order)")).unwrap_or_default();
    let how = match wanted.holder {
        Holder::Program => format!(
            "It is for a program: send it as `Authorization: Bearer {}…`. Nobody signs in with it.",
            orderlog_access::PREFIX
        ),
        Holder::Person => "It is for a person: type it on the page /sign-in, and give it to no program.".to_owned(),
    };
    print(&format!(
        "{text}\n\nThis is the key of {}, shown this once and kept nowhere. It serves {until}.\nIt may: {}{refunds}\n{how}\n",
        kept.name, kept.rights,
    ))
}

async fn revoke(keyring: &Keyring, key: &str, holder: Option<Holder>, now: DateTime<Utc>) -> anyhow::Result<()> {
    let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let holder = holder.map(Holder::name);
    let mut revoked = keyring.revoke_access_key(key, holder, &at, &Principal::of_this_machine().user).await?;
    revoked.sort_unstable();
    anyhow::ensure!(
        !revoked.is_empty(),
        "no key in force{} is called `{key}` or has that id; `orderlog keys list` shows them",
        holder.map(|holder| format!(" for a {holder}")).unwrap_or_default()
    );
    print(&format!(
        "Revoked: the key for a {}. Every node refuses it within a second.\n",
        revoked.join(" and the key for a ")
    ))
}

async fn list(config: &Config, keyring: &Keyring, json: bool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let keys = keyring.access_keys().await?;
    if json {
        let keys: Vec<Value> = keys.iter().map(|key| as_json(key, now)).collect();
        return print(&format!("{}\n", json!({ "keys": keys })));
    }
    if keys.is_empty() {
        return print("There is no key yet. Make one with `orderlog keys create NAME --role staff`.\n");
    }
    let mut table = table(&["key", "for", "id", "role", "rights", "expires", "last used", "state"]);
    for key in &keys {
        let time = |text: &Option<String>| text.clone().unwrap_or_else(|| "never".to_owned());
        let refunds = limit(config, key).map(|limit| format!(" (up to {limit} an order)")).unwrap_or_default();
        let rights = format!("{}{refunds}", key.rights);
        let (role, state) = (key.role.clone(), state(key, now).to_owned());
        table.add_row([
            key.name.clone(),
            key.holder.clone(),
            key.id.clone(),
            role,
            rights,
            time(&key.expires_at),
            time(&key.last_used_at),
            state,
        ]);
    }
    print(&format!("{table}\n"))
}

fn as_json(key: &AccessKey, now: DateTime<Utc>) -> Value {
    json!({
        "id": key.id, "name": key.name, "for": key.holder, "role": key.role, "rights": key.rights.split(' ').collect::<Vec<_>>(),
        "refunds_up_to_minor": key.refunds_up_to, "created_at": key.created_at, "created_by": key.created_by,
        "expires_at": key.expires_at, "revoked_at": key.revoked_at, "revoked_by": key.revoked_by,
        "last_used_at": key.last_used_at, "state": state(key, now),
    })
}

/// The limit of refunds, as the shop writes amounts.
fn limit(config: &Config, key: &AccessKey) -> Option<String> {
    let shop = &config.shop;
    key.refunds_up_to.map(|minor| shop.locale.money_in_words(minor, shop.currency))
}

fn state(key: &AccessKey, now: DateTime<Utc>) -> &'static str {
    let over = |text: &String| DateTime::parse_from_rfc3339(text).is_ok_and(|at| at <= now);
    match key {
        AccessKey { revoked_at: Some(_), .. } => "revoked",
        AccessKey { expires_at: Some(at), .. } if over(at) => "expired",
        _ => "in force",
    }
}
