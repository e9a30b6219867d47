//! One access token: a JWT that the provider gave for this server (RFC 9068), checked before any of its claims is used.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Number, Value};

use super::{settings::Settings, signatures::ALLOWED};
use crate::refused::Refused;

/// How far the provider's clock and ours may be apart, in seconds.
pub(super) const CLOCK_SKEW: i64 = 60;
/// Longest subject, in characters: OpenID Connect allows no longer one.
const MAX_SUBJECT: usize = 255;
/// Types of JWT that an access token may name: that of RFC 9068, and what many providers write.
const KINDS: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];

/// The parts of a token that describe its signature.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

/// The claims of a token that was checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) scopes: Vec<String>,
    /// Unix second from which the token is refused.
    pub(super) until: i64,
}

/// The claims as the token has them. A claim of a wrong type makes the token unreadable.
#[derive(Deserialize)]
struct Raw {
    iss: String,
    sub: String,
    aud: OneOrSeveral,
    /// Seconds since 1970. The specification allows fractions.
    exp: Number,
    nbf: Option<Number>,
    scope: Option<OneOrSeveral>,
    /// The scopes, as Microsoft and Okta call them.
    scp: Option<OneOrSeveral>,
    cnf: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

impl OneOrSeveral {
    pub(super) fn texts(&self) -> &[String] {
        match self {
            OneOrSeveral::One(text) => std::slice::from_ref(text),
            OneOrSeveral::Several(texts) => texts,
        }
    }
}

/// Reads the parts of a token that describe its signature; checks nothing.
pub(super) fn signed(token: &str) -> Result<Signed, Refused> {
    let header = decode_header(token).map_err(|_| {
        Refused::token(
            "it is no JWT with an algorithm that is allowed here. Many providers give one only for a resource that they know: the \
             client must ask for it (RFC 8707)",
        )
    })?;
    if !ALLOWED.contains(&header.alg) {
        return Err(Refused::token("its algorithm is not allowed here"));
    }
    let kind = header.typ.as_deref().unwrap_or(KINDS[0]);
    if !KINDS.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return Err(Refused::token("it says that it is no access token (typ)"));
    }
    Ok(Signed { algorithm: header.alg, key_id: header.kid })
}

/// Checks the signature, then all claims.
pub(super) fn check(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<Claims, Refused> {
    let lacking = "it lacks iss, sub, aud or exp, or says them in another form than RFC 9068";
    believe(verified::<Raw>(token, algorithm, key, lacking)?, settings, now)
}

/// The claims of a token whose signature is right. The library checks only the signature and the header here: it would
/// read the machine's clock, and would accept one of several issuers. The caller checks the claims.
pub(super) fn verified<T: DeserializeOwned>(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
    lacking: &str,
) -> Result<T, Refused> {
    let mut validation = Validation::new(algorithm);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation.required_spec_claims.clear();
    use jsonwebtoken::errors::ErrorKind::{InvalidSignature, Json};
    let read = decode::<T>(token, key, &validation).map_err(|error| match error.kind() {
        InvalidSignature => Refused::token("its signature is wrong"),
        Json(_) => Refused::token(lacking),
        _ => Refused::token("it cannot be read"),
    });
    read.map(|read| read.claims)
}

fn believe(raw: Raw, settings: &Settings, now: DateTime<Utc>) -> Result<Claims, Refused> {
    if raw.iss != settings.issuer() {
        return Err(Refused::token(format!("another issuer gave it than {}", settings.issuer())));
    }
    if !raw.aud.texts().iter().any(|audience| audience == settings.audience()) {
        return Err(Refused::token(format!("it is for another audience than {}", settings.audience())));
    }
    let now = now.timestamp();
    let until = seconds(&raw.exp).saturating_add(CLOCK_SKEW);
    if until <= now {
        return Err(Refused::token("it expired; get another one"));
    }
    if raw.nbf.as_ref().is_some_and(|from| seconds(from).saturating_sub(CLOCK_SKEW) > now) {
        return Err(Refused::token("it is not valid yet"));
    }
    // Somebody who only copied the token must not use it, and the proof of its key is not checked here.
    if raw.cnf.is_some() {
        return Err(Refused::token("it is bound to a key (cnf), and such tokens are not taken here"));
    }
    let subject = raw.sub;
    if subject.is_empty() || subject.chars().count() > MAX_SUBJECT || subject.chars().any(char::is_control) {
        return Err(Refused::token("its subject is empty, too long or no line of text"));
    }
    let granted = [raw.scope, raw.scp].into_iter().flatten();
    let scopes = granted.flat_map(|scopes| {
        scopes.texts().iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect::<Vec<_>>()
    });
    Ok(Claims { subject, scopes: scopes.collect(), until })
}

/// Whole seconds; a fraction is cut off.
pub(super) fn seconds(number: &Number) -> i64 {
    number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    use jsonwebtoken::DecodingKey;
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
    };
    use serde_json::json;

    use super::*;
    use crate::oauth::signatures::use_ring;

    const NOW: i64 = 1_800_000_000;
    const ISSUER: &str = "https://id.example/shop";
    const RESOURCE: &str = "https://shop.example/mcp";

    struct Provider(EcdsaKeyPair, SystemRandom);

    impl Provider {
        fn new() -> Provider {
            use_ring();
            let random = SystemRandom::new();
            let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            Provider(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap(), random)
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
            let signature = self.0.sign(&self.1, message.as_bytes()).unwrap();
            format!("{message}.{}", BASE64.encode(signature))
        }

        fn check(&self, token: &str) -> Result<Claims, String> {
            let settings = Settings::new(ISSUER, RESOURCE, None, "orders:read").unwrap();
            let key = DecodingKey::from_ec_der(self.0.public_key().as_ref());
            let now = DateTime::from_timestamp(NOW, 0).unwrap();
            let looked = signed(token).and_then(|signed| check(token, signed.algorithm, &key, &settings, now));
            looked.map_err(|refused| refused.to_string())
        }
    }

    fn good() -> Value {
        json!({ "iss": ISSUER, "sub": "u-17", "aud": RESOURCE, "exp": NOW + 300, "scope": "orders:read openid" })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = good();
        match value {
            Value::Null => _ = claims.as_object_mut().unwrap().remove(name),
            value => claims[name] = value,
        }
        claims
    }

    #[test]
    fn a_good_token_is_believed() {
        let provider = Provider::new();
        for header in [json!({ "alg": "ES256" }), json!({ "alg": "ES256", "typ": "at+jwt", "kid": "1" })] {
            let claims = provider.check(&provider.sign(&header, &good())).unwrap();
            assert_eq!((claims.subject.as_str(), claims.scopes.join(" ").as_str()), ("u-17", "orders:read openid"));
            assert_eq!(claims.until, NOW + 300 + CLOCK_SKEW);
        }
        let header = json!({ "alg": "ES256" });
        for (name, value) in [
            ("aud", json!(["https://other.example", RESOURCE])),
            ("exp", json!(NOW - 59)),
            ("exp", json!(1_800_000_000.5)),
            ("nbf", json!(NOW + 60)),
        ] {
            let checked = provider.check(&provider.sign(&header, &with(name, value.clone())));
            assert!(checked.is_ok(), "{name} {value}: {checked:?}");
        }
        let scp = provider.sign(&header, &with("scp", json!(["orders:write", "audit:read"])));
        assert_eq!(provider.check(&scp).unwrap().scopes.len(), 4);
    }

    #[test]
    fn whatever_is_not_as_it_should_be_is_refused() {
        let (provider, header) = (Provider::new(), json!({ "alg": "ES256" }));
        for (name, value, told) in [
            ("iss", json!("https://id.example/shop/"), "another issuer"),
            ("iss", json!([ISSUER]), "another form"),
            ("iss", Value::Null, "lacks iss"),
            ("aud", json!("https://shop.example/mcp/"), "another audience"),
            ("aud", json!("https://shop.example"), "another audience"),
            ("aud", json!([]), "another audience"),
            ("aud", Value::Null, "lacks iss"),
            ("exp", json!(NOW - 60), "expired"),
            ("exp", json!(-1e300), "expired"),
            ("exp", json!((NOW + 300).to_string()), "another form"),
            ("exp", Value::Null, "lacks iss"),
            ("nbf", json!(NOW + 61), "not valid yet"),
            ("nbf", json!("soon"), "another form"),
            ("sub", json!(""), "subject"),
            ("sub", json!("a\nb"), "subject"),
            ("sub", json!("x".repeat(256)), "subject"),
            ("sub", Value::Null, "lacks iss"),
            ("cnf", json!({ "jkt": "x" }), "bound to a key"),
        ] {
            let refused = provider.check(&provider.sign(&header, &with(name, value.clone()))).unwrap_err();
            assert!(refused.contains(told), "{name} {value}: {refused}");
        }
    }

    #[test]
    fn a_token_is_signed_with_the_right_key_and_in_a_way_that_is_allowed() {
        let (provider, other) = (Provider::new(), Provider::new());
        let header = json!({ "alg": "ES256" });
        let token = provider.sign(&header, &good());
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (_, claims) = message.split_once('.').unwrap();
        let changed = with("sub", json!("u-18"));
        let swapped =
            format!("{}.{}.{signature}", BASE64.encode(header.to_string()), BASE64.encode(changed.to_string()));
        for (token, told) in [
            (other.sign(&header, &good()), "signature is wrong"),
            (swapped, "signature is wrong"),
            (format!("{message}."), "signature is wrong"),
            (message.to_owned(), "no JWT"),
            ("opaque".to_owned(), "no JWT"),
            (format!("{}.{claims}.", BASE64.encode(r#"{"alg":"none"}"#)), "no JWT"),
            (provider.sign(&json!({ "alg": "HS256" }), &good()), "not allowed"),
            (provider.sign(&json!({ "alg": "RS256" }), &good()), "signature is wrong"),
            (provider.sign(&json!({ "alg": "ES256", "typ": "logout+jwt" }), &good()), "no access token"),
            (provider.sign(&json!({ "alg": "ES256", "crit": ["x"], "x": 1 }), &good()), "cannot be read"),
        ] {
            let refused = provider.check(&token).unwrap_err();
            assert!(refused.contains(told), "{token}: {refused}");
        }
    }
}
