//! What a memory serves while another one is about to replace it.

use orderlog_domain::{envelope::Envelope, event::Event, ids::StreamId};
use orderlog_event_log::Hash;

use super::*;
use crate::{projector::Projector, read_model::CannotApply, row_cache::RowCache, unseal::Unseal};

struct NoRows;

impl Fold for NoRows {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        vec![]
    }

    fn prefetch(&mut self, _: &Envelope<Event>) {}

    fn apply(&mut self, _: &Envelope<Event>) -> Result<(), CannotApply> {
        Ok(())
    }
}

const MODEL: ReadModel =
    ReadModel { name: "no_rows", version: 1, tables: &[], postgres: "", sqlite: "", fold: |_| Box::new(NoRows) };

fn event(position: i64) -> Decoded {
    let hash = Hash::of(&position.to_be_bytes());
    Decoded { position: Position(position), hash, stream: StreamId::Notifications, event: Err("not read".to_owned()) }
}

fn held_at(position: i64) -> Held {
    let mut held = Held::new(Projector::new(&MODEL, "", &Unseal::new(|_, _| None)), Place::START, 1);
    held.take_in(&(1..=position).map(event).collect::<Vec<_>>());
    held
}

#[tokio::test]
async fn what_stands_still_serves_and_takes_nothing_in() {
    let memory = Memory::new(&MODEL);
    let held = held_at(1);
    let load = held.load;
    assert!(memory.install(held).await && memory.fold(load, &[event(2)]).await);
    assert_eq!(memory.stand_still().await, Some(Position(2)));
    assert!(!memory.fold(load, &[event(3)]).await, "it takes nothing in");
    assert_eq!((memory.position(), memory.at().await), (Some(Position(2)), None));
    assert!(memory.wait(Freshness::AtLeast(Position(2))).await, "it serves");
    memory.go_on().await;
    assert!(memory.at().await.is_some() && memory.fold(load, &[event(3)]).await);
    assert_eq!(memory.position(), Some(Position(3)));
}

#[tokio::test]
async fn nothing_takes_the_place_of_what_has_come_further() {
    let memory = Memory::new(&MODEL);
    assert!(memory.install(held_at(3)).await);
    assert!(!memory.install(held_at(2)).await);
    assert_eq!(memory.position(), Some(Position(3)));
    assert_eq!(memory.at().await.map(|at| at.position), Some(Position(3)));
    // An equal position is enough, and events for the former memory are dropped.
    let (before, next) = (memory.stand_still().await, held_at(3));
    let (load, folded) = (next.load, event(4));
    assert!(before == Some(Position(3)) && memory.install(next).await);
    assert!(!memory.fold(load - 1, &[event(4)]).await && memory.fold(load, &[folded]).await);
    assert_eq!(memory.position(), Some(Position(4)));
    // A memory that was dropped blocks nothing.
    memory.lose().await;
    assert!(memory.install(held_at(1)).await);
}
