//! The forms of `data`, good and bad.

use super::*;

#[test]
fn a_whole_after_image_is_read() {
    let data = r#"{"entity":"taskItem","id":"i","parent":{"taskId":"t","extra":7},"version":4,"after":{"n": 1.50},
        "changes":[{"field":"n"}],"reason":"because","more":true}"#;
    let change = change(data, false).unwrap();
    assert_eq!((change.entity.as_ref(), change.id.as_ref(), change.version), ("taskItem", "i", 4));
    assert_eq!(change.parent, Some(Parent(vec![("taskId".to_owned(), "t".to_owned())])));
    assert_eq!(change.parent.as_ref().and_then(|parent| parent.get("taskId")), Some("t"));
    assert_eq!(change.form, Form::After(r#"{"n": 1.50}"#));
    assert_eq!(change.changes.map(RawValue::get), Some(r#"[{"field":"n"}]"#));
    assert_eq!((change.reason.as_deref(), change.corrects_event_id), (Some("because"), None));
}

#[test]
fn deletions_and_patches_are_read() {
    let gone = change(r#"{"entity":"task","id":"t","version":2,"after":null}"#, false).unwrap();
    assert_eq!(gone.form, Form::Gone);
    let patched = r#"{"entity":"task","id":"t","version":2,"patch":{"a":null},"baseVersion":1}"#;
    assert_eq!(change(patched, false).unwrap().form, Form::Patch { base_version: 1, patch: r#"{"a":null}"# });
}

#[test]
fn members_that_are_null_are_absent() {
    let data = r#"{"entity":"e","id":"i","parent":null,"version":1,"after":{},"patch":null,"baseVersion":null,"changes":null,"reason":null}"#;
    let change = change(data, false).unwrap();
    assert_eq!((change.parent, change.form), (None, Form::After("{}")));
    let moved_nowhere = r#"{"entity":"e","id":"i","parent":{"spaceId":null},"version":1,"after":{}}"#;
    assert_eq!(super::change(moved_nowhere, false).unwrap().parent, Some(Parent::default()));
}

#[test]
fn a_correction_names_what_it_corrects() {
    let data = r#"{"correctsEventId":"e1","entity":"task","id":"t","version":2,"after":{}}"#;
    assert_eq!(change(data, true).unwrap().corrects_event_id.as_deref(), Some("e1"));
    let data = r#"{"entity":"task","id":"t","version":2,"after":{}}"#;
    assert!(change(data, true).unwrap_err().detail.starts_with("data.correctsEventId is missing"));
}

#[test]
fn bad_forms_are_refused_by_name() {
    let table = [
        ("[]", "data is not an object"),
        ("null", "data is not an object"),
        (r#"{"id":"i","version":1,"after":{}}"#, "data.entity is missing"),
        (r#"{"entity":7,"id":"i","version":1,"after":{}}"#, "data.entity is not a string"),
        (r#"{"entity":"","id":"i","version":1,"after":{}}"#, "data.entity is not a string with"),
        (r#"{"entity":"e","version":1,"after":{}}"#, "data.id is missing"),
        (r#"{"entity":"e","id":7,"version":1,"after":{}}"#, "data.id is not a string"),
        (r#"{"entity":"e","id":"i","after":{}}"#, "data.version is missing"),
        (r#"{"entity":"e","id":"i","version":0,"after":{}}"#, "data.version is not an integer from 1"),
        (r#"{"entity":"e","id":"i","version":-1,"after":{}}"#, "data.version is not"),
        (r#"{"entity":"e","id":"i","version":1.0,"after":{}}"#, "data.version is not"),
        (r#"{"entity":"e","id":"i","version":"1","after":{}}"#, "data.version is not"),
        (r#"{"entity":"e","id":"i","version":99999999999999999999,"after":{}}"#, "data.version is not"),
        (r#"{"entity":"e","id":"i","version":true,"after":{}}"#, "data.version is not"),
        (r#"{"entity":"e","id":"i","version":1}"#, "data has neither"),
        (r#"{"entity":"e","id":"i","version":1,"baseVersion":1}"#, "data has neither"),
        (r#"{"entity":"e","id":"i","version":1,"after":7}"#, "data.after is neither"),
        (r#"{"entity":"e","id":"i","version":1,"after":[]}"#, "data.after is neither"),
        (r#"{"entity":"e","id":"i","version":1,"after":{},"patch":{},"baseVersion":1}"#, "data has `after` together"),
        (r#"{"entity":"e","id":"i","version":1,"after":null,"patch":{},"baseVersion":1}"#, "data has `after` together"),
        (r#"{"entity":"e","id":"i","version":1,"after":{},"baseVersion":1}"#, "data has `after` together"),
        (r#"{"entity":"e","id":"i","version":1,"patch":{}}"#, "data.baseVersion is missing"),
        (r#"{"entity":"e","id":"i","version":1,"patch":[],"baseVersion":1}"#, "data.patch is not an object"),
        (r#"{"entity":"e","id":"i","version":1,"patch":{},"baseVersion":"1"}"#, "data.baseVersion is not"),
        (r#"{"entity":"e","id":"i","version":1,"after":{},"parent":"p"}"#, "data.parent is not an object"),
        (
            r#"{"entity":"e","id":"i","version":1,"after":{},"parent":{"taskId":7}}"#,
            "data.parent.taskId is not a string",
        ),
        (r#"{"entity":"e","id":"i","version":1,"after":{},"changes":{}}"#, "data.changes is not an array"),
        (r#"{"entity":"e","id":"i","version":1,"after":{},"reason":7}"#, "data.reason is not a string"),
        (r#"{"entity":"e","id":"i","version":1,"after":{},"correctsEventId":7}"#, "data.correctsEventId is not"),
    ];
    for (data, detail) in table {
        let found = change(data, false).expect_err(data);
        assert_eq!(found.reason, Reason::BadData);
        assert!(found.detail.starts_with(detail), "{data}: {}", found.detail);
    }
}

#[test]
fn snapshots_are_read() {
    let data = r#"{"asOfSequence":12,"entities":[
        {"entity":"loanRequest","id":"l","version":3,"after":{"id":"l"}},
        {"entity":"taskItem","id":"i","parent":{"taskId":"t"},"version":1,"after":{}},
        {"entity":"auditEntry","id":"a","after":{}}]}"#;
    let snapshot = snapshot(data).unwrap();
    assert_eq!((snapshot.as_of_sequence, snapshot.entities.len()), (12, 3));
    assert_eq!((snapshot.entities[0].after, snapshot.entities[0].version), (r#"{"id":"l"}"#, 3));
    assert_eq!(snapshot.entities[1].parent.as_ref().and_then(|parent| parent.get("taskId")), Some("t"));
    assert_eq!(super::snapshot(r#"{"asOfSequence":"12","entities":[]}"#).unwrap().as_of_sequence, 12);
}

#[test]
fn bad_snapshots_are_refused_by_name() {
    let table = [
        ("[]", "data.asOfSequence is not"),
        (r#"{"entities":[]}"#, "data.asOfSequence is not"),
        (r#"{"asOfSequence":0,"entities":[]}"#, "data.asOfSequence is not"),
        (r#"{"asOfSequence":1.5,"entities":[]}"#, "data.asOfSequence is not"),
        (r#"{"asOfSequence":1}"#, "data.entities is missing"),
        (r#"{"asOfSequence":1,"entities":{}}"#, "data.entities is not an array"),
        (r#"{"asOfSequence":1,"entities":[7]}"#, "data.entities[0] is not an object"),
        (
            r#"{"asOfSequence":1,"entities":[{"entity":"task","id":"t","after":{}}]}"#,
            "data.entities[0].version is missing",
        ),
        (
            r#"{"asOfSequence":1,"entities":[{"entity":"task","version":1,"after":{}}]}"#,
            "data.entities[0].id is missing",
        ),
        (
            r#"{"asOfSequence":1,"entities":[{"entity":"t","id":"t","version":1,"after":null}]}"#,
            "data.entities[0].after is",
        ),
    ];
    for (data, detail) in table {
        let found = snapshot(data).expect_err(data).detail;
        assert!(found.starts_with(detail), "{data}: {found}");
    }
}

#[test]
fn erasures_are_as_of_their_own_sequence() {
    let data = r#"{"entity":"erasure","participantIds":["p"],"legalBasis":"GDPR 17","requestedAt":"2024-01-01T00:00:00Z","entities":[]}"#;
    assert_eq!(erasure(data, 9).unwrap().as_of_sequence, 9);
    for (data, detail) in [
        (r#"{"entities":[]}"#, "data.participantIds is not"),
        (r#"{"participantIds":[7],"entities":[]}"#, "data.participantIds is not"),
        (r#"{"participantIds":["p"]}"#, "data.entities is missing"),
        (r#"{"participantIds":["p"],"legalBasis":7,"entities":[]}"#, "data.legalBasis is not a string"),
        (r#"{"participantIds":["p"],"asOfSequence":8,"entities":[]}"#, "data.asOfSequence is not the event's own"),
    ] {
        let found = erasure(data, 9).expect_err(data).detail;
        assert!(found.starts_with(detail), "{data}: {found}");
    }
}
