//! Keys: seals, addresses, forgetting.

use super::*;

async fn keyring(folder: &tempfile::TempDir) -> Keyring {
    let log = folder.path().join("log.db");
    let url = orderlog_event_log::sqlite_url(&log);
    let mut ring = Keyring::open(&url, &WhichLog { log_id: Uuid::nil(), file: Some(log) }).await.unwrap();
    ring.make_shop_keys().await.unwrap();
    ring
}

fn someone(n: u128) -> CustomerId {
    CustomerId(Uuid::from_u128(n))
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_is_deterministic_and_opens_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let ring = keyring(&folder).await;
    let id = ring.identify(someone(1), Some("asha@example.in")).await.unwrap();
    let sealed = ring.seal(id, "name", "Asha Rao").await.unwrap();
    assert_eq!(sealed, ring.seal(id, "name", "Asha Rao").await.unwrap());
    assert_ne!(sealed, ring.seal(id, "note", "Asha Rao").await.unwrap());
    assert!(sealed.starts_with(&format!("sealed:1:{id}:")) && !sealed.contains("Asha"));
    drop(ring);
    assert_eq!(keyring(&folder).await.open_seal("name", &sealed).as_deref(), Some("Asha Rao"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_is_one_customer_however_it_is_typed_and_how_many_ask_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let ring = keyring(&folder).await;
    let asked = (1..=20).map(|n| ring.identify(someone(n), Some(" Asha@Example.IN")));
    let mut ids: Vec<CustomerId> = futures::future::try_join_all(asked).await.unwrap();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(ring.by_email("asha@example.in").await.unwrap(), Some(ids[0]));
    assert!(!ring.change_email(someone(99), "asha@example.in").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_dropped_does_not_come_back_while_the_store_still_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (keyring(&folder).await, keyring(&folder).await);
    let id = here.identify(someone(1), Some("asha@example.in")).await.unwrap();
    let sealed = here.seal(id, "name", "Asha Rao").await.unwrap();
    assert_eq!(there.open_seal("name", &sealed).as_deref(), Some("Asha Rao"));
    assert_eq!(there.by_email("asha@example.in").await.unwrap(), Some(id));
    there.drop_key(id);
    assert_eq!(there.open_seal("name", &sealed), None);
    assert_eq!(there.by_email("asha@example.in").await.unwrap(), None);
    assert!(here.has_key(id).await.unwrap() && !there.has_key(id).await.unwrap());
    let seal = async |field, kind| {
        let mut text = "tea".to_owned();
        there.seal_for(Owner::Customer(id), Typed { field, text: &mut text, kind }).await.unwrap();
        text
    };
    assert_eq!(seal("note", Kind::Words).await, FORGOTTEN);
    let number = seal("tracking", Kind::Number).await;
    assert!(number.starts_with("sealed:1:shop:"), "{number}");
    assert_eq!(here.open_seal("tracking", &number).as_deref(), Some("tea"));
    assert_eq!(here.open_seal("name", &sealed).as_deref(), Some("Asha Rao"), "not told yet");
    here.forget(id).await.unwrap();
    assert_eq!(here.open_seal("name", &sealed), None);
    assert_eq!(keyring(&folder).await.open_seal("name", &sealed), None);
}

/// Calls of a batch run in one task, and each opens seals while the others wait for the store.
#[tokio::test(flavor = "multi_thread")]
async fn seals_of_others_open_while_the_task_holds_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (keyring(&folder).await, keyring(&folder).await);
    let mut seals = vec![];
    for n in 1..=20 {
        let id = there.identify(someone(n), None).await.unwrap();
        seals.push(there.seal(id, "name", "Asha Rao").await.unwrap());
    }
    let (ring, index) = (&here, here.index_of("asha@example.in"));
    let opened = seals.iter().map(|sealed| async move {
        ring.store.by_email(&index).await.unwrap();
        ring.open_seal("name", sealed)
    });
    let opened = tokio::time::timeout(Duration::from_secs(20), futures::future::join_all(opened)).await.unwrap();
    assert!(opened.iter().all(|name| name.as_deref() == Some("Asha Rao")), "{opened:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_opens_only_in_its_own_field() {
    let folder = tempfile::tempdir().unwrap();
    let ring = keyring(&folder).await;
    let id = ring.identify(someone(1), None).await.unwrap();
    for owner in [Owner::Customer(id), Owner::Shop] {
        let mut text = "Asha Rao".to_owned();
        ring.seal_for(owner, Typed { field: "reason", text: &mut text, kind: Kind::Words }).await.unwrap();
        assert_eq!(ring.open_seal("reason", &text).as_deref(), Some("Asha Rao"));
        assert_eq!(ring.open_seal("note", &text), None);
    }
    assert_eq!(ring.open_seal("note", "from before all was sealed").as_deref(), Some("from before all was sealed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_or_orphaned_seal_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let ring = keyring(&folder).await;
    let id = ring.identify(someone(1), None).await.unwrap();
    let sealed = ring.seal(id, "name", "Asha Rao").await.unwrap();
    let mut tampered = sealed.clone();
    let last = if tampered.ends_with('A') { 'B' } else { 'A' };
    tampered.truncate(sealed.len() - 6);
    tampered.push(last);
    assert_eq!(ring.open_seal("name", &tampered), None);
    assert_eq!(ring.open_seal("name", &sealed.replace(&id.to_string(), &someone(2).to_string())), None);
}
