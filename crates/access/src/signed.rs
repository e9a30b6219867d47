//! What a browser carries for the shop in a cookie: JSON and the shop's signature, so that nobody can make or change one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use orderlog_keyring::Keyring;
use serde::{Serialize, de::DeserializeOwned};
use subtle::ConstantTimeEq as _;

/// Longest text that is looked at, in bytes: browsers keep no longer cookie.
const MAX_BYTES: usize = 4_096;

/// The text. Nothing that is signed for another purpose is taken for this one.
pub(crate) fn seal<T: Serialize>(keyring: &Keyring, purpose: &str, value: &T) -> anyhow::Result<String> {
    let text = BASE64.encode(serde_json::to_vec(value)?);
    let signature = BASE64.encode(signature(keyring, purpose, &text));
    Ok(format!("{text}.{signature}"))
}

/// What was signed, if this shop signed it for this purpose.
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
