//! Configuration: flag over environment over file over default, typed, all problems reported at once.

mod error;
mod language_model;
mod nats;
mod oauth;
mod page;
mod readers;
mod redacted;
mod settings;
pub(crate) mod shop;
mod sources;
#[cfg(test)]
mod tests;
mod tls;

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use orderlog_access::{OAuthSettings, Rates};
use orderlog_assistant::LanguageModel;
use orderlog_domain::decide::Shop;
use orderlog_messaging::Access;
use orderlog_notify::{Targets, Templates};
use orderlog_tools::Tools;

pub(crate) use self::{
    error::ConfigError,
    page::markdown,
    settings::Setting,
    sources::{Given, Texts, hidden, nearest},
    tls::TlsFiles,
};
use self::{
    readers::{address, boolean, database_url, hosts, limit, name, origins, public_url},
    shop::Contradiction,
    sources::Values,
};

/// The configuration of a node.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    /// Certificate and key, if HTTPS is served instead of HTTP.
    pub(crate) tls: Option<TlsFiles>,
    /// Whether every call needs a key or token: because of the setting, because the server listens for other machines,
    /// or because users sign in.
    pub(crate) require_keys: bool,
    /// Whether no tool may change anything.
    pub(crate) read_only: bool,
    pub(crate) rates: Rates,
    pub(crate) oauth: Option<OAuthSettings>,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) database_url: String,
    pub(crate) nats: Option<Access>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) shop: Shop,
    pub(crate) shop_name: Option<String>,
    pub(crate) public_url: Option<String>,
    pub(crate) log_format: LogFormat,
    pub(crate) clock: Option<DateTime<Utc>>,
    pub(crate) accept_missing_keys: bool,
    pub(crate) targets: Targets,
    /// The words of messages.
    pub(crate) templates: Templates,
    pub(crate) notify_pace: u32,
    pub(crate) language_model: Option<Arc<LanguageModel>>,
    pub(crate) bench_noop_tool: bool,
    /// Settings that were given, not left to their defaults, and where.
    pub(crate) given: BTreeMap<&'static str, String>,
    /// Warnings for the operator.
    pub(crate) warnings: Vec<String>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads the settings from the command line, from the environment and from the file that is named there.
    ///
    /// # Errors
    /// Lists every value that cannot be used, with its origin.
    pub(crate) fn load(given: &Given) -> Result<Config, ConfigError> {
        let mut values = sources::Values::collect(given)?;
        let config = read_all(&mut values);
        match (config, values.problems()) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(ConfigError(problems)),
        }
    }

    /// The tools that are offered.
    pub(crate) fn tools(&self) -> Tools {
        match self.read_only {
            true => Tools::only_reading(self.bench_noop_tool),
            false => Tools::new(self.bench_noop_tool),
        }
    }

    /// Takes the settings of the log in place of those that were left out. If a given setting contradicts the log, the
    /// log's value is taken too, and the contradiction is returned.
    ///
    /// # Errors
    /// When the log holds a value that this release cannot read.
    pub(crate) fn adopt(&mut self, recorded: &Texts) -> Result<Vec<Contradiction>, ConfigError> {
        let mine = shop::texts(&self.shop);
        let contradictions: Vec<Contradiction> = recorded
            .iter()
            .filter_map(|(name, recorded)| {
                let (given, origin) = (mine.get(name)?, self.given.get(name.as_str())?);
                (given != recorded).then(|| Contradiction {
                    name: name.clone(),
                    given: given.clone(),
                    origin: origin.clone(),
                    recorded: recorded.clone(),
                })
            })
            .collect();
        let given = self.shop.confirmed_by_people;
        self.shop = shop::with_texts(&self.shop, recorded, "the shop's settings in the log")?;
        // More acts that wait for people are never a contradiction: they give nobody more power.
        let more = given.and(self.shop.confirmed_by_people.acts()) == given;
        if more && given != self.shop.confirmed_by_people {
            self.shop.confirmed_by_people = given;
        }
        let allowed = |one: &Contradiction| more && one.name == shop::CONFIRMED_BY_PEOPLE;
        Ok(contradictions.into_iter().filter(|one| !allowed(one)).collect())
    }
}

/// `None` if any value could not be read; the problems say which.
fn read_all(values: &mut Values) -> Option<Config> {
    let listen = values.read("listen", address);
    let tls = values.read_tls();
    let require_keys = values.read("require-keys", boolean);
    let read_only = values.read("read-only", boolean);
    let each = values.read("calls-per-second", limit);
    let in_all = values.read("calls-per-second-in-all", limit);
    let metrics_listen = values.read_optional("metrics-listen", address);
    let database_url = values.read("database-url", database_url);
    let oauth = values.read_oauth();
    let nats = values.read_nats();
    let allowed_hosts = values.read("allowed-hosts", hosts);
    let allowed_origins = values.read("allowed-origins", origins);
    let shop = shop::read(values);
    let shop_name = values.read_optional("shop-name", name);
    let public_url = values.read_optional("public-url", public_url);
    let log_format = values.read("log-format", |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("expected `text` or `json`".to_owned()),
    });
    let clock = values.read_optional("clock", |text| {
        DateTime::parse_from_rfc3339(text)
            .map(|time| time.to_utc())
            .map_err(|_| "expected an RFC 3339 time such as 2026-11-22T14:30:00+05:30".to_owned())
    });
    let templates = values.read_optional("notify-templates-dir", |path| Templates::read(Path::new(path)));
    let sets = templates.as_ref().and_then(Option::as_ref).map(Templates::names).unwrap_or_default();
    let targets = values.read_optional("notify-targets-file", |path| Targets::read(Path::new(path), &sets));
    let notify_pace = values.read("notify-pace", |text| {
        text.parse().ok().filter(|pace| *pace > 0).ok_or_else(|| "expected a whole number from 1 on".to_owned())
    });
    let language_model = values.read_language_model();
    let accept_missing_keys = values.read("accept-missing-keys", boolean);
    let bench_noop_tool = values.read("bench-noop-tool", boolean);
    Some(Config {
        require_keys: require_keys? || !listen?.ip().is_loopback() || oauth.as_ref()?.is_some(),
        read_only: read_only?,
        rates: Rates { each: each?, in_all: in_all? },
        oauth: oauth?,
        listen: listen?,
        tls: tls?,
        metrics_listen: metrics_listen?,
        database_url: database_url?,
        nats: nats?,
        allowed_hosts: allowed_hosts?,
        allowed_origins: allowed_origins?,
        shop: shop?,
        shop_name: shop_name?,
        public_url: public_url?,
        log_format: log_format?,
        clock: clock?,
        accept_missing_keys: accept_missing_keys?,
        targets: targets?.unwrap_or_default(),
        templates: templates?.unwrap_or_default(),
        notify_pace: notify_pace?,
        language_model: language_model?,
        bench_noop_tool: bench_noop_tool?,
        given: values.given(),
        warnings: values.warnings(),
    })
}
