//! What of a loan is compared with what it was before: its status and its people. Pure.

use continuity_events::json;
use xxhash_rust::xxh3::xxh3_64;

/// Status and people of a loan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: Option<String>,
    /// A digest of the participants; `None` where there are none.
    pub(crate) people: Option<u64>,
}

impl Standing {
    /// As a whole loanRequest has them.
    pub(crate) fn of(image: &str) -> Self {
        Self {
            status: json::member(image, "status").and_then(text),
            people: json::member(image, "participants").and_then(people),
        }
    }

    /// After a merge patch (RFC 7396): arrays are replaced as a whole.
    pub(crate) fn patched(mut self, patch: &str) -> Self {
        if let Some(raw) = json::member(patch, "status") {
            self.status = text(raw);
        }
        if let Some(raw) = json::member(patch, "participants") {
            self.people = people(raw);
        }
        self
    }
}

fn text(raw: &str) -> Option<String> {
    json::text(raw).map(std::borrow::Cow::into_owned)
}

fn people(raw: &str) -> Option<u64> {
    let nobody = raw == "null" || json::elements(raw).is_ok_and(|people| people.is_empty());
    (!nobody).then(|| xxh3_64(raw.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_patches_are_read() {
        let image = r#"{"id":"L","status":"BID","participants":[{"id":"p"}],"x":1}"#;
        let standing = Standing::of(image);
        assert_eq!(standing.status.as_deref(), Some("BID"));
        assert_eq!(standing.clone().patched(r#"{"x":2}"#), standing);
        assert_eq!(standing.clone().patched(r#"{"status":"DEED"}"#).status.as_deref(), Some("DEED"));
        assert_eq!(standing.clone().patched(r#"{"status":null}"#).status, None);
        assert_ne!(standing.clone().patched(r#"{"participants":[{"id":"q"}]}"#).people, standing.people);
        assert_eq!(standing.patched(r#"{"participants":[ ]}"#).people, None);
        assert_eq!(Standing::of("{}"), Standing::default());
    }
}
