//! Parsers for the values of settings: addresses, zones, URLs, hosts.

use std::{
    ffi::OsStr,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::Path,
    str::FromStr,
};

use chrono_tz::Tz;
use orderlog_domain::format::Locale;
use orderlog_event_log::sqlite_file;
use sqlx::postgres::PgConnectOptions;

use super::sources::nearest;
use crate::origins::is_origin;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = numeric.as_deref().unwrap_or(text).parse();
    address.map_err(|_| "expected an address and port such as 127.0.0.1:7400".to_owned())
}

/// The address of the pages: an origin, perhaps with the path of a proxy, without a slash at its end.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let origin = rest.map(|rest| &text[..text.len() - rest.len() + rest.find('/').unwrap_or(rest.len())]);
    match origin.filter(|origin| is_origin(origin)) {
        Some(_) if !text.contains(['?', '#', ' ', '"', '<']) => Ok(text.to_owned()),
        _ => Err("expected an address such as https://shop.example".to_owned()),
    }
}

/// A limit; 0 means no limit.
pub(super) fn limit(text: &str) -> Result<Option<NonZeroU32>, String> {
    text.parse().map(NonZeroU32::new).map_err(|_| "expected a whole number, 0 for no limit".to_owned())
}

/// Names of zones without regard to case.
pub(super) fn timezone(text: &str) -> Result<Tz, String> {
    let known = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text));
    known.copied().ok_or_else(|| {
        let near = nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let near = near.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        format!("no IANA time zone; use one such as Asia/Kolkata or Europe/Berlin{near}")
    })
}

pub(super) fn database_url(text: &str) -> Result<String, String> {
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

pub(super) fn known_locales() -> String {
    let tags: Vec<&str> = Locale::ALL.iter().map(|locale| locale.tag()).collect();
    format!("expected one of {}", tags.join(", "))
}

/// Host names or addresses as in a Host header, without the port; no request could have another form.
pub(super) fn hosts(text: &str) -> Result<Vec<String>, String> {
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

/// Origins as in an Origin header; the port may be `*`.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
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
    // Browsers write them in lower case.
    Ok(known.into_iter().map(|origin| origin.to_ascii_lowercase()).collect())
}

/// A list of at least one item, each in the right form; otherwise an error that names the wrong item.
fn list(text: &str, kind: &str, fits: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let all: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    match all.iter().find(|one| !fits(one)) {
        Some(one) => Err(format!("`{one}` is no {kind}; ")),
        None if all.is_empty() => Err(String::new()),
        None => Ok(all.into_iter().map(str::to_owned).collect()),
    }
}

/// The name of a shop.
pub(super) fn name(text: &str) -> Result<String, String> {
    const CHARS: usize = 100;
    let name = text.trim();
    let fits = !name.is_empty() && name.chars().count() <= CHARS && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(format!("expected a name of at most {CHARS} characters on one line")) }
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "expected `true` or `false`".to_owned())
}
