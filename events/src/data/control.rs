//! The `data` of control events: the members that the replica itself relies on (contract, section 5).

use super::parse::{bad, integer};
use crate::instant::Instant;
use crate::{Rejection, catalogue, json};

/// Checks the `data` of a control event; unknown names carry what they like.
pub(crate) fn check(name: &str, data: &str) -> Result<(), Rejection> {
    match name {
        catalogue::HEARTBEAT => time(data, "at"),
        catalogue::SNAPSHOT_STARTED | catalogue::SNAPSHOT_COMPLETED => {
            member(data, "snapshotId", "a string", |raw| json::text(raw).is_some())
        }
        catalogue::MANIFEST => manifest(data),
        _ => Ok(()),
    }
}

fn manifest(data: &str) -> Result<(), Rejection> {
    member(data, "at", "an object", |raw| raw.starts_with('{'))?;
    member(data, "loanRequests", "an integer from 0", |raw| integer(raw).is_some())?;
    member(data, "events", "an integer from 0", |raw| integer(raw).is_some())?;
    member(data, "digest", "a SHA-256 in hexadecimal", is_digest)?;
    match json::member(data, "contentDigest") {
        None | Some("null") => Ok(()),
        Some(raw) if is_digest(raw) => Ok(()),
        Some(_) => Err(bad("data.contentDigest is not a SHA-256 in hexadecimal")),
    }
}

fn time(data: &str, name: &str) -> Result<(), Rejection> {
    member(data, name, "an RFC 3339 time", |raw| json::text(raw).is_some_and(|text| Instant::parse(&text).is_some()))
}

fn member(data: &str, name: &str, what: &str, fits: impl Fn(&str) -> bool) -> Result<(), Rejection> {
    match json::member(data, name) {
        Some(raw) if fits(raw) => Ok(()),
        Some(_) => Err(bad(format!("data.{name} is not {what}"))),
        None => Err(bad(format!("data.{name} is missing"))),
    }
}

fn is_digest(raw: &str) -> bool {
    json::text(raw).is_some_and(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_replica_relies_on_is_checked() {
        let digest = "ab".repeat(32);
        let manifest = |at: &str, events: &str, digest: &str| {
            format!(
                r#"{{"asOf":"2024-01-01T00:00:00Z","at":{at},"loanRequests":1,"events":{events},"digest":"{digest}","loans":[]}}"#
            )
        };
        let table = [
            ("SourceHeartbeat", r#"{"at":"2024-01-01T00:00:00Z"}"#.to_owned(), ""),
            ("SourceHeartbeat", "{}".to_owned(), "data.at is missing"),
            ("SourceHeartbeat", "null".to_owned(), "data.at is missing"),
            ("SourceHeartbeat", r#"{"at":"noon"}"#.to_owned(), "data.at is not an RFC 3339 time"),
            ("SnapshotStarted", r#"{"snapshotId":"s","loanRequests":1,"entities":2}"#.to_owned(), ""),
            ("SnapshotCompleted", r#"{"snapshotId":7}"#.to_owned(), "data.snapshotId is not a string"),
            ("CompletenessManifest", manifest("{}", "3", &digest), ""),
            ("CompletenessManifest", manifest("7", "3", &digest), "data.at is not an object"),
            ("CompletenessManifest", manifest("{}", "-3", &digest), "data.events is not an integer from 0"),
            ("CompletenessManifest", manifest("{}", "3", "ab"), "data.digest is not a SHA-256 in hexadecimal"),
            ("SourceRecovered", "{}".to_owned(), ""),
            ("OfTomorrow", "[1]".to_owned(), ""),
        ];
        for (name, data, detail) in table {
            let found = check(name, &data).err().map(|error| error.detail).unwrap_or_default();
            assert_eq!(found, detail, "{name} {data}");
        }
    }
}
