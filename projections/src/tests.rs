//! The one list of read models, against the vocabulary.

use std::collections::BTreeSet;

use continuity_events::catalogue::ENTITIES;

use super::*;

#[test]
fn every_read_model_is_listed_once() {
    let names: Vec<_> = all().iter().map(|model| model.spec().name).collect();
    let expected = [
        "loan-requests",
        "audit-log",
        "tasks",
        "bid-requests",
        "analysis",
        "documents",
        "spaces",
        "guilds",
        "messages",
        "comments",
        "views",
        "worksheets",
        "blobs",
        "work-lists",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_entity_has_a_read_model_and_none_is_made_up() {
    let models = all();
    let folded: BTreeSet<_> = models.iter().flat_map(|model| model.spec().entities).copied().collect();
    let known: BTreeSet<_> = ENTITIES.iter().map(|entity| entity.name).collect();
    assert_eq!(folded, known);
}

#[test]
fn tables_are_named_once_within_a_read_model() {
    for model in all() {
        let spec = model.spec();
        let distinct: BTreeSet<_> = spec.tables.iter().collect();
        assert_eq!(distinct.len(), spec.tables.len(), "{}", spec.name);
    }
}
