//! Which blob reference a version of a document has.

use continuity_events::json;

/// One version of a document, raw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version<'a> {
    /// Its blob reference; `None` when the platform has sent none.
    pub(super) reference: Option<&'a str>,
    /// Its element of `versions`, empty when it has none.
    pub(super) entry: &'a str,
}

impl<'a> Version<'a> {
    /// The one that the document has now.
    pub(super) fn present(document: &'a str) -> Self {
        Self { reference: json::member(document, "blob"), entry: "" }
    }

    /// The version of that number: an element of `versions`, else the present one by the document's own `version`.
    ///
    /// An element without a `blob` of its own has the document's when their digests agree: the newest version is listed
    /// like the others, and its bytes are the document's.
    pub(super) fn find(document: &'a str, number: u64) -> Option<Self> {
        let versions = json::member(document, "versions").and_then(|raw| json::elements(raw).ok()).unwrap_or_default();
        let Some(entry) =
            versions.into_iter().find(|entry| is(entry, "number", number) || is(entry, "version", number))
        else {
            return is(document, "version", number).then(|| Self::present(document));
        };
        let own = json::member(entry, "blob");
        let reference = own.or_else(|| json::member(document, "blob").filter(|blob| same_bytes(entry, blob)));
        Some(Self { reference, entry })
    }
}

/// Whether a member is that number, as a number or as digits in a text.
fn is(object: &str, member: &str, number: u64) -> bool {
    let raw = json::member(object, member);
    raw.is_some_and(|raw| raw.trim_matches('"').parse() == Ok(number))
}

fn same_bytes(entry: &str, blob: &str) -> bool {
    let digest = |object| json::member(object, "sha256").and_then(json::text);
    digest(entry).zip(digest(blob)).is_some_and(|(a, b)| a.eq_ignore_ascii_case(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"version":7,"blob":{"sha256":"cc"},"versions":[
        {"number":1,"blob":{"sha256":"aa"}},{"version":"2","blob":null},{"number":3,"sha256":"CC"},{"number":4,"sha256":"dd"}]}"#;

    /// The reference, or why there is none.
    fn check(number: u64, expected: &str) {
        let found = Version::find(DOCUMENT, number);
        let found = found.map_or("no such version", |version| version.reference.unwrap_or("no reference"));
        assert_eq!(found, expected, "{number}");
    }

    #[test]
    fn a_version_is_found_by_its_number() {
        check(1, r#"{"sha256":"aa"}"#);
        check(2, "null");
        check(3, r#"{"sha256":"cc"}"#);
        check(4, "no reference");
        check(7, r#"{"sha256":"cc"}"#);
        check(5, "no such version");
        check(0, "no such version");
    }

    #[test]
    fn a_document_without_versions_has_its_present_one() {
        assert_eq!(Version::find(r#"{"version":1,"blob":{}}"#, 1), Some(Version { reference: Some("{}"), entry: "" }));
        assert_eq!(Version::find(r#"{"blob":{},"versions":7}"#, 1), None);
    }
}
