//! Payloads of older major versions, brought up to what this version of the program reads.
//!
//! The log keeps `data` as it was received, forever. When the contract's next major version changes the shape of an
//! event's `data`, the step from the old shape is added to [`STEPS`], and everything that reads `data` goes on knowing
//! one shape only.

use std::borrow::Cow;

use crate::json::{self, JsonError};
use crate::{CloudEvent, Reason, Rejection};

/// The major version of a payload whose event names none.
const FIRST: u32 = 1;

/// One step: the event's name, the major version that it starts from, and the change to `data`.
type Step = (&'static str, u32, fn(&str) -> Result<String, JsonError>);

/// Every step, by name and ascending version. None was needed so far.
const STEPS: &[Step] = &[];

impl CloudEvent {
    /// The major version of `data`: the number that ends `dataschema`, 1 without.
    pub fn payload_version(&self) -> u32 {
        let schema = self.attributes.iter().find(|(name, _)| name == "dataschema");
        let uri = schema.and_then(|(_, raw)| json::text(raw)).unwrap_or_default();
        let digits = uri.len() - uri.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        uri[uri.len() - digits..].parse().unwrap_or(FIRST)
    }

    /// `data` in the newest shape that this program knows: as received, unless its payload version is older.
    pub fn current_data(&self) -> Result<Cow<'_, str>, Rejection> {
        upcast(STEPS, self.name(), self.payload_version(), &self.data)
            .map_err(|error| Rejection::new(Reason::BadData, format!("data of an older version: {error}")))
    }
}

fn upcast<'a>(steps: &[Step], name: &str, from: u32, data: &'a str) -> Result<Cow<'a, str>, JsonError> {
    let mut data = Cow::Borrowed(data);
    for (_, _, step) in steps.iter().filter(|(of, version, _)| *of == name && *version >= from) {
        data = Cow::Owned(step(&data)?);
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_STEPS: &[Step] = &[
        ("TaskAssigned", 1, |data| json::merge_patch(data, r#"{"a":1}"#)),
        ("TaskAssigned", 2, |data| json::merge_patch(data, r#"{"b":2}"#)),
        ("TaskStarted", 1, |_| Err(JsonError::NotAnObject)),
    ];

    #[test]
    fn older_payloads_take_every_step_from_their_own_version_on() {
        let up = |name, from| upcast(TWO_STEPS, name, from, "{}").map(Cow::into_owned);
        assert_eq!(up("TaskAssigned", 1).as_deref(), Ok(r#"{"a":1,"b":2}"#));
        assert_eq!(up("TaskAssigned", 2).as_deref(), Ok(r#"{"b":2}"#));
        assert_eq!(up("TaskAssigned", 3).as_deref(), Ok("{}"));
        assert_eq!(up("SpaceCreated", 1).as_deref(), Ok("{}"));
        assert_eq!(up("TaskStarted", 1), Err(JsonError::NotAnObject));
    }

    #[test]
    fn the_version_ends_the_data_schema() {
        let version = |schema: &str| {
            let text = format!(
                r#"{{"specversion":"1.0","id":"1","source":"/s","type":"x","subject":"control","time":"2024-01-01T00:00:00Z"{schema}}}"#
            );
            let event = CloudEvent::parse_structured(text.as_bytes(), &crate::Limits::default()).unwrap();
            assert_eq!(event.current_data().as_deref(), Ok(""));
            event.payload_version()
        };
        assert_eq!(version(""), 1);
        assert_eq!(version(r#","dataschema":"https://example.com/schemas/TaskAssigned/v3""#), 3);
        assert_eq!(version(r#","dataschema":"https://example.com/schemas/TaskAssigned/12""#), 12);
        assert_eq!(version(r#","dataschema":"https://example.com/schemas/TaskAssigned""#), 1);
        assert_eq!(version(r#","dataschema":null"#), 1);
    }
}
