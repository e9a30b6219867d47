//! The keys that the provider publishes (RFC 7517), and which of them a token may be signed with.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::signatures::ALLOWED;

/// Keys of one provider that are read; the rest is left out.
const MAX_KEYS: usize = 100;

/// The provider's keys that can sign a token.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// Algorithms that the key may sign with, by its kind and by its declared use.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads the document at `jwks_uri`. Keys of unknown kinds are left out, as the specification says.
    pub(super) fn read(text: &[u8]) -> Result<KeySet, String> {
        let document: Document = serde_json::from_slice(text).map_err(|error| format!("it is no key set: {error}"))?;
        Ok(KeySet(document.keys.into_iter().take(MAX_KEYS).filter_map(key).collect()))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The only key with this id and algorithm. A token may leave out the id if only one key fits.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut meant = self.0.iter().filter(named).filter(|key| key.algorithms.contains(&algorithm));
        match (meant.next(), meant.next()) {
            (Some(key), None) => Some(&key.key),
            _ => None,
        }
    }
}

fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let common = &jwk.common;
    let signs = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let said = common.key_algorithm;
    let fits = |algorithm: &Algorithm| match said {
        Some(said) => Algorithm::try_from(said).is_ok_and(|said| said == *algorithm),
        None => true,
    };
    let algorithms: Vec<Algorithm> = of_kind(&jwk.algorithm).iter().copied().filter(fits).collect();
    (signs && !algorithms.is_empty()).then_some(())?;
    Some(Key { key: DecodingKey::from_jwk(&jwk).ok()?, id: jwk.common.key_id, algorithms })
}

/// Algorithms that a key of this kind can sign with; none for a shared secret or an unknown kind.
fn of_kind(parameters: &AlgorithmParameters) -> &'static [Algorithm] {
    match parameters {
        AlgorithmParameters::RSA(_) => &ALLOWED[..6],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(curve) if curve.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn read(keys: Value) -> KeySet {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_key_serves_its_own_kind_and_id_only() {
        let rsa = json!({ "kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB" });
        let ec = json!({ "kty": "EC", "kid": "e", "crv": "P-256", "x": X, "y": Y, "use": "sig" });
        let keys = read(json!([rsa, ec]));
        for (id, algorithm, found) in [
            (Some("r"), Algorithm::RS256, true),
            (Some("r"), Algorithm::PS512, true),
            (Some("r"), Algorithm::ES256, false),
            (Some("r"), Algorithm::HS256, false),
            (Some("e"), Algorithm::ES256, true),
            (Some("e"), Algorithm::ES384, false),
            (Some("x"), Algorithm::ES256, false),
            (None, Algorithm::ES256, true),
        ] {
            assert_eq!(keys.find(id, algorithm).is_some(), found, "{id:?} {algorithm:?}");
        }
    }

    #[test]
    fn a_key_that_says_its_algorithm_serves_that_one_only() {
        let keys = read(json!([{ "kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB", "alg": "RS256" }]));
        assert!(keys.find(Some("r"), Algorithm::RS256).is_some() && keys.find(Some("r"), Algorithm::PS256).is_none());
    }

    #[test]
    fn what_cannot_sign_is_left_out_and_harms_no_other() {
        let keys = read(json!([
            { "kty": "oct", "kid": "a", "k": "AQAB", "alg": "HS256" },
            { "kty": "RSA", "kid": "b", "n": "AQAB", "e": "AQAB", "use": "enc" },
            { "kty": "RSA", "kid": "c", "n": "AQAB", "e": "AQAB", "alg": "RSA-OAEP" },
            { "kty": "EC", "kid": "d", "crv": "secp256k1", "x": X, "y": Y },
            { "kty": "OKP", "kid": "e", "crv": "X25519", "x": X },
            { "kty": "AKP", "kid": "f", "alg": "ML-DSA-44", "pub": "AQAB" },
            { "kty": "RSA", "kid": 7, "n": "AQAB", "e": "AQAB" },
            "nonsense",
            { "kty": "EC", "kid": "z", "crv": "P-256", "x": X, "y": Y },
        ]));
        assert_eq!(keys.len(), 1);
        assert!(keys.find(Some("z"), Algorithm::ES256).is_some());
        assert!(KeySet::read(b"[]").is_err() && KeySet::read(b"<html>").is_err());
    }

    #[test]
    fn without_an_id_only_the_only_key_is_meant() {
        let key = |id: &str| json!({ "kty": "EC", "kid": id, "crv": "P-256", "x": X, "y": Y });
        let keys = read(json!([key("a"), key("b")]));
        assert!(keys.find(None, Algorithm::ES256).is_none() && keys.find(Some("b"), Algorithm::ES256).is_some());
    }
}
