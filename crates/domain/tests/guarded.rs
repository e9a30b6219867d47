//! Which facts are acts that a person may have to agree to.

use orderlog_domain::{
    event::{Event, examples},
    guarded::GuardedAct::{Cancelling, Erasing, Refunds},
};

#[test]
fn only_these_facts_may_need_a_persons_word() {
    let guarded: Vec<_> = examples().iter().filter_map(|fact| Some((fact.event_type(), fact.guarded()?))).collect();
    assert_eq!(guarded, [("UnitsCancelled", Cancelling), ("PaymentRefunded", Refunds), ("CustomerErased", Erasing)]);
}

#[test]
fn lines_with_fewer_units_are_cancelled_units() {
    for (units, expected) in [(-1, Some(Cancelling)), (0, None), (1, None)] {
        let changed = examples().into_iter().find_map(|fact| match fact {
            Event::LinesChanged(changed) => Some(changed),
            _ => None,
        });
        let mut changed = changed.expect("an example");
        changed.differences[0].units = units;
        assert_eq!(Event::from(changed).guarded(), expected, "{units}");
    }
}
