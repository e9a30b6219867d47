//! Keys with which programs and people call the shop: they are kept where the customers' keys are.

use futures::future::BoxFuture;

use super::Keyring;
use crate::store::AccessKey;

impl Keyring {
    /// Every access key that there ever was, oldest first.
    pub fn access_keys(&self) -> BoxFuture<'_, anyhow::Result<Vec<AccessKey>>> {
        self.store.access_keys()
    }

    /// Keeps a new one; false when another one of that name and holder is in force.
    pub fn keep_access_key<'a>(&'a self, key: &'a AccessKey) -> BoxFuture<'a, anyhow::Result<bool>> {
        self.store.keep_access_key(key)
    }

    /// Takes back those in force with this id or name, of one holder or of both; answers for whom each was.
    pub fn revoke_access_key<'a>(
        &'a self,
        id_or_name: &'a str,
        holder: Option<&'a str>,
        at: &'a str,
        by: &'a str,
    ) -> BoxFuture<'a, anyhow::Result<Vec<String>>> {
        self.store.revoke_access_key(id_or_name, holder, at, by)
    }

    /// Keeps when one was last used.
    pub fn note_access_key_used<'a>(&'a self, id: &'a str, at: &'a str) -> BoxFuture<'a, anyhow::Result<()>> {
        self.store.note_access_key_used(id, at)
    }
}
