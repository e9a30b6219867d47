//! The id of a log and the place it lives at: a copy has the one and not the other.

use orderlog_event_log::Log;
use orderlog_testkit::on_both_engines;
use uuid::Variant;

use crate::support::Database;

on_both_engines!(stays_the_same, a_log_of_an_older_release_gets_one, a_copy_lives_elsewhere);

async fn stays_the_same(database: Database) {
    let first = database.open().await.identity().await.unwrap().expect("an id");
    let again = database.open().await.identity().await.unwrap().expect("an id");
    assert_eq!(first, again);
    assert_eq!((first.id.get_version_num(), first.id.get_variant()), (4, Variant::RFC4122), "{}", first.id);
    let other = database.another().await;
    let theirs = other.open().await.identity().await.unwrap().expect("an id");
    assert_ne!(first.id, theirs.id);
    assert_ne!(first.place, theirs.place);
}

async fn a_log_of_an_older_release_gets_one(database: Database) {
    let log = database.open().await;
    let before = "DROP TABLE log_identity; DELETE FROM migrations WHERE name LIKE '%log_identity%'";
    database.execute(before).await.unwrap();
    assert_eq!(log.identity().await.unwrap(), None);
    assert!(database.open().await.identity().await.unwrap().is_some());
}

async fn a_copy_lives_elsewhere(database: Database) {
    let ours = database.open().await.identity().await.unwrap().expect("an id");
    let copy = database.copy().await.unwrap();
    let theirs = Log::open(&copy.url()).await.unwrap().identity().await.unwrap().expect("an id");
    assert_eq!(ours.id, theirs.id, "a copy is a copy of the same log");
    assert_ne!(ours.place, theirs.place);
}
