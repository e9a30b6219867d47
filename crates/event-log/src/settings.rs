//! The settings of the shop, stored beside its log in an append-only table. The server knows their meaning.

use chrono::{DateTime, Utc};
use orderlog_domain::ids::Position;

/// All settings, as they apply to the events after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopSettings {
    /// Number of the row: 1, 2, 3 …
    pub revision: i64,
    /// The last event when the settings were recorded; they apply to the events after it.
    pub position: Position,
    /// When the settings were recorded.
    pub recorded_at: DateTime<Utc>,
    /// The user who recorded the settings.
    pub actor: String,
    /// The program and its version: `orderlog serve 0.1.0`.
    pub program: String,
    /// The names and values, as a JSON object.
    pub settings: String,
}

/// Answers all settings in order of revision. Both engines accept this statement.
pub(crate) const READ: &str =
    "SELECT revision, position, recorded_at, actor, program, settings FROM shop_settings ORDER BY revision";
/// The revision in force, 0 before the first.
pub(crate) const LAST: &str = "SELECT coalesce(max(revision), 0) FROM shop_settings";
/// Takes the columns that [`READ`] answers.
pub(crate) const RECORD: &str = "INSERT INTO shop_settings (revision, position, recorded_at, actor, program, settings) \
    VALUES ($1, $2, $3, $4, $5, $6)";

/// Defines the functions that both engines share, for the connection and the row of one engine.
macro_rules! settings {
    ($connection:ty, $row:ty) => {
        async fn read_settings(connection: &mut $connection) -> Result<Vec<ShopSettings>, LogError> {
            let failed = |error| LogError::from_sqlx("reading the shop's settings", error);
            match sqlx::query(crate::settings::READ).fetch_all(connection).await {
                Ok(rows) => rows.iter().map(settings_of).collect::<Result<_, _>>().map_err(failed),
                Err(error) if crate::identity::is_missing_table(&error) => Ok(vec![]),
                Err(error) => Err(failed(error)),
            }
        }

        fn settings_of(row: &$row) -> Result<ShopSettings, sqlx::Error> {
            let recorded_at: &str = row.try_get(2)?;
            Ok(ShopSettings {
                revision: row.try_get(0)?,
                position: Position(row.try_get(1)?),
                recorded_at: DateTime::parse_from_rfc3339(recorded_at)
                    .map_err(|error| sqlx::Error::Decode(Box::new(error)))?
                    .to_utc(),
                actor: row.try_get(3)?,
                program: row.try_get(4)?,
                settings: row.try_get(5)?,
            })
        }

        /// Inserts within a transaction that holds the head.
        async fn insert_settings(
            connection: &mut $connection,
            head: Position,
            settings: &ShopSettings,
        ) -> Result<bool, sqlx::Error> {
            let last: i64 = sqlx::query_scalar(crate::settings::LAST).fetch_one(&mut *connection).await?;
            if last + 1 != settings.revision || head != settings.position {
                return Ok(false);
            }
            sqlx::query(crate::settings::RECORD)
                .bind(settings.revision)
                .bind(settings.position.0)
                .bind(settings.recorded_at.to_rfc3339())
                .bind(&settings.actor)
                .bind(&settings.program)
                .bind(&settings.settings)
                .execute(connection)
                .await?;
            Ok(true)
        }
    };
}
pub(crate) use settings;
