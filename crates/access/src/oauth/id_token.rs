//! The provider's proof of who signed in (OpenID Connect Core, 3.1.3.7), checked before any of its claims is used.

use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, decode_header};
use serde::Deserialize;
use serde_json::Number;

use super::token::{CLOCK_SKEW, OneOrSeveral, Signed, seconds, verified};
use crate::{refused::Refused, signed::is_same};

/// The values that the proof must contain.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    /// The id of our client.
    pub(super) client: &'a str,
    /// The nonce of this sign-in.
    pub(super) nonce: &'a str,
}

#[derive(Deserialize)]
struct Raw {
    iss: String,
    sub: String,
    aud: OneOrSeveral,
    exp: Number,
    iat: Number,
    nonce: Option<String>,
    azp: Option<String>,
}

/// The user whom the proof names, if its signature is right and it is for this sign-in.
pub(super) fn check(
    token: &str,
    signed: &Signed,
    key: &DecodingKey,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<String, Refused> {
    // An access token for a client that has the name of a resource must not prove who somebody is.
    let kind = decode_header(token).ok().and_then(|header| header.typ);
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("jwt")) {
        return Err(Refused::token("it says that it is no ID token (typ)"));
    }
    let lacking = "it lacks iss, sub, aud, exp or iat, or says them in another form than OpenID Connect";
    believe(verified::<Raw>(token, signed.algorithm, key, lacking)?, expected, now)
}

fn believe(raw: Raw, expected: &Expected<'_>, now: DateTime<Utc>) -> Result<String, Refused> {
    let Expected { issuer, client, nonce } = expected;
    let refused = |why: &str| Err(Refused::token(why));
    if raw.iss != *issuer {
        return refused("another issuer gave it");
    }
    let audiences = raw.aud.texts();
    if !audiences.iter().any(|audience| audience == client) {
        return refused("it is for another client");
    }
    // If another client asked for the proof, nobody here can trust it.
    let asked_by_another = raw.azp.as_ref().is_some_and(|azp| azp != client);
    if asked_by_another || (audiences.len() > 1 && raw.azp.is_none()) {
        return refused("another client asked for it (azp)");
    }
    let now = now.timestamp();
    if seconds(&raw.exp).saturating_add(CLOCK_SKEW) <= now {
        return refused("it expired");
    }
    if seconds(&raw.iat).saturating_sub(CLOCK_SKEW) > now {
        return refused("it was given in the future");
    }
    if !is_same(&raw.nonce.unwrap_or_default(), nonce) {
        return refused("it is of another sign-in (nonce)");
    }
    Ok(raw.sub)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn told(name: &str, value: Value) -> Result<String, String> {
        let mut claims = json!({
            "iss": "https://id.example", "sub": "u-17", "aud": "pages", "exp": NOW + 300, "iat": NOW, "nonce": "n-1",
        });
        claims[name] = value;
        let raw: Raw = serde_json::from_value(claims).map_err(|error| error.to_string())?;
        let expected = Expected { issuer: "https://id.example", client: "pages", nonce: "n-1" };
        let now = DateTime::from_timestamp(NOW, 0).unwrap_or_default();
        believe(raw, &expected, now).map_err(|refused| refused.to_string())
    }

    #[test]
    fn it_must_be_of_this_issuer_for_this_client_and_sign_in_and_now() {
        for (name, value) in [
            ("aud", json!(["pages"])),
            ("exp", json!(NOW - 59)),
            ("iat", json!(NOW + 60)),
            ("azp", json!("pages")),
            ("email", json!("x@example.com")),
        ] {
            assert_eq!(told(name, value.clone()), Ok("u-17".to_owned()), "{name} {value}");
        }
        for (name, value, why) in [
            ("iss", json!("https://id.example/"), "another issuer"),
            ("aud", json!("Pages"), "another client"),
            ("aud", json!(["pages", "other"]), "azp"),
            ("azp", json!("other"), "azp"),
            ("exp", json!(NOW - 60), "expired"),
            ("iat", json!(NOW + 61), "future"),
            ("nonce", json!("n-2"), "nonce"),
            ("nonce", json!(""), "nonce"),
            ("nonce", Value::Null, "nonce"),
            ("sub", json!(7), "invalid type"),
        ] {
            let refused = told(name, value.clone()).unwrap_err();
            assert!(refused.contains(why), "{name} {value}: {refused}");
        }
    }
}
