//! What a `CompletenessManifest` says: everything that the producer had given out at some point (contract, section 5).

use std::borrow::Cow;

use crate::data::{bad, integer};
use crate::json::{self, Scanner};
use crate::{CloudEvent, Reason, Rejection, catalogue};

/// A manifest, borrowed from the event that it came in.
#[derive(Clone, Debug)]
pub struct Manifest<'a> {
    /// The producer's time of it, as received; empty when it has none.
    pub as_of: Cow<'a, str>,
    /// The source positions that it covers, each up to and including itself.
    pub at: Vec<At<'a>>,
    /// How many loans it counts, purged ones included.
    pub loan_requests: u64,
    /// Sum of their last sequences.
    pub events: u64,
    /// XOR over all loans of SHA-256 of `{loanRequestId}\n{lastSequence}`.
    pub digest: [u8; 32],
    /// XOR over all events of SHA-256 of `{loanRequestId}\n{sequence}\n{event id}\n{SHA-256 of data as sent, hex}`.
    pub content_digest: Option<[u8; 32]>,
    /// The loans themselves.
    pub loans: Listing<'a>,
}

/// Up to where a manifest covers one partition of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At<'a> {
    /// A `JetStream` stream, up to a stream sequence.
    Stream {
        /// Name of the stream.
        stream: Cow<'a, str>,
        /// The last sequence covered; 0: none.
        sequence: u64,
    },
    /// A partition of a Kafka topic, up to an offset.
    Topic {
        /// Name of the topic.
        topic: Cow<'a, str>,
        /// The partition.
        partition: i32,
        /// The last offset covered; -1: none.
        offset: i64,
    },
}

/// Where a manifest's loans are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing<'a> {
    /// In the manifest: a raw JSON array for [`listed`].
    Inline(&'a str),
    /// In a blob whose bytes are such an array: the raw reference.
    Blob(&'a str),
    /// Nowhere.
    Absent,
}

impl CloudEvent {
    /// What a manifest says; an error on any other event, and on `data` out of form. The loans are not looked into.
    pub fn manifest(&self) -> Result<Manifest<'_>, Rejection> {
        if self.name() != catalogue::MANIFEST {
            return Err(Rejection::new(Reason::BadData, "not a manifest"));
        }
        read(&self.data)
    }
}

fn read(data: &str) -> Result<Manifest<'_>, Rejection> {
    let members = json::members(data).map_err(|_| bad("data is not an object"))?;
    let raw = |wanted: &str| {
        let found = members.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
        found.filter(|raw| *raw != "null")
    };
    let number = |name: &str| {
        let number = raw(name).and_then(integer);
        number.ok_or_else(|| bad(format!("data.{name} is not an integer from 0")))
    };
    let digest = |name: &str, raw: &str| {
        let digest = json::text(raw).and_then(|text| sha256(&text));
        digest.ok_or_else(|| bad(format!("data.{name} is not a SHA-256 in hexadecimal")))
    };
    Ok(Manifest {
        as_of: raw("asOf").and_then(json::text).unwrap_or_default(),
        at: at(raw("at").ok_or_else(|| bad("data.at is missing"))?)?,
        loan_requests: number("loanRequests")?,
        events: number("events")?,
        digest: digest("digest", raw("digest").unwrap_or_default())?,
        content_digest: raw("contentDigest").map(|raw| digest("contentDigest", raw)).transpose()?,
        loans: match raw("loans") {
            None => Listing::Absent,
            Some(list) if list.starts_with('[') => Listing::Inline(list),
            Some(reference) if reference.starts_with('{') => Listing::Blob(reference),
            Some(_) => return Err(bad("data.loans is neither a list nor a blob reference")),
        },
    })
}

fn at(raw: &str) -> Result<Vec<At<'_>>, Rejection> {
    let members = json::members(raw).map_err(|_| bad("data.at is not an object"))?;
    let mut covered = Vec::with_capacity(members.len());
    for (name, value) in members {
        if value.starts_with('{') {
            for (partition, offset) in json::members(value).map_err(|_| bad("data.at is not an object"))? {
                let wrong = || bad(format!("data.at.{name}.{partition} is not an offset of a partition"));
                let number = partition.parse().ok().filter(|number: &i32| *number >= 0).ok_or_else(wrong)?;
                let offset = bare(offset).parse().ok().filter(|offset: &i64| *offset >= -1).ok_or_else(wrong)?;
                covered.push(At::Topic { topic: name.clone(), partition: number, offset });
            }
        } else {
            let sequence = integer(&bare(value));
            let sequence = sequence.ok_or_else(|| bad(format!("data.at.{name} is not a stream sequence")))?;
            covered.push(At::Stream { stream: name, sequence });
        }
    }
    Ok(covered)
}

/// The loans of a list, as (id, last sequence), in its order: each that is in form, an error for each that is not, and
/// one more for a list that is none. The list is read as it is asked for, so its length costs nothing.
pub fn listed(list: &str) -> impl Iterator<Item = Result<(Cow<'_, str>, u64), Rejection>> {
    let mut scanner = Scanner::<false>::new(list, usize::MAX);
    let mut open = scanner.begin_array() == Ok(true);
    let mut refused = (!open).then(|| bad("the list of loans is not an array"));
    std::iter::from_fn(move || {
        if let Some(rejection) = refused.take() {
            return Some(Err(rejection));
        }
        if !open {
            return None;
        }
        match scanner.next_element() {
            Ok(Some(element)) => Some(entry(element)),
            Ok(None) => None,
            Err(error) => {
                open = false;
                Some(Err(bad(format!("the list of loans is {error}"))))
            }
        }
    })
    .fuse()
}

fn entry(raw: &str) -> Result<(Cow<'_, str>, u64), Rejection> {
    let wrong = |what: &str| bad(format!("an entry of the list of loans {what}: {}", head(raw)));
    let (mut id, mut last) = (None, None);
    for (name, value) in json::members(raw).map_err(|_| wrong("is not an object"))? {
        match &*name {
            "id" => id = json::text(value).filter(|id| !id.is_empty()),
            "lastSequence" => last = integer(&bare(value)),
            _ => {}
        }
    }
    Ok((id.ok_or_else(|| wrong("has no id"))?, last.ok_or_else(|| wrong("has no lastSequence"))?))
}

/// A number, whether it was written as one or as a string.
fn bare(raw: &str) -> Cow<'_, str> {
    json::text(raw).unwrap_or(Cow::Borrowed(raw))
}

fn head(raw: &str) -> String {
    raw.chars().take(80).collect()
}

fn sha256(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(members: &str) -> String {
        let digest = "aB".repeat(32);
        format!(r#"{{"asOf":"2026-03-05T10:00:00Z","loanRequests":2,"events":7,"digest":"{digest}",{members}}}"#)
    }

    #[test]
    fn streams_and_partitions_are_told_apart() {
        let data = manifest(r#""at":{"A":12,"B":"9","t":{"0":5,"11":"-1"}},"loans":[]"#);
        let read = read(&data).unwrap();
        let stream = |stream, sequence| At::Stream { stream: Cow::Borrowed(stream), sequence };
        let topic = |partition, offset| At::Topic { topic: Cow::Borrowed("t"), partition, offset };
        assert_eq!(read.at, [stream("A", 12), stream("B", 9), topic(0, 5), topic(11, -1)]);
        assert_eq!((read.loan_requests, read.events, read.digest), (2, 7, [0xab; 32]));
        assert_eq!((read.as_of.as_ref(), read.content_digest), ("2026-03-05T10:00:00Z", None));
        assert_eq!(read.loans, Listing::Inline("[]"));
    }

    #[test]
    fn the_list_may_be_elsewhere() {
        let data = manifest(r#""at":{},"loans":{"fetch":{}}"#);
        assert_eq!(read(&data).unwrap().loans, Listing::Blob("{\"fetch\":{}}"));
        assert_eq!(read(&manifest(r#""at":{},"loans":null"#)).unwrap().loans, Listing::Absent);
    }

    #[test]
    fn what_is_out_of_form_is_named() {
        for (members, detail) in [
            (r#""loans":[]"#, "data.at is missing"),
            (r#""at":{"A":-1}"#, "data.at.A is not a stream sequence"),
            (r#""at":{"t":{"x":1}}"#, "data.at.t.x is not an offset of a partition"),
            (r#""at":{"t":{"0":-2}}"#, "data.at.t.0 is not an offset of a partition"),
            (r#""at":{},"contentDigest":"00""#, "data.contentDigest is not a SHA-256 in hexadecimal"),
            (r#""at":{},"loans":7"#, "data.loans is neither a list nor a blob reference"),
        ] {
            assert_eq!(read(&manifest(members)).unwrap_err().detail, detail);
        }
    }

    #[test]
    fn a_list_is_read_entry_by_entry() {
        let list = r#"[{"id":"a","lastSequence":3}, {"lastSequence":"4","x":[],"id":"b\u00e9"},{"id":"c"},7]"#;
        let found: Vec<_> = listed(list).map(|entry| entry.map_err(|e| e.detail)).collect();
        assert_eq!(found[0], Ok((Cow::Borrowed("a"), 3)));
        assert_eq!(found[1], Ok((Cow::Borrowed("bé"), 4)));
        assert_eq!(found[2], Err("an entry of the list of loans has no lastSequence: {\"id\":\"c\"}".to_owned()));
        assert_eq!(found[3], Err("an entry of the list of loans is not an object: 7".to_owned()));
        assert_eq!(found.len(), 4);
        assert_eq!(listed("{}").filter(Result::is_err).count(), 1);
        assert_eq!(listed("[").filter(Result::is_err).count(), 1);
        assert_eq!(listed("[]").count(), 0);
    }

    #[test]
    fn the_fixture_reads() {
        let line = include_bytes!("../fixtures/CompletenessManifest/v1.json");
        let event = CloudEvent::parse_structured(line, &crate::Limits::default()).unwrap();
        let manifest = event.manifest().unwrap();
        let Listing::Inline(list) = manifest.loans else { panic!("{:?}", manifest.loans) };
        assert_eq!(listed(list).map(Result::unwrap).collect::<Vec<_>>(), [(Cow::Borrowed("lr_7c1f0a52"), 91)]);
    }
}
