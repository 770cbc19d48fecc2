//! The catalogue is whole and consistent with itself.

use std::collections::HashSet;

use super::*;

#[test]
fn names_are_distinct_and_fifteen_entities_are_known() {
    let names: HashSet<_> = EVENTS.iter().map(|event| event.name).collect();
    assert_eq!(names.len(), EVENTS.len());
    let entities: HashSet<_> = ENTITIES.iter().map(|entity| entity.name).collect();
    assert_eq!((entities.len(), ENTITIES.len()), (15, 15));
}

#[test]
fn every_entity_has_events_and_every_event_a_known_entity() {
    for found in EVENTS.iter().filter_map(|event| event.entity) {
        assert!(entity(found).is_some(), "{found}");
    }
    for info in ENTITIES {
        assert!(EVENTS.iter().any(|event| event.entity == Some(info.name)), "{}", info.name);
        assert!(!info.order.is_empty() && info.parents.iter().all(|parent| is_parent(parent)));
    }
    assert!(!is_parent("loanRequestId"));
}

#[test]
fn roles_agree_with_the_names_known_by_type() {
    for event in EVENTS {
        let expected = match event.name {
            SNAPSHOT => Role::Snapshot,
            ERASURE => Role::Erasure,
            name if is_control(name) => Role::Control,
            _ => Role::Loan,
        };
        assert_eq!(event.role, expected, "{}", event.name);
    }
    assert_eq!(event(CORRECTION).map(|event| event.entity), Some(None));
    assert_eq!(event("OfTomorrow"), None);
}
