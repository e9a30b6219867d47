//! Keys with which programs and people call the shop: stored beside the customers' keys.

use futures::future::BoxFuture;

use super::Keyring;
use crate::store::AccessKey;

impl Keyring {
    /// Every access key that there ever was, oldest first.
    pub fn access_keys(&self) -> BoxFuture<'_, anyhow::Result<Vec<AccessKey>>> {
        self.store.access_keys()
    }

    /// Stores a new key; false if another key with the same name and holder is in force.
    pub fn keep_access_key<'a>(&'a self, key: &'a AccessKey) -> BoxFuture<'a, anyhow::Result<bool>> {
        self.store.keep_access_key(key)
    }

    /// Revokes the valid keys with this id or name, of one holder or of both; returns the holder of each.
    pub fn revoke_access_key<'a>(
        &'a self,
        id_or_name: &'a str,
        holder: Option<&'a str>,
        at: &'a str,
        by: &'a str,
    ) -> BoxFuture<'a, anyhow::Result<Vec<String>>> {
        self.store.revoke_access_key(id_or_name, holder, at, by)
    }

    /// Stores when a key was last used.
    pub fn note_access_key_used<'a>(&'a self, id: &'a str, at: &'a str) -> BoxFuture<'a, anyhow::Result<()>> {
        self.store.note_access_key_used(id, at)
    }
}
