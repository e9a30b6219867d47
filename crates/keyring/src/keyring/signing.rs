//! Signatures of the shop on what it gives away (tokens, cookies, links), so that it can check them when they come back.

use super::Keyring;
use crate::seal;

/// Bytes that a signature has at least where only its beginning is handed out.
const SHORTEST: usize = 16;

impl Keyring {
    /// The shop's signature under these bytes.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        seal::hmac(&self.tokens, parts)
    }

    /// Whether that is the shop's signature under these bytes, or the beginning of it, of 16 bytes at least.
    pub fn has_signed(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        signature.len() >= SHORTEST && seal::begins_hmac(&self.tokens, parts, signature)
    }
}
