//! `blob.state`: how the bytes of a reference are on this replica, spliced into what is served.
//!
//! It is the one member that the replica owns in an entity. It stands in the top-level `blob` object of documents and task
//! items, only where the platform sent such an object, and an own `state` of the platform gives way. It is no part of
//! any read model: rows and digests are the same on every replica, whatever bytes it has.

use continuity_blobs::{BlobService, BlobState};
use continuity_events::json;

const STATE: &str = "state";

/// Splices states, and notes whether bytes are missing.
pub(crate) struct Splice {
    blobs: BlobService,
    /// Whether all bytes seen so far are here, or erased for good.
    pub(crate) complete: bool,
}

impl Splice {
    pub(crate) fn new(blobs: &BlobService) -> Self {
        Self { blobs: blobs.clone(), complete: true }
    }

    /// An array of documents; `None` when nothing in it changes.
    pub(crate) fn documents(&mut self, array: &str) -> Option<String> {
        json::edit_elements(array, |document| self.entity(document))
    }

    /// An array of tasks with their items; `None` when nothing in it changes.
    pub(crate) fn tasks(&mut self, array: &str) -> Option<String> {
        json::edit_elements(array, |task| self.task(task))
    }

    /// A task with its items; `None` when nothing in it changes.
    pub(crate) fn task(&mut self, task: &str) -> Option<String> {
        json::edit_member(task, "items", |items| json::edit_elements(items, |item| self.entity(item)))
    }

    fn entity(&mut self, entity: &str) -> Option<String> {
        json::edit_member(entity, "blob", |reference| self.reference(reference))
    }

    fn reference(&mut self, reference: &str) -> Option<String> {
        if !reference.starts_with('{') {
            return None;
        }
        let state = self.blobs.state(reference);
        self.complete &= matches!(state, BlobState::Available | BlobState::Erased);
        let mut with_state = json::without(reference, &[STATE]).into_owned();
        json::push_member(&mut with_state, STATE, &format!("\"{}\"", state.name()));
        Some(with_state)
    }
}

/// What `splice` makes of served bytes, and whether all bytes that they refer to are here.
pub(crate) fn spliced(
    blobs: &BlobService,
    served: Vec<u8>,
    splice: impl FnOnce(&mut Splice, &str) -> Option<String>,
) -> (Vec<u8>, bool) {
    let mut states = Splice::new(blobs);
    let edited = std::str::from_utf8(&served).ok().and_then(|text| splice(&mut states, text));
    let complete = states.complete;
    (edited.map_or(served, String::into_bytes), complete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::harness::HOUSE;

    const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn check(documents: &str, expected: &str, complete: bool) {
        let (json, all) = spliced(&HOUSE.state.blobs, documents.into(), Splice::documents);
        assert_eq!((String::from_utf8(json).unwrap().as_str(), all), (expected, complete));
    }

    #[test]
    fn a_state_is_added_and_every_other_byte_stays() {
        let blob = |state: &str| {
            format!(
                r#"{{ "sha256":"{SHA}", "sizeBytes" : 5.0e0,"x":1.50,"fetch":{{"kind":"OBJECT_STORE","bucket":"b","key":"k"}}{state}}}"#
            )
        };
        let row = |blob: &str| format!(r#"[ {{"id" : "a","blob":{blob} , "z":[1.0,{{"blob":{{}}}}]}} ]"#);
        let sized = |blob: String| blob.replace("5.0e0", "5");
        check(&row(&sized(blob(""))), &row(&sized(blob(r#","state":"PENDING""#))), false);
        check(&row(&blob("")), &row(&blob(r#","state":"DAMAGED""#)), false);
    }

    #[test]
    fn an_own_state_gives_way() {
        let expected = r#"[{"blob":{"erasedAt":"x","state":"ERASED"}}]"#;
        check(r#"[{"blob":{"state":"AVAILABLE","erasedAt":"x"}}]"#, expected, true);
        check(r#"[{"blob":{"\u0073tate":{},"erasedAt":"x"}}]"#, expected, true);
    }

    #[test]
    fn what_has_no_blob_object_is_left_as_it_is() {
        for row in [r#"[{"blob":null}]"#, r#"[{"blob":"x"}]"#, r#"[{"blob":[{}]}]"#, r#"[{"id":1}]"#, "[]", "[7]"] {
            check(row, row, true);
        }
    }

    #[test]
    fn items_of_tasks_have_it_and_tasks_do_not() {
        let tasks = r#"[{"blob":{},"items":[{"blob":{"erasedAt":1}},{"id":2}]},{"items":[]}]"#;
        let (json, complete) = spliced(&HOUSE.state.blobs, tasks.into(), Splice::tasks);
        let expected = r#"[{"blob":{},"items":[{"blob":{"erasedAt":1,"state":"ERASED"}},{"id":2}]},{"items":[]}]"#;
        assert_eq!((String::from_utf8(json).unwrap().as_str(), complete), (expected, true));
    }
}
