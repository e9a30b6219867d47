//! Signatures of the shop on tokens, cookies and links, so that it can check them when they come back.

use super::Keyring;
use crate::seal;

/// Fewest bytes of a signature of which only the beginning is given out.
const SHORTEST: usize = 16;

impl Keyring {
    /// The shop's signature under these bytes.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        seal::hmac(&self.tokens, parts)
    }

    /// Whether `signature` is the shop's signature of these bytes, or the beginning of it, with at least 16 bytes.
    pub fn has_signed(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        signature.len() >= SHORTEST && seal::begins_hmac(&self.tokens, parts, signature)
    }
}
