//! The store of keys: `keys.db` beside a SQLite log, or two tables beside a PostgreSQL log.

mod keys_db;

use std::str::FromStr as _;

use anyhow::Context as _;
use futures::future::BoxFuture;
use orderlog_domain::ids::CustomerId;
use orderlog_event_log::{SameFile, WhichLog, empty_wal, open_sqlite_to_read, sqlite_pool, vacuum};
use sqlx::{Connection as _, PgPool, SqlitePool, postgres::PgPoolOptions, sqlite::SqliteConnectOptions};
use uuid::Uuid;

pub use self::{access_keys::AccessKey, keys_db::keys_file};

/// Connections to the keys, including the one of [`Store::key_while_waiting`]; few, because all keys are in memory.
pub const CONNECTIONS: u32 = 5;

/// What the store answers.
type Answer<'a, T> = BoxFuture<'a, anyhow::Result<T>>;

#[derive(Debug)]
pub(super) struct Store {
    pool: Pool,
    /// For [`Store::key_while_waiting`] alone.
    waited_for: Pool,
    /// The file keys.db, if it is opened for writing.
    file: Option<SameFile>,
}

#[derive(Debug, Clone)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// A new customer who gets a key, and the index of the address.
pub(super) struct Newcomer {
    pub(super) id: CustomerId,
    pub(super) key: [u8; 32],
    pub(super) index: Option<[u8; 32]>,
}

/// Runs the same statement on either engine; both accept `$1`.
macro_rules! on_engine {
    ($engine:expr, $pool:ident => $call:expr) => {
        match &$engine {
            Pool::Postgres($pool) => $call,
            Pool::Sqlite($pool) => $call,
        }
    };
}

mod access_keys;
mod ended_sessions;

impl Store {
    /// On PostgreSQL the keys are in tables that the log's migrations made, beside the log. keys.db is made here, and
    /// belongs to one log.
    pub(super) fn open<'a>(database_url: &'a str, which: &'a WhichLog) -> Answer<'a, Store> {
        Box::pin(async move {
            let Some(path) = keys_file(database_url) else { return Store::open_postgres(database_url).await };
            let (pool, waited_for) = keys_db::open(&path, which).await.context("open keys.db")?;
            let file = Some(SameFile::at(&path).context("open keys.db")?);
            Ok(Store { pool: Pool::Sqlite(pool), waited_for: Pool::Sqlite(waited_for), file })
        })
    }

    async fn open_postgres(database_url: &str) -> anyhow::Result<Store> {
        let connect = async |connections| {
            let pool = PgPoolOptions::new().max_connections(connections).connect(database_url).await;
            pool.map(Pool::Postgres).context("connect to the customers' keys")
        };
        Ok(Store { pool: connect(CONNECTIONS - 1).await?, waited_for: connect(1).await?, file: None })
    }

    /// The existing keys, for reading only; none if keys.db is missing.
    pub(super) fn open_to_read(database_url: &str) -> Answer<'_, Store> {
        Box::pin(async move {
            let Some(path) = keys_file(database_url) else { return Store::open_postgres(database_url).await };
            let options = if path.is_file() {
                let (options, connection) = open_sqlite_to_read(SqliteConnectOptions::new().filename(&path)).await?;
                connection.close().await?;
                options
            } else {
                SqliteConnectOptions::from_str("sqlite::memory:")?
            };
            let connect = async || sqlite_pool(1).connect_with(options.clone()).await.context("open keys.db");
            let (pool, waited_for) = (connect().await?, connect().await?);
            if !path.is_file() {
                for (pool, (_, schema)) in
                    [&pool, &waited_for].into_iter().flat_map(|pool| keys_db::SCHEMA.map(|one| (pool, one)))
                {
                    sqlx::raw_sql(schema).execute(pool).await.context("stand in for keys.db")?;
                }
            }
            Ok(Store { pool: Pool::Sqlite(pool), waited_for: Pool::Sqlite(waited_for), file: None })
        })
    }

    pub(super) fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            for engine in [&self.pool, &self.waited_for] {
                on_engine!(*engine, pool => pool.close().await);
            }
        })
    }

    /// Checks that the keys which are written go to the file that the next start finds.
    fn check(&self) -> anyhow::Result<()> {
        self.file.as_ref().map_or(Ok(()), SameFile::check).context("keep the customers' keys")
    }

    /// The shop's key with this name; `proposed` becomes that key if there was none.
    pub(super) fn make_shop_key<'a>(&'a self, name: &'a str, proposed: [u8; 32]) -> Answer<'a, [u8; 32]> {
        Box::pin(async move {
            const INSERT: &str = "INSERT INTO shop_keys (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            const SELECT: &str = "SELECT key FROM shop_keys WHERE name = $1";
            let key: Vec<u8> = on_engine!(self.pool, pool => {
                sqlx::query(INSERT).bind(name).bind(&proposed[..]).execute(pool).await.context("keep the shop's key")?;
                sqlx::query_scalar(SELECT).bind(name).fetch_one(pool).await.context("read the shop's key")?
            });
            key_of(&key)
        })
    }

    /// The shop's key with this name, if there is one.
    pub(super) fn shop_key<'a>(&'a self, name: &'a str) -> Answer<'a, Option<[u8; 32]>> {
        Box::pin(async move {
            const SELECT: &str = "SELECT key FROM shop_keys WHERE name = $1";
            let key: Option<Vec<u8>> = on_engine!(self.pool, pool => {
                sqlx::query_scalar(SELECT).bind(name).fetch_optional(pool).await.context("read the shop's key")?
            });
            key.map(|key| key_of(&key)).transpose()
        })
    }

    /// Every customer with its key.
    pub(super) fn all(&self) -> Answer<'_, Vec<(Uuid, [u8; 32])>> {
        Box::pin(async move {
            const SELECT: &str = "SELECT customer_id, key FROM customer_keys";
            let rows: Vec<(Uuid, Vec<u8>)> = on_engine!(self.pool, pool => {
                sqlx::query_as(SELECT).fetch_all(pool).await.context("read the customers' keys")?
            });
            rows.into_iter().map(|(id, key)| Ok((id, key_of(&key)?))).collect()
        })
    }

    pub(super) fn key(&self, id: Uuid) -> Answer<'_, Option<[u8; 32]>> {
        Box::pin(async move { self.pool.key(id).await })
    }

    /// A customer's key, read while the task does nothing else. Other work of the task may use every connection of the
    /// pool meanwhile, and cannot return one before this ends. So this has its own connection, which no waiting work
    /// ever uses.
    pub(super) fn key_while_waiting(&self, id: Uuid) -> anyhow::Result<Option<[u8; 32]>> {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.waited_for.key(id)))
    }

    /// Stores the key unless the customer or the address has one; returns the customer and the key that count.
    pub(super) fn insert<'a>(
        &'a self,
        id: CustomerId,
        key: &'a [u8; 32],
        index: Option<&'a [u8; 32]>,
    ) -> Answer<'a, (CustomerId, [u8; 32])> {
        Box::pin(async move {
            self.check()?;
            const INSERT: &str = "INSERT INTO customer_keys (customer_id, key, email_index) VALUES ($1, $2, $3) \
                                  ON CONFLICT DO NOTHING";
            // The address decides; without an address, the id.
            const SELECT: &str = "SELECT customer_id, key FROM customer_keys WHERE email_index = $1 OR customer_id = $2 \
                                  ORDER BY CASE WHEN email_index = $1 THEN 0 ELSE 1 END LIMIT 1";
            let index = index.map(|index| index.to_vec());
            let (id, key): (Uuid, Vec<u8>) = on_engine!(self.pool, pool => {
                let insert = sqlx::query(INSERT).bind(id.0).bind(&key[..]).bind(index.clone());
                insert.execute(pool).await.context("keep a customer's key")?;
                sqlx::query_as(SELECT).bind(index).bind(id.0).fetch_one(pool).await.context("read a customer's key")?
            });
            Ok((CustomerId(id), key_of(&key)?))
        })
    }

    /// Stores many keys at once; returns the keys that count now.
    pub(super) fn insert_many<'a>(&'a self, entries: &'a [Newcomer]) -> Answer<'a, Vec<(Uuid, [u8; 32])>> {
        Box::pin(async move {
            self.check()?;
            const INSERT: &str = "INSERT INTO customer_keys (customer_id, key, email_index) VALUES ($1, $2, \
                                  CASE WHEN EXISTS (SELECT 1 FROM customer_keys WHERE email_index = $3) THEN NULL ELSE $3 END) \
                                  ON CONFLICT (customer_id) DO UPDATE SET customer_id = excluded.customer_id RETURNING key";
            let mut kept = Vec::with_capacity(entries.len());
            on_engine!(self.pool, pool => {
                let mut tx = pool.begin().await.context("keep customers' keys")?;
                for Newcomer { id, key, index } in entries {
                    let index = index.map(|index| index.to_vec());
                    let insert = sqlx::query_scalar(INSERT).bind(id.0).bind(&key[..]).bind(index);
                    let key: Vec<u8> = insert.fetch_one(&mut *tx).await.context("keep a customer's key")?;
                    kept.push((id.0, key_of(&key)?));
                }
                tx.commit().await.context("keep customers' keys")?;
            });
            Ok(kept)
        })
    }

    pub(super) fn by_email<'a>(&'a self, index: &'a [u8; 32]) -> Answer<'a, Option<CustomerId>> {
        Box::pin(async move {
            const SELECT: &str = "SELECT customer_id FROM customer_keys WHERE email_index = $1";
            let id: Option<Uuid> = on_engine!(self.pool, pool => {
                sqlx::query_scalar(SELECT).bind(&index[..]).fetch_optional(pool).await.context("look an address up")?
            });
            Ok(id.map(CustomerId))
        })
    }

    /// Destroys customers' keys and the addresses that lead to them. [`clear_away`](Store::clear_away) removes what
    /// they leave in files.
    pub(super) fn delete<'a>(&'a self, ids: &'a [CustomerId]) -> Answer<'a, ()> {
        Box::pin(async move {
            self.check()?;
            const DELETE: &str = "DELETE FROM customer_keys WHERE customer_id = $1";
            on_engine!(self.pool, pool => {
                let mut tx = pool.begin().await.context("destroy keys")?;
                for id in ids {
                    sqlx::query(DELETE).bind(id.0).execute(&mut *tx).await.context("destroy a key")?;
                }
                tx.commit().await.context("destroy keys")?;
            });
            if !self.may_vacuum().await? {
                tracing::warn!(
                    "a customer's key is destroyed, but its row stays in the table's file until the table's owner vacuums it, \
                     which this role may not: VACUUM customer_keys"
                );
            }
            Ok(())
        })
    }

    /// Whether this role may vacuum the table of keys.
    async fn may_vacuum(&self) -> anyhow::Result<bool> {
        const OWNED: &str = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'customer_keys'::regclass";
        match &self.pool {
            Pool::Sqlite(_) => Ok(true),
            Pool::Postgres(pool) => sqlx::query_scalar(OWNED).fetch_one(pool).await.context("ask who owns the keys"),
        }
    }

    /// Removes destroyed keys from our files, as far as this role may.
    pub(super) fn clear_away(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            let cleared = match &self.pool {
                // Deleted rows are overwritten (secure_delete); the write-ahead log still contains them until it is
                // emptied.
                Pool::Sqlite(pool) => empty_wal(pool, keys_db::BUSY).await.context("empty the keys' log")?,
                Pool::Postgres(pool) if self.may_vacuum().await? => {
                    vacuum(pool, "customer_keys").await.context("vacuum the keys")?
                }
                Pool::Postgres(_) => true,
            };
            anyhow::ensure!(cleared, "somebody who began to read the keys before the erasure still does");
            Ok(())
        })
    }

    /// How many customers have a key.
    pub(super) fn count(&self) -> Answer<'_, i64> {
        Box::pin(async move {
            const COUNT: &str = "SELECT count(*) FROM customer_keys";
            on_engine!(self.pool, pool => {
                sqlx::query_scalar(COUNT).fetch_one(pool).await.context("count the customers' keys")
            })
        })
    }

    /// Every customer that has an address, with the index of the address.
    pub(super) fn address_indexes(&self) -> Answer<'_, Vec<(Uuid, Vec<u8>)>> {
        Box::pin(async move {
            const SELECT: &str = "SELECT customer_id, email_index FROM customer_keys WHERE email_index IS NOT NULL";
            on_engine!(self.pool, pool => {
                sqlx::query_as(SELECT).fetch_all(pool).await.context("read the customers' addresses")
            })
        })
    }

    /// The event up to which the keys agree with the log: position, hash, and how many customers must have a key.
    pub(super) fn progress(&self) -> Answer<'_, Option<(i64, Vec<u8>, i64)>> {
        Box::pin(async move {
            const SELECT: &str = "SELECT position, hash, living FROM key_progress WHERE id = 1";
            on_engine!(self.pool, pool => {
                sqlx::query_as(SELECT).fetch_optional(pool).await.context("read how far the keys are")
            })
        })
    }

    /// Stores the progress, unless another node has stored its own since.
    pub(super) fn keep_progress<'a>(&'a self, before: i64, now: (i64, &'a [u8], i64)) -> Answer<'a, ()> {
        Box::pin(async move {
            const KEEP: &str = "INSERT INTO key_progress (id, position, hash, living) VALUES (1, $1, $2, $3) \
                                ON CONFLICT (id) DO UPDATE SET position = excluded.position, hash = excluded.hash, \
                                living = excluded.living WHERE key_progress.position = $4";
            let (position, hash, living) = now;
            on_engine!(self.pool, pool => {
                let query = sqlx::query(KEEP).bind(position).bind(hash).bind(living).bind(before);
                query.execute(pool).await.map(drop).context("keep how far the keys are")
            })
        })
    }

    /// False when another customer has the address.
    pub(super) fn change_email<'a>(&'a self, id: CustomerId, index: &'a [u8; 32]) -> Answer<'a, bool> {
        Box::pin(async move {
            self.check()?;
            const UPDATE: &str = "UPDATE customer_keys SET email_index = $1 WHERE customer_id = $2 AND NOT EXISTS \
                                  (SELECT 1 FROM customer_keys WHERE email_index = $1 AND customer_id <> $2)";
            let updated = on_engine!(self.pool, pool => {
                sqlx::query(UPDATE).bind(&index[..]).bind(id.0).execute(pool).await.map(|done| done.rows_affected())
            });
            match updated {
                Ok(rows) => Ok(rows > 0),
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
                Err(error) => Err(error).context("change an address"),
            }
        })
    }
}

impl Pool {
    async fn key(&self, id: Uuid) -> anyhow::Result<Option<[u8; 32]>> {
        const SELECT: &str = "SELECT key FROM customer_keys WHERE customer_id = $1";
        let key: Option<Vec<u8>> = on_engine!(*self, pool => {
            sqlx::query_scalar(SELECT).bind(id).fetch_optional(pool).await.context("read a customer's key")?
        });
        key.map(|key| key_of(&key)).transpose()
    }
}

fn key_of(bytes: &[u8]) -> anyhow::Result<[u8; 32]> {
    bytes.try_into().context("a stored key is not 32 bytes long")
}
