//! `blob.state`: how the bytes of a reference are on this replica, spliced into what is served.
//!
//! It is the one member that the replica owns in an entity. It stands in the top-level `blob` object of documents and task
//! items, only where the platform sent such an object, and an own `state` of the platform gives way. It is no part of
//! any read model: rows and digests are the same on every replica, whatever bytes it has.
//!
//! Bytes within a reference (`INLINE`) are served once they were verified, and scanned if that is configured, as all
//! others are: until then the reference goes without them.

use std::borrow::Cow;

use continuity_blobs::{BlobService, BlobState};
use continuity_events::json;

const STATE: &str = "state";
/// The bytes of an `INLINE` reference.
const BYTES: &str = "base64";

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

    /// Messages of a channel, whose attachments have no state; `None` when nothing in them changes.
    pub(crate) fn messages(&mut self, array: &str) -> Option<String> {
        json::edit_elements(array, |message| self.nested(message, "attachments"))
    }

    fn entity(&mut self, entity: &str) -> Option<String> {
        let nested = self.nested(entity, "versions");
        let own = json::edit_member(nested.as_deref().unwrap_or(entity), "blob", |reference| self.reference(reference));
        own.or(nested)
    }

    /// References within: an element's `blob`, or the element itself.
    fn nested(&mut self, entity: &str, member: &str) -> Option<String> {
        json::edit_member(entity, member, |list| {
            json::edit_elements(list, |element| {
                let of_blob = json::edit_member(element, "blob", |reference| self.unverified(reference));
                of_blob.or_else(|| self.unverified(element))
            })
        })
    }

    fn unverified(&self, reference: &str) -> Option<String> {
        // Only what has bytes in it is worth a look.
        let has_bytes = json::member(reference, "fetch").is_some_and(|fetch| json::member(fetch, BYTES).is_some());
        has_bytes.then(|| without_bytes(self.blobs.state(reference), reference)).flatten()
    }

    fn reference(&mut self, reference: &str) -> Option<String> {
        if !reference.starts_with('{') {
            return None;
        }
        let state = self.blobs.state(reference);
        self.complete &= matches!(state, BlobState::Available | BlobState::Erased);
        let shown = without_bytes(state, reference);
        let mut with_state = json::without(shown.as_deref().unwrap_or(reference), &[STATE]).into_owned();
        json::push_member(&mut with_state, STATE, &format!("\"{}\"", state.name()));
        Some(with_state)
    }
}

/// The reference without the bytes in it, unless they are known to be right: they are as if they were elsewhere.
fn without_bytes(state: BlobState, reference: &str) -> Option<String> {
    if state == BlobState::Available {
        return None;
    }
    json::edit_member(reference, "fetch", |fetch| match json::without(fetch, &[BYTES]) {
        Cow::Borrowed(_) => None,
        Cow::Owned(without) => Some(without),
    })
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

    #[test]
    fn bytes_in_a_reference_are_not_shown_before_they_were_verified() {
        let inline = format!(r#"{{"sha256":"{SHA}","fetch":{{"kind":"INLINE","base64":"QUJD"}}}}"#);
        let bare = format!(r#"{{"sha256":"{SHA}","fetch":{{"kind":"INLINE"}}}}"#);
        let own = bare.replace("}}", r#"},"state":"PENDING"}"#);
        let documents =
            |own: &str, of_version: &str| format!(r#"[{{"blob":{own},"versions":[{{"blob":{of_version}}}]}}]"#);
        check(&documents(&inline, &inline), &documents(&own, &bare), false);
        let messages = |one: &str| format!(r#"[{{"attachments":[{one},{{"blob":{one}}},{{"id":1}}]}}]"#);
        let (json, _) = spliced(&HOUSE.state.blobs, messages(&inline).into(), Splice::messages);
        assert_eq!(String::from_utf8(json).unwrap(), messages(&bare));
        // What is verified stays to the byte.
        let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let known = messages(&inline.replace(SHA, hello).replace("QUJD", "aGVsbG8="));
        let (json, _) = spliced(&HOUSE.state.blobs, known.clone().into(), Splice::messages);
        assert_eq!(String::from_utf8(json).unwrap(), known);
    }
}
