//! Keys with which programs and people call the shop, as they are stored. `crates/access` gives them their meaning.

use anyhow::Context as _;

use super::{Answer, Pool, Store};

/// One key, as it is stored. Times are RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Stands in the key itself.
    pub id: String,
    /// Name of the user in events.
    pub name: String,
    /// The holder: `person` or `program`.
    pub holder: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// Name of the role in events.
    pub role: String,
    /// Separated by blanks.
    pub rights: String,
    /// Highest sum of the refunds of one order in minor units, if it is limited.
    pub refunds_up_to: Option<i64>,
    /// Since when.
    pub created_at: String,
    /// The user who made the key.
    pub created_by: String,
    /// Until when.
    pub expires_at: Option<String>,
    /// When the key was revoked.
    pub revoked_at: Option<String>,
    /// The user who revoked it.
    pub revoked_by: Option<String>,
    /// When the key was last used, to the minute.
    pub last_used_at: Option<String>,
}
orderlog_event_log::from_row!(AccessKey {
    id,
    name,
    holder,
    secret_hash,
    role,
    rights,
    refunds_up_to,
    created_at,
    created_by,
    expires_at,
    revoked_at,
    revoked_by,
    last_used_at,
});

impl Store {
    /// Every key that there ever was, oldest first.
    pub(crate) fn access_keys(&self) -> Answer<'_, Vec<AccessKey>> {
        Box::pin(async move {
            const SELECT: &str = "SELECT id, name, holder, secret_hash, role, rights, refunds_up_to, created_at, created_by, \
                                  expires_at, revoked_at, revoked_by, last_used_at FROM access_keys ORDER BY created_at, id";
            on_engine!(self.pool, pool => {
                sqlx::query_as(SELECT).fetch_all(pool).await.context("read the access keys")
            })
        })
    }

    /// Stores a new key; false if another key with the same name and holder is in force.
    pub(crate) fn keep_access_key<'a>(&'a self, key: &'a AccessKey) -> Answer<'a, bool> {
        Box::pin(async move {
            self.check()?;
            const INSERT: &str = "INSERT INTO access_keys (id, name, secret_hash, role, rights, refunds_up_to, created_at, \
                                  created_by, expires_at, holder) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
            let rows = on_engine!(self.pool, pool => {
                let insert = sqlx::query(INSERT).bind(&key.id).bind(&key.name).bind(&key.secret_hash).bind(&key.role);
                let insert = insert.bind(&key.rights).bind(key.refunds_up_to).bind(&key.created_at).bind(&key.created_by);
                insert.bind(&key.expires_at).bind(&key.holder).execute(pool).await.context("keep an access key")?.rows_affected()
            });
            Ok(rows > 0)
        })
    }

    /// Revokes the valid keys with this id or name, of one holder or of both; returns the holder of each.
    pub(crate) fn revoke_access_key<'a>(
        &'a self,
        id_or_name: &'a str,
        holder: Option<&'a str>,
        at: &'a str,
        by: &'a str,
    ) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            self.check()?;
            const UPDATE: &str = "UPDATE access_keys SET revoked_at = $1, revoked_by = $2 \
                                  WHERE (id = $3 OR name = $3) AND holder = COALESCE($4, holder) AND revoked_at IS NULL \
                                  RETURNING holder";
            on_engine!(self.pool, pool => {
                let update = sqlx::query_scalar(UPDATE).bind(at).bind(by).bind(id_or_name).bind(holder);
                update.fetch_all(pool).await.context("revoke an access key")
            })
        })
    }

    /// Keeps when a key was last used.
    pub(crate) fn note_access_key_used<'a>(&'a self, id: &'a str, at: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            const UPDATE: &str = "UPDATE access_keys SET last_used_at = $1 \
                                  WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";
            on_engine!(self.pool, pool => {
                let update = sqlx::query(UPDATE).bind(at).bind(id);
                update.execute(pool).await.map(drop).context("keep when an access key was used")
            })
        })
    }
}
