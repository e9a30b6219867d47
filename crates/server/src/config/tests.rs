//! Valid configurations, and the messages about wrong ones.

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
    for wrong in ["*", ",", "x.com", "https://x.com/", "https://*.x.com", "https://x.com:99999", "null", "https://"] {
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
fn listening_beyond_loopback_needs_keys() {
    for (listen, needed) in
        [("127.0.0.1:0", false), ("[::1]:0", false), ("0.0.0.0:7400", true), ("192.0.2.1:7400", true)]
    {
        assert_eq!(load(&[("listen", listen)]).unwrap().require_keys, needed, "{listen}");
    }
    assert!(load(&[("require-keys", "true")]).unwrap().require_keys);
}

#[test]
fn limits_of_calls_are_numbers() {
    let rates = load(&[("calls-per-second", "7"), ("calls-per-second-in-all", "0")]).unwrap().rates;
    assert_eq!((rates.each.map(u32::from), rates.in_all), (Some(7), None));
    assert!(load(&[("calls-per-second", "-1")]).unwrap_err().0[0].contains("0 for no limit"));
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

#[test]
fn files_of_deployments_name_settings_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in ["docker-compose.yml", "crates/server/Dockerfile", "docs/examples/orderlog.service"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
        let named = text.split("ORDERLOG_").skip(1).map(|rest| {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            format!("ORDERLOG_{}", &rest[..end])
        });
        let named: Vec<String> = named.collect();
        let known = |variable: &str| settings::SETTINGS.iter().any(|setting| setting.variable() == variable);
        let unknown = |variable: &&String| !known(variable) && !variable.strip_suffix("_FILE").is_some_and(known);
        assert!(!named.is_empty() && !named.iter().any(|variable| unknown(&variable)), "{file}: {named:?}");
    }
}
