//! A text that a browser keeps in a cookie: JSON with the shop's signature, so that nobody else can make or change it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use orderlog_keyring::Keyring;
use serde::{Serialize, de::DeserializeOwned};
use subtle::ConstantTimeEq as _;

/// Longest text that is looked at, in bytes: browsers keep no longer cookie.
const MAX_BYTES: usize = 4_096;

/// Compares two secrets or signatures, in a time that does not show how many of their characters are equal.
#[must_use]
pub fn is_same(given: &str, expected: &str) -> bool {
    given.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// Signs a value for one purpose. A value that was signed for another purpose is not accepted for this one.
pub(crate) fn seal<T: Serialize>(keyring: &Keyring, purpose: &str, value: &T) -> anyhow::Result<String> {
    let text = BASE64.encode(serde_json::to_vec(value)?);
    let signature = BASE64.encode(signature(keyring, purpose, &text));
    Ok(format!("{text}.{signature}"))
}

/// The value, if this shop signed it for this purpose.
pub(crate) fn open<T: DeserializeOwned>(keyring: &Keyring, purpose: &str, text: &str) -> Option<T> {
    let (text, given) = text.split_once('.').filter(|_| text.len() <= MAX_BYTES)?;
    let given = BASE64.decode(given).ok()?;
    let fits: bool = signature(keyring, purpose, text)[..].ct_eq(&given).into();
    fits.then_some(())?;
    serde_json::from_slice(&BASE64.decode(text).ok()?).ok()
}

fn signature(keyring: &Keyring, purpose: &str, text: &str) -> [u8; 32] {
    keyring.sign(&[b"orderlog ", purpose.as_bytes(), b"\0", text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_of_it_is_the_same() {
        assert!(is_same("5d41402a", "5d41402a") && is_same("", ""));
        for other in ["5d41402b", "4d41402a", "5d41402", "5d41402a0", "", "5D41402A"] {
            assert!(!is_same(other, "5d41402a"), "{other}");
        }
    }
}
