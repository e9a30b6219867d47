//! Encryption with one key: XChaCha20-Poly1305 with a nonce derived from field and text. So equal texts of one customer
//! in one field have equal seals, which decisions can compare unread, and a seal opens only in the field for which it
//! was made.

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

/// In a seal, the mark of the shop's key instead of a customer's.
pub(super) const SHOP: &str = "shop";

/// A customer's key or the shop's, split into one key that encrypts and one that derives nonces.
pub(super) struct Key {
    owner: Owner,
    cipher: XChaCha20Poly1305,
    nonces: [u8; 32],
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Customer(Uuid),
    Shop,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key of {:?}", self.owner)
    }
}

impl Key {
    pub(super) fn new(customer: Uuid, key: &[u8; 32]) -> Key {
        Key::of(Owner::Customer(customer), key)
    }

    pub(super) fn of_shop(key: &[u8; 32]) -> Key {
        Key::of(Owner::Shop, key)
    }

    fn of(owner: Owner, key: &[u8; 32]) -> Key {
        let cipher = XChaCha20Poly1305::new(&hmac(key, &[b"orderlog seal"]).into());
        Key { owner, cipher, nonces: hmac(key, &[b"orderlog nonce"]) }
    }

    /// `sealed:1:<customer, or shop>:<nonce and ciphertext in base64url>`.
    pub(super) fn seal(&self, field: &str, text: &str) -> String {
        let nonce = self.nonce(field, text);
        let payload = Payload { msg: text.as_bytes(), aad: self.owner.as_bytes() };
        let sealed = self.cipher.encrypt(&nonce, payload).expect("texts are far below the cipher's limit of 256 GiB");
        let bytes = [nonce.as_slice(), &sealed].concat();
        let encoded = URL_SAFE_NO_PAD.encode(bytes);
        match self.owner {
            Owner::Customer(customer) => format!("{SEALED_PREFIX}{customer}:{encoded}"),
            Owner::Shop => format!("{SEALED_PREFIX}{SHOP}:{encoded}"),
        }
    }

    /// The text, if the seal was made with this key for this field.
    pub(super) fn open(&self, field: &str, sealed: &str) -> Option<String> {
        let (_, encoded) = sealed.rsplit_once(':')?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce = XNonce::from_slice(nonce);
        let payload = Payload { msg: sealed, aad: self.owner.as_bytes() };
        let text = String::from_utf8(self.cipher.decrypt(nonce, payload).ok()?).ok()?;
        // A seal that was copied here from another field has that field's nonce.
        (self.nonce(field, &text) == *nonce).then_some(text)
    }

    fn nonce(&self, field: &str, text: &str) -> XNonce {
        let nonce = hmac(&self.nonces, &[field.as_bytes(), b"\0", text.as_bytes()]);
        *XNonce::from_slice(&nonce[..NONCE_BYTES])
    }
}

impl Owner {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Owner::Customer(customer) => customer.as_bytes(),
            Owner::Shop => SHOP.as_bytes(),
        }
    }
}

/// HMAC-SHA256 over the parts.
pub(super) fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    mac(key, parts).finalize().into_bytes().into()
}

/// Whether `code` is the beginning of the hash, in a time that does not show how much of it is right.
pub(super) fn begins_hmac(key: &[u8; 32], parts: &[&[u8]], code: &[u8]) -> bool {
    mac(key, parts).verify_truncated_left(code).is_ok()
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}
