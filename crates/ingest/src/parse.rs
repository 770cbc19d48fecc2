//! From raw messages to events, or to what is wrong with them.

use std::fmt;

use continuity_events::record::SourcePosition;
use continuity_events::{CloudEvent, Limits, Reason, Rejection};

use crate::source::{Message, Raw};

/// A message that was looked into.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) position: SourcePosition,
    pub(crate) event: Result<CloudEvent, Box<Refused>>,
    /// The event's bytes as received, for the quarantine should its loan not take it; of a refused message it has them.
    pub(crate) raw: Vec<u8>,
}

/// A message that is no event.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) rejection: Rejection,
    pub(crate) raw: Vec<u8>,
    pub(crate) event_id: Option<String>,
    pub(crate) event_type: Option<String>,
}

/// Parses a message and checks its form.
pub(crate) fn parse(message: Message, limits: &Limits) -> Parsed {
    let Message { raw, position } = message;
    let (event, raw) = match raw {
        Raw::Structured(bytes) => match CloudEvent::parse_structured(&bytes, limits) {
            Ok(event) => (Ok(event), bytes),
            Err(rejection) => {
                let (event_id, event_type) = CloudEvent::hints(&bytes);
                (Err(Box::new(Refused { rejection, raw: bytes, event_id, event_type })), Vec::new())
            }
        },
        Raw::Binary { attributes, body } => {
            let borrowed: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let raw = flat(&borrowed, &body);
            match CloudEvent::parse_binary(&borrowed, &body, limits) {
                Ok(event) => (Ok(event), raw),
                Err(rejection) => {
                    let header = |wanted: &str| {
                        let found = borrowed.iter().find(|(name, _)| is_attribute(name, wanted));
                        found.map(|(_, value)| (*value).to_owned())
                    };
                    let (event_id, event_type) = (header("id"), header("type"));
                    (Err(Box::new(Refused { rejection, raw, event_id, event_type })), Vec::new())
                }
            }
        }
        Raw::Oversize { prefix, length, sha256 } => {
            let kept = prefix.len();
            let detail = format!("{length} bytes, SHA-256 {}; the first {kept} bytes are kept", Hex(&sha256));
            let rejection = Rejection::new(Reason::TooLarge, detail);
            (Err(Box::new(Refused { rejection, raw: prefix, event_id: None, event_type: None })), Vec::new())
        }
    };
    Parsed { position, event, raw }
}

/// Bytes as lower-case hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn is_attribute(header: &str, wanted: &str) -> bool {
    let header = header.to_ascii_lowercase();
    header.strip_prefix("ce-").or(header.strip_prefix("ce_")).unwrap_or(&header) == wanted
}

/// A message in binary mode as one piece: its headers line by line, an empty line, its body.
fn flat(attributes: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in attributes {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// The message in binary mode that [`flat`] made these bytes of; `None` when they are none.
pub(crate) fn unflat(bytes: &[u8]) -> Option<Raw> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let attributes = std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
    let attribute = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let attributes: Vec<_> = attributes.map(attribute).collect::<Option<_>>()?;
    attributes
        .iter()
        .any(|(name, _)| is_attribute(name, "specversion"))
        .then(|| Raw::Binary { attributes, body: bytes[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> SourcePosition {
        SourcePosition::Simulator { seed: 1, number }
    }

    fn refused(raw: Raw) -> Refused {
        let parsed = parse(Message { raw, position: at(1) }, &Limits::default());
        *parsed.event.expect_err("not an event")
    }

    #[test]
    fn what_is_nearly_an_event_keeps_its_id_type_and_bytes() {
        let bytes = br#"{"id":"e1","type":"com.banclo.TaskAssigned","specversion":"0.3"}"#;
        let refused = refused(Raw::Structured(bytes.to_vec()));
        assert_eq!((refused.event_id.as_deref(), &refused.raw[..]), (Some("e1"), &bytes[..]));
        assert_eq!(refused.event_type.as_deref(), Some("com.banclo.TaskAssigned"));
    }

    #[test]
    fn binary_mode_is_kept_with_its_headers() {
        let attributes = vec![("ce_id".to_owned(), "e2".to_owned()), ("ce_specversion".to_owned(), "2".to_owned())];
        let refused = refused(Raw::Binary { attributes, body: b"{}".to_vec() });
        assert_eq!(refused.event_id.as_deref(), Some("e2"));
        assert_eq!(refused.raw, b"ce_id: e2\r\nce_specversion: 2\r\n\r\n{}");
    }

    #[test]
    fn a_message_in_binary_mode_is_itself_again() {
        let attributes = vec![("ce_id".to_owned(), "e: 2".to_owned()), ("ce_specversion".to_owned(), "2".to_owned())];
        let Some(Raw::Binary { attributes: again, body }) = unflat(&flat(
            &attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(),
            b"{}\r\n\r\n",
        )) else {
            panic!("it is one");
        };
        assert_eq!((again, &body[..]), (attributes, &b"{}\r\n\r\n"[..]));
        for other in [&b"{\"specversion: 1\":1}\r\n\r\n"[..], b"a\r\n\r\n", b"", b"a: b\r\n\r\n{}", b"\xff: b\r\n\r\n"]
        {
            assert!(unflat(other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn an_oversize_message_says_how_large_it_was() {
        let refused = refused(Raw::Oversize { prefix: b"{".to_vec(), length: 70_000_000, sha256: [0xab; 32] });
        assert_eq!(refused.rejection.reason, Reason::TooLarge);
        assert!(refused.rejection.detail.starts_with("70000000 bytes, SHA-256 abab"), "{}", refused.rejection.detail);
    }
}
