//! The id of a log and the place it lives at: a copy has the one and not the other.

use orderlog_event_log::Log;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use uuid::Variant;

use crate::support::{Database, on_both_engines};

on_both_engines!(stays_the_same, a_log_of_an_older_release_gets_one, a_copy_lives_elsewhere);

async fn stays_the_same(database: &Database) {
    let first = database.open().await.identity().await.unwrap().expect("an id");
    let again = database.open().await.identity().await.unwrap().expect("an id");
    assert_eq!(first, again);
    assert_eq!((first.id.get_version_num(), first.id.get_variant()), (4, Variant::RFC4122), "{}", first.id);
    let other = match database {
        Database::Postgres { .. } => Database::postgres().await,
        Database::Sqlite { .. } => Database::sqlite(),
    };
    let theirs = other.open().await.identity().await.unwrap().expect("an id");
    assert_ne!(first.id, theirs.id);
    assert_ne!(first.place, theirs.place);
    other.drop().await;
}

async fn a_log_of_an_older_release_gets_one(database: &Database) {
    let log = database.open().await;
    let before = "DROP TABLE log_identity; DELETE FROM migrations WHERE name LIKE '%log_identity%'";
    database.execute(before).await.unwrap();
    assert_eq!(log.identity().await.unwrap(), None);
    assert!(database.open().await.identity().await.unwrap().is_some());
}

async fn a_copy_lives_elsewhere(database: &Database) {
    let log = database.open().await;
    let ours = log.identity().await.unwrap().expect("an id");
    let theirs = match database {
        Database::Sqlite { folder, .. } => {
            let copy = folder.path().join("copy.db");
            let mut connection = SqliteConnection::connect(&database.url()).await.unwrap();
            let backup = format!("VACUUM INTO '{}'", copy.display());
            sqlx::raw_sql(AssertSqlSafe(backup)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            Log::open(&format!("sqlite://{}", copy.display())).await.unwrap().identity().await.unwrap()
        }
        Database::Postgres { admin, name, url, .. } => {
            drop(log);
            let mut connection = PgConnection::connect(admin).await.unwrap();
            let copy = format!("{name}_copy");
            // A database that is used cannot be a template: the sessions of the log must have gone.
            let alone = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'; \
                 ALTER DATABASE {name} ALLOW_CONNECTIONS false"
            );
            sqlx::raw_sql(AssertSqlSafe(alone)).execute(&mut connection).await.unwrap();
            let create = format!("CREATE DATABASE {copy} TEMPLATE {name}");
            sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
            let theirs = Log::open(&url.replace(name, &copy)).await.unwrap().identity().await.unwrap();
            let drop = format!("DROP DATABASE {copy} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
            theirs
        }
    };
    let theirs = theirs.expect("an id");
    assert_eq!(ours.id, theirs.id, "a copy is a copy of the same log");
    assert_ne!(ours.place, theirs.place);
}
