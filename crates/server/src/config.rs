//! Configuration: flag over environment over file over default, typed, all problems reported at once.

mod nats;
mod page;
mod redacted;
mod settings;
pub(crate) mod shop;
mod sources;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fmt,
    net::{IpAddr, SocketAddr},
    path::Path,
    str::FromStr,
};

use chrono::{DateTime, Month, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use orderlog_domain::{
    calendar::{BusinessCalendar, DayMonthOrder},
    decide::Shop,
    format::Locale,
    money::Currency,
};
use orderlog_event_log::sqlite_file;
use orderlog_messaging::Access;
use sqlx::postgres::PgConnectOptions;

pub(crate) use self::{
    page::markdown,
    redacted::redacted,
    settings::Setting,
    sources::{Given, hidden, nearest},
};
use crate::http::is_origin;

/// Everything a node is told from outside.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) database_url: String,
    pub(crate) nats: Option<Access>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) shop: Shop,
    pub(crate) log_format: LogFormat,
    pub(crate) clock: Option<DateTime<Utc>>,
    pub(crate) accept_missing_keys: bool,
    pub(crate) bench_noop_tool: bool,
    /// Settings that were given, not left to their defaults, and where.
    pub(crate) given: BTreeMap<&'static str, String>,
    /// What the operator should know besides.
    pub(crate) warnings: Vec<String>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Every problem of the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigError(pub(crate) Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads everything given on the command line, in the environment and in the file it names.
    ///
    /// # Errors
    /// Lists every value that cannot be used, and where it came from.
    pub(crate) fn load(given: &Given) -> Result<Config, ConfigError> {
        let mut values = sources::Values::collect(given)?;
        let config = values.read_all();
        match (config, values.problems()) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(ConfigError(problems)),
        }
    }
}

impl sources::Values {
    /// `None` as soon as one value could not be read; the problems say which.
    fn read_all(&mut self) -> Option<Config> {
        let listen = self.read("listen", loopback);
        let metrics_listen = self.read_optional("metrics-listen", address);
        let database_url = self.read("database-url", database_url);
        let nats = self.read_nats();
        let allowed_hosts = self.read("allowed-hosts", hosts);
        let allowed_origins = self.read("allowed-origins", origins);
        let shop = self.read_shop();
        let log_format = self.read("log-format", |text| match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("expected `text` or `json`".to_owned()),
        });
        let clock = self.read_optional("clock", |text| {
            DateTime::parse_from_rfc3339(text)
                .map(|time| time.to_utc())
                .map_err(|_| "expected an RFC 3339 time such as 2026-11-22T14:30:00+05:30".to_owned())
        });
        let accept_missing_keys = self.read("accept-missing-keys", boolean);
        let bench_noop_tool = self.read("bench-noop-tool", boolean);
        Some(Config {
            listen: listen?,
            metrics_listen: metrics_listen?,
            database_url: database_url?,
            nats: nats?,
            allowed_hosts: allowed_hosts?,
            allowed_origins: allowed_origins?,
            shop: shop?,
            log_format: log_format?,
            clock: clock?,
            accept_missing_keys: accept_missing_keys?,
            bench_noop_tool: bench_noop_tool?,
            given: self.given(),
            warnings: self.warnings(),
        })
    }

    fn read_shop(&mut self) -> Option<Shop> {
        let locale = self.read("locale", |text| Locale::from_str(text).map_err(|_| known_locales()));
        let timezone = self.read("timezone", timezone);
        let currency = self.read("currency", |text| {
            Currency::given(text).map_err(|_| "no ISO 4217 code; use one such as INR, USD or EUR".to_owned())
        });
        let week_start = self.read("week-start", |text| {
            Weekday::from_str(text).map_err(|_| "expected a weekday such as monday or sunday".to_owned())
        });
        let fiscal_year_start = self.read("fiscal-year-start", |text| {
            Month::from_str(text).map_err(|_| "expected a month such as april".to_owned())
        });
        let day_start = self.read("day-start", |text| {
            NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "expected a time such as 00:00 or 04:30".to_owned())
        });
        let day_month_order = self.read("day-month-order", |text| match text {
            "day-month" => Ok(DayMonthOrder::DayFirst),
            "month-day" => Ok(DayMonthOrder::MonthFirst),
            "ask" => Ok(DayMonthOrder::Unset),
            _ => Err("expected `day-month`, `month-day` or `ask`".to_owned()),
        });
        let calendar = BusinessCalendar {
            timezone: timezone?,
            day_start: day_start?,
            week_start: week_start?,
            fiscal_year_start: fiscal_year_start?,
            day_month_order: day_month_order?,
        };
        Some(Shop { currency: currency?, calendar, locale: locale? })
    }
}

/// Without credentials, whoever can reach the port is the shopkeeper; so only this machine may reach it.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("anyone who can reach this address could run the shop: this version has no credentials yet, so it \
             listens on loopback only; put a proxy that authenticates in front of it, or use 127.0.0.1"
            .to_owned())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = numeric.as_deref().unwrap_or(text).parse();
    address.map_err(|_| "expected an address and port such as 127.0.0.1:7400".to_owned())
}

/// Names of zones are told apart by their letters, not by their case.
fn timezone(text: &str) -> Result<Tz, String> {
    let known = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text));
    known.copied().ok_or_else(|| {
        let near = nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let near = near.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        format!("no IANA time zone; use one such as Asia/Kolkata or Europe/Berlin{near}")
    })
}

fn database_url(text: &str) -> Result<String, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        PgConnectOptions::from_str(text).map_err(|error| {
            let problem = match error {
                sqlx::Error::Configuration(problem) => problem.to_string(),
                other => other.to_string(),
            };
            format!("{problem}; write one such as postgres://user@host:5432/database?sslmode=require")
        })?;
        return Ok(text.to_owned());
    }
    let file = sqlite_file(text).filter(|_| text.starts_with("sqlite://"));
    match file.as_deref().and_then(Path::file_name).and_then(OsStr::to_str) {
        Some(name @ ("keys.db" | "projections.db")) => {
            Err(format!("{name} is a file that stands beside the log; give the log another name, such as log.db"))
        }
        Some(_) => Ok(text.to_owned()),
        None => Err("expected sqlite://folder/log.db or postgres://user@host/database".to_owned()),
    }
}

fn known_locales() -> String {
    let tags: Vec<&str> = Locale::ALL.iter().map(|locale| locale.tag()).collect();
    format!("expected one of {}", tags.join(", "))
}

/// Names or addresses as a Host header has them, without the port: others would never be asked for.
fn hosts(text: &str) -> Result<Vec<String>, String> {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_name = |host: &str| host.strip_suffix('.').unwrap_or(host).split('.').all(is_label);
    list(text, "host", |host| host.parse::<IpAddr>().is_ok() || is_name(host)).map_err(|fault| {
        format!(
            "{fault}write names or addresses alone, separated by commas, such as shop.example, 127.0.0.1 or ::1; there are no \
             wildcards, and a name holds for every port"
        )
    })
}

/// Origins as an Origin header has them; the port may be `*`.
fn origins(text: &str) -> Result<Vec<String>, String> {
    let fits = |origin: &str| {
        let origin = origin.strip_suffix(":*").unwrap_or(origin);
        is_origin(origin) && !origin.contains('*')
    };
    let known = list(text, "origin", fits).map_err(|fault| {
        format!(
            "{fault}write a scheme and a host with or without a port, separated by commas, such as https://shop.example or \
             http://localhost:*"
        )
    })?;
    // Browsers write them in small letters.
    Ok(known.into_iter().map(|origin| origin.to_ascii_lowercase()).collect())
}

/// At least one, and each as it must be; otherwise which one is not.
fn list(text: &str, kind: &str, fits: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let all: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    match all.iter().find(|one| !fits(one)) {
        Some(one) => Err(format!("`{one}` is no {kind}; ")),
        None if all.is_empty() => Err(String::new()),
        None => Ok(all.into_iter().map(str::to_owned).collect()),
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "expected `true` or `false`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
        Config::load(&Given::of(pairs))
    }

    #[test]
    fn defaults_stand_on_their_own() {
        let config = load(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7400");
        assert_eq!(config.database_url, "sqlite://orderlog-data/log.db");
        assert_eq!(config.shop.calendar.timezone, chrono_tz::Asia::Kolkata);
        assert!(config.nats.is_none());
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let error = load(&[("timezone", "Mars/Base"), ("currency", "RUP"), ("day-start", "25:00")]).unwrap_err();
        assert_eq!(error.0.len(), 3, "{error}");
        assert!(error.0[0].starts_with("--timezone: `Mars/Base` cannot be used: no IANA time zone"), "{error}");
    }

    #[test]
    fn what_is_given_must_not_be_empty() {
        for setting in ["database-url", "nats-url", "allowed-origins", "bench-noop-tool", "clock"] {
            for empty in ["", " "] {
                let error = load(&[(setting, empty)]).unwrap_err();
                assert!(error.0[0].starts_with(&format!("--{setting}: is empty")), "{error}");
            }
        }
    }

    #[test]
    fn problems_of_the_shop_do_not_hide_each_other() {
        let all = [
            ("currency", "RUP"),
            ("timezone", "Mars/Base"),
            ("day-start", "25:00"),
            ("week-start", "someday"),
            ("fiscal-year-start", "june-ish"),
            ("day-month-order", "year"),
            ("locale", "xx"),
        ];
        let error = load(&all).unwrap_err();
        assert_eq!(error.0.len(), all.len(), "{error}");
    }

    #[test]
    fn what_is_meant_is_read() {
        let config = load(&[("timezone", "asia/kolkata"), ("listen", "localhost:7401")]).unwrap();
        assert_eq!(config.shop.calendar.timezone, chrono_tz::Asia::Kolkata);
        assert_eq!(config.listen.to_string(), "127.0.0.1:7401");
        let error = load(&[("timezone", "Asia/Kolkatta")]).unwrap_err();
        assert!(error.0[0].contains("did you mean Asia/Kolkata?"), "{error}");
    }

    #[test]
    fn no_password_is_printed() {
        for setting in ["database-url", "nats-url"] {
            let error = load(&[(setting, "postgers://orderlog:s3cret@db/orderlog")]).unwrap_err();
            assert!(error.0[0].contains("`postgers://…@db/orderlog`"), "{error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn hosts_and_origins_that_no_request_can_have_are_refused() {
        for wrong in ["*", ",", "http://x.com", "x.com:99", "[::1]", "x.com/", "localhost,*.x.com", "bücher.example"] {
            let told = load(&[("allowed-hosts", wrong)]).unwrap_err().to_string();
            assert!(told.contains("write names or addresses alone"), "{wrong}: {told}");
        }
        for wrong in ["*", ",", "x.com", "https://x.com/", "https://*.x.com", "https://x.com:99999", "null", "https://"]
        {
            let told = load(&[("allowed-origins", wrong)]).unwrap_err().to_string();
            assert!(told.contains("write a scheme and a host"), "{wrong}: {told}");
        }
        let config = load(&[
            ("allowed-hosts", " Shop.example , 10.0.0.1,fe80::1"),
            ("allowed-origins", "https://Shop.example, http://[::1]:*,http://localhost:3000"),
        ]);
        let config = config.unwrap();
        assert_eq!(config.allowed_hosts, ["Shop.example", "10.0.0.1", "fe80::1"]);
        assert_eq!(config.allowed_origins, ["https://shop.example", "http://[::1]:*", "http://localhost:3000"]);
    }

    #[test]
    fn an_address_of_postgresql_that_cannot_be_read_is_refused_at_once() {
        for (url, told) in [
            ("postgres://h:99999/ol", "invalid port"),
            ("postgres://o:s3cret@h/ol?sslmode=banana", "banana"),
            ("postgresql://h/ol?port=x", "invalid digit"),
        ] {
            let error = load(&[("database-url", url)]).unwrap_err().to_string();
            assert!(error.contains("--database-url: ") && error.contains(told), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert!(load(&[("database-url", "postgres://o@%2Frun%2Fpostgresql/ol?sslmode=verify-full")]).is_ok());
    }

    #[test]
    fn a_log_cannot_be_called_like_a_file_beside_it() {
        for url in ["sqlite://data/keys.db", "sqlite://projections.db?mode=rwc", "sqlite://data/keys%2Edb"] {
            let error = load(&[("database-url", url)]).unwrap_err();
            assert!(error.0[0].contains("stands beside the log"), "{error}");
        }
        for url in ["sqlite://", "sqlite:log.db", "sqlite://log.db?mode=nonsense", "sqlite://data/.."] {
            let error = load(&[("database-url", url)]).unwrap_err();
            assert!(error.0[0].contains("expected sqlite://folder/log.db"), "{error}");
        }
    }

    #[test]
    fn listening_beyond_loopback_is_refused() {
        let error = load(&[("listen", "0.0.0.0:7400")]).unwrap_err();
        assert!(error.0[0].contains("no credentials"), "{error}");
    }

    #[test]
    fn no_problem_repeats_a_password() {
        let secrets = [
            ("database-url", "postgers://orderlog:s3cret@db/orderlog"),
            ("database-url", "orderlog:s3cret@db/orderlog"),
            ("database-url", "postgers://orderlog:s3cret"),
            ("database-url", "mysql://db/orderlog?user=o&password=s3cret"),
            ("nats-url", "http://orderlog:s3cret@host:4222"),
            ("nats-url", "nats://orderlog:s3cret/with/slashes@"),
            ("nats-url", "s3cret"),
        ];
        for (name, text) in secrets {
            let said = load(&[(name, text)]).unwrap_err().to_string();
            assert!(said.contains(name) && !said.contains("s3cret"), "{said}");
        }
        let said = load(&[secrets[0]]).unwrap_err().to_string();
        assert!(said.contains("`postgers://…@db/orderlog`"), "{said}");
    }

    #[test]
    fn the_file_yields_to_the_flag_and_its_unknown_keys_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orderlog.toml");
        std::fs::write(&path, "currency = \"USD\"\ntimezone = \"Europe/Berlin\"\n").unwrap();
        let config = Config::load(&Given::of(&[("currency", "EUR")]).with_file(&path)).unwrap();
        assert_eq!(config.shop.currency.code(), "EUR");
        assert_eq!(config.shop.calendar.timezone, chrono_tz::Europe::Berlin);

        std::fs::write(&path, "curency = \"USD\"\n").unwrap();
        let error = Config::load(&Given::default().with_file(&path)).unwrap_err();
        assert!(error.0[0].contains("did you mean `currency`?"), "{error}");
    }
}
