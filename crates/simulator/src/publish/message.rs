//! One event on its way: what every transport needs of it.

use bytes::Bytes;

use super::percent::header;
use crate::envelope::{Envelope, unquoted};
use crate::simulator::{Emitted, Kind};

/// How an event travels on NATS and Kafka (`CloudEvents` content modes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The whole event is the body.
    #[default]
    Structured,
    /// Attributes are headers (`ce-id` on NATS, `ce_id` on Kafka), `data` is the body.
    Binary,
}

/// One event on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// What the broker may recognise a repetition by (`Nats-Msg-Id`): the event's id.
    pub(crate) id: String,
    /// The loan that it is about, for a key; none for control events and for what nobody can read.
    pub(crate) loan: Option<String>,
    /// What stands behind the loan in a NATS subject; empty for control events.
    pub(crate) entity: String,
    /// Attributes in binary mode: their names, and their values as JSON. Empty in structured mode.
    pub(crate) attributes: Vec<(String, String)>,
    /// The whole event, or its `data`.
    pub(crate) body: Bytes,
}

impl Message {
    /// The message of a line.
    ///
    /// A repetition, and a broken line made of a true one, get a `Nats-Msg-Id` of their own: the broker would swallow them
    /// (or the true one) otherwise, and the fault would never reach the replica. A real producer's repetition that does
    /// reach it came after the broker's window. A broken line tells nothing that is another in the next run: `run` does.
    pub(crate) fn of(emitted: &Emitted, mode: Mode, run: &str) -> Self {
        match emitted.kind {
            Kind::Malformed => Self::unreadable(&emitted.line, &format!("{run}#{}", emitted.number)),
            Kind::Duplicate => {
                let message = Self::of_line(&emitted.line, mode);
                Self { id: format!("{}#{}", message.id, emitted.number), ..message }
            }
            Kind::Plain | Kind::Fork | Kind::Manifest => Self::of_line(&emitted.line, mode),
        }
    }

    /// The message of a line that is a true event.
    pub(crate) fn of_line(line: &str, mode: Mode) -> Self {
        let Some(envelope) = Envelope::of(line) else { return Self::unreadable(line, "") };
        let id = envelope.text("id").unwrap_or_default();
        let loan = envelope.loan();
        let entity = if loan.is_some() { envelope.entity_token() } else { String::new() };
        let (attributes, body) = match mode {
            Mode::Structured => (vec![], line),
            Mode::Binary => (attributes(&envelope), envelope.raw("data").unwrap_or_default()),
        };
        Self { id, loan, entity, attributes, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    /// Whether it is about the feed itself.
    pub(crate) fn is_control(&self) -> bool {
        self.entity.is_empty()
    }

    fn unreadable(line: &str, which: &str) -> Self {
        let id = format!("malformed#{which}");
        let route = Envelope::of(line);
        let loan = route.as_ref().and_then(Envelope::loan);
        let entity = route.filter(|_| loan.is_some()).map_or_else(|| "unknown".to_owned(), |r| r.entity_token());
        Self { id, loan, entity, attributes: vec![], body: Bytes::copy_from_slice(line.as_bytes()) }
    }

    /// The headers of binary mode, with `prefix` (`ce-` or `ce_`) before each attribute; none in structured mode, where
    /// the content type says so.
    pub(crate) fn headers(&self, prefix: &str, percent: bool) -> Vec<(String, String)> {
        if self.attributes.is_empty() {
            return vec![("content-type".to_owned(), "application/cloudevents+json".to_owned())];
        }
        let named = |(name, raw): &(String, String)| {
            let text = unquoted(raw).unwrap_or_else(|| raw.clone());
            if name == "datacontenttype" {
                return ("content-type".to_owned(), text);
            }
            (format!("{prefix}{name}"), if percent { header(&text) } else { text })
        };
        self.attributes.iter().map(named).collect()
    }
}

fn attributes(envelope: &Envelope<'_>) -> Vec<(String, String)> {
    let members = envelope.members().filter(|(name, raw)| *name != "data" && *raw != "null");
    members.map(|(name, raw)| (name.to_owned(), raw.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use continuity_base::Timestamp;
    use continuity_events::{CloudEvent, Limits};

    use super::*;
    use crate::{Faults, Simulator};

    fn feed() -> Vec<Emitted> {
        Simulator::loans(7, Timestamp::from_micros(1_767_600_000_000_000), 5).history().collect()
    }

    #[test]
    fn binary_mode_says_the_same_as_structured_mode() {
        let limits = Limits::default();
        for emitted in feed() {
            let whole = CloudEvent::parse_structured(emitted.line.as_bytes(), &limits).unwrap();
            let message = Message::of(&emitted, Mode::Binary, "r");
            for (prefix, percent) in [("ce-", true), ("ce_", false)] {
                let headers = message.headers(prefix, percent);
                let read: Vec<(&str, String)> = headers
                    .iter()
                    .map(|(name, value)| {
                        let value = if percent { super::super::percent::decoded(value) } else { value.clone() };
                        (name.as_str(), value)
                    })
                    .collect();
                assert!(!percent || headers.iter().all(|(_, value)| value.is_ascii() && !value.contains(['\r', '\n'])));
                let read: Vec<(&str, &str)> = read.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let event = CloudEvent::parse_binary(&read, &message.body, &limits).unwrap();
                assert_eq!((&event.id, &event.subject, event.sequence), (&whole.id, &whole.subject, whole.sequence));
                assert_eq!((&event.time, &event.actor, &event.data), (&whole.time, &whole.actor, &whole.data));
                assert_eq!(event.attributes.len(), whole.attributes.len());
            }
        }
    }

    #[test]
    fn a_message_knows_its_loan_and_its_entity() {
        let feed = feed();
        let message = Message::of(&feed[0], Mode::Structured, "r");
        assert_eq!(message.entity, "loanRequest");
        assert!(feed[0].line.contains(&format!("\"id\":\"{}\"", message.id)) && !message.is_control());
        assert_eq!(&*message.body, feed[0].line.as_bytes());
        assert_eq!(message.headers("ce-", true), [("content-type".into(), "application/cloudevents+json".into())]);
    }

    #[test]
    fn no_fault_takes_the_place_of_a_true_event() {
        let faults = Faults { duplicates: 0.2, malformed: 0.2, forks: 0.1, ..Faults::default() };
        let mut ids = std::collections::BTreeSet::new();
        let mut kinds = std::collections::BTreeMap::new();
        for emitted in faults.over(3, feed().into_iter()) {
            let message = Message::of(&emitted, Mode::Structured, "r");
            let next_run = Message::of(&emitted, Mode::Structured, "s");
            assert_eq!(next_run.id == message.id, emitted.kind != Kind::Malformed);
            assert!(ids.insert(message.id.clone()), "{emitted:?}");
            assert!(!message.is_control());
            *kinds.entry(format!("{:?}", emitted.kind)).or_insert(0) += 1;
        }
        assert!(kinds.len() == 4 && kinds.values().all(|&n| n > 10), "{kinds:?}");
    }
}
