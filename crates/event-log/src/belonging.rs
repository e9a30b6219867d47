//! Which log a store beside it belongs to. On SQLite, stores are files with fixed names in the folder of the log, so
//! two logs in one folder would share them; on PostgreSQL, two logs in one database would share a schema.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use uuid::Uuid;

use crate::SameFile;

/// A store that does not name its log is assumed to belong to the log of this name, if there is one.
const USUAL_NAME: &str = "log.db";

/// The file of a SQLite log, as it is opened: in a URL, `%20` is a blank. `None` for URLs of other databases.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options: SqliteConnectOptions = url.starts_with("sqlite:").then(|| url.parse().ok())??;
    Some(options.get_filename().to_path_buf())
}

/// The URL of a SQLite file.
#[must_use]
pub fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display().to_string().replace('%', "%25").replace('?', "%3F"))
}

/// The log that wants to use a store.
#[derive(Debug, Clone)]
pub struct WhichLog {
    /// The log's id, which its copies share.
    pub log_id: Uuid,
    /// The log's file; `None` on PostgreSQL.
    pub file: Option<PathBuf>,
}

/// The record, in a store, of the log that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The log's id.
    pub log_id: String,
    /// The name of the log's file; `None` on PostgreSQL.
    pub file: Option<String>,
}

/// A store, with the advice to give if it belongs to another log.
#[derive(Debug, Clone, Copy)]
pub struct Belongings {
    /// Name of the store: `keys.db`.
    pub name: &'static str,
    /// What the operator can do, in one or two sentences.
    pub advice: &'static str,
}

/// The store belongs to another log. Nothing was changed in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// Two logs are in one folder.
    #[error(
        "{ours} and {theirs} are in one folder and would share keys.db and projections.db: an erasure in one would destroy \
         keys of the other. Nothing was changed. Move {ours} into a folder of its own; if it is a copy of {theirs}, put a copy \
         of keys.db beside it there"
    )]
    Neighbour {
        /// The file of the log that wants to use the store.
        ours: String,
        /// The file of the log that the store belongs to.
        theirs: String,
    },
    /// The store was made for another log.
    #[error("{store} belongs to the log {theirs}, and this is the log {ours}. Nothing was changed. {advice}")]
    AnotherLog {
        /// Name of the store.
        store: &'static str,
        /// The id of this log.
        ours: String,
        /// The id of the log that the store belongs to.
        theirs: String,
        /// What to do.
        advice: &'static str,
    },
}

impl WhichLog {
    /// The mark that a store of this log gets.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let name = self.file.as_deref().and_then(Path::file_name);
        Mark { log_id: self.log_id.to_string(), file: name.map(|name| name.to_string_lossy().into_owned()) }
    }

    /// Checks that this log may use a store with this mark. A log that was renamed may, since its old name is free
    /// then.
    ///
    /// # Errors
    /// When the store belongs to another log, or to a copy of this one in the same folder.
    pub fn may_use(&self, store: Belongings, marked: Option<&Mark>) -> Result<(), NotOurs> {
        let ours = self.mark();
        if let (Some(file), Some(name)) = (&self.file, ours.file) {
            let theirs = marked.and_then(|mark| mark.file.clone()).unwrap_or_else(|| USUAL_NAME.to_owned());
            if is_another_file(file, &file.with_file_name(&theirs)) {
                return Err(NotOurs::Neighbour { ours: name, theirs });
            }
        }
        match marked {
            Some(mark) if mark.log_id != ours.log_id => Err(NotOurs::AnotherLog {
                store: store.name,
                ours: ours.log_id,
                theirs: mark.log_id.clone(),
                advice: store.advice,
            }),
            _ => Ok(()),
        }
    }
}

/// Whether both paths exist and are different files.
fn is_another_file(one: &Path, other: &Path) -> bool {
    match (SameFile::at(one), SameFile::at(other)) {
        (Ok(one), Ok(other)) => !one.is(&other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const KEYS: Belongings = Belongings { name: "keys.db", advice: "Put it back." };

    #[test]
    fn the_path_of_a_url_is_the_one_that_is_opened() {
        assert_eq!(sqlite_file("sqlite://my%20shop/log.db?mode=rwc"), Some("my shop/log.db".into()));
        assert_eq!(sqlite_file("postgres://db/orderlog"), None);
        for path in ["data/log.db", "/100% cotton?/log.db", "my%20shop/log.db"] {
            assert_eq!(sqlite_file(&sqlite_url(Path::new(path))), Some(path.into()));
        }
    }

    #[test]
    fn a_store_serves_one_log_under_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let log = |n: u128, name: &str| {
            let file = folder.path().join(name);
            fs::write(&file, name).unwrap();
            WhichLog { log_id: Uuid::from_u128(n), file: Some(file) }
        };
        let shop = log(1, "log.db");
        assert_eq!(shop.may_use(KEYS, None), Ok(()));
        assert_eq!(shop.may_use(KEYS, Some(&shop.mark())), Ok(()));
        let neighbour = |ours: &str| Err(NotOurs::Neighbour { ours: ours.to_owned(), theirs: "log.db".to_owned() });
        for other in [log(1, "copy.db"), log(2, "other.db")] {
            let name = other.mark().file.unwrap();
            assert_eq!(other.may_use(KEYS, Some(&shop.mark())), neighbour(&name));
            // Keys of a release that did not mark them.
            assert_eq!(other.may_use(KEYS, None), neighbour(&name));
        }

        // The log was renamed; then another log took its place.
        fs::rename(folder.path().join("log.db"), folder.path().join("shop.db")).unwrap();
        let renamed = WhichLog { log_id: Uuid::from_u128(1), file: Some(folder.path().join("shop.db")) };
        assert_eq!(renamed.may_use(KEYS, Some(&shop.mark())), Ok(()));
        let stranger = log(3, "log.db");
        let refused = stranger.may_use(KEYS, Some(&shop.mark())).unwrap_err().to_string();
        assert!(refused.starts_with("keys.db belongs to the log 00000000-0000-0000-0000-000000000001"), "{refused}");
        // One file under two names is one log.
        fs::hard_link(folder.path().join("shop.db"), folder.path().join("link.db")).unwrap();
        let linked = WhichLog { log_id: Uuid::from_u128(1), file: Some(folder.path().join("link.db")) };
        assert_eq!(linked.may_use(KEYS, Some(&renamed.mark())), Ok(()));
    }

    #[test]
    fn a_schema_serves_one_log() {
        let [one, other] = [1, 2].map(|n| WhichLog { log_id: Uuid::from_u128(n), file: None });
        assert_eq!(one.may_use(KEYS, Some(&one.mark())), Ok(()));
        assert!(matches!(other.may_use(KEYS, Some(&one.mark())), Err(NotOurs::AnotherLog { .. })));
    }
}
