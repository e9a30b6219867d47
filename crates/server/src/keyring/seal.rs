//! One customer's key at work: XChaCha20-Poly1305 with a nonce derived from field and text, so that equal texts of one
//! customer have equal seals and decisions can compare them unread.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use orderlog_domain::text::SEALED_PREFIX;
use sha2::Sha256;
use uuid::Uuid;

/// Bytes of an XChaCha20 nonce.
const NONCE_BYTES: usize = 24;

/// A customer's key, split into one that encrypts and one that derives nonces.
pub(super) struct Key {
    customer: Uuid,
    cipher: XChaCha20Poly1305,
    nonces: [u8; 32],
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key of {}", self.customer)
    }
}

impl Key {
    pub(super) fn new(customer: Uuid, key: &[u8; 32]) -> Key {
        let cipher = XChaCha20Poly1305::new(&hmac(key, &[b"orderlog seal"]).into());
        Key { customer, cipher, nonces: hmac(key, &[b"orderlog nonce"]) }
    }

    /// `sealed:1:<customer>:<nonce and ciphertext in base64url>`.
    pub(super) fn seal(&self, field: &str, text: &str) -> String {
        let nonce = hmac(&self.nonces, &[field.as_bytes(), b"\0", text.as_bytes()]);
        let nonce = XNonce::from_slice(&nonce[..NONCE_BYTES]);
        let payload = Payload { msg: text.as_bytes(), aad: self.customer.as_bytes() };
        let sealed = self.cipher.encrypt(nonce, payload).expect("texts are far below the cipher's limit of 256 GiB");
        let bytes = [nonce.as_slice(), &sealed].concat();
        format!("{SEALED_PREFIX}{}:{}", self.customer, URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The text, unless the seal is not one of this key's.
    pub(super) fn open(&self, sealed: &str) -> Option<String> {
        let (_, encoded) = sealed.rsplit_once(':')?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let payload = Payload { msg: sealed, aad: self.customer.as_bytes() };
        let text = self.cipher.decrypt(XNonce::from_slice(nonce), payload).ok()?;
        String::from_utf8(text).ok()
    }
}

/// HMAC-SHA256 over the parts.
pub(super) fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
