//! The messages, by kind: which members their `data` has.

use continuity_events::record::Completeness;
use continuity_events::{Change, CloudEvent};
use serde_json::{Map, Value};

use crate::Kind;
use crate::message::{Message, Place, data};

/// Why the people of a loan changed: it is gone.
pub(crate) const PURGED: &str = "purged";

/// A loan's status changed. `previous` is none for its first one, and where what was before is not known here.
pub(crate) fn status(event: &CloudEvent, previous: Option<&str>, now: Option<&str>, place: Place) -> Message {
    let more = data([("previousStatus", previous.into()), ("status", now.into())]);
    of_event(Kind::LoanStatusChanged, event, place, more)
}

/// Something about the people of a loan changed; `cause`: `changed`, `erased` or [`PURGED`].
pub(crate) fn client(event: &CloudEvent, cause: &str, place: Place) -> Message {
    let message = of_event(Kind::ClientDataChanged, event, place, data([("cause", cause.into())]));
    Message { purge: cause == PURGED, ..message }
}

/// A document, or a file of a task, is new or has new content.
pub(crate) fn uploaded(event: &CloudEvent, change: &Change<'_>, place: Place) -> Message {
    let mut more = data([("entity", change.entity.as_ref().into())]);
    if change.entity == "taskItem" {
        let task = change.parent.as_ref().and_then(|parent| parent.get("taskId"));
        more.extend(data([("taskId", task.into()), ("itemId", change.id.as_ref().into())]));
    } else {
        more.extend(data([("documentId", change.id.as_ref().into())]));
    }
    more.extend(data([("version", change.version.into())]));
    of_event(Kind::DocumentUploaded, event, place, more)
}

/// All of a loan may have changed; `cause`: `snapshot`, `gap-closed` or `erased`.
pub(crate) fn reloaded(loan: &str, cause: &str, place: Place) -> Message {
    let position = place.position.to_string();
    let data = data([("loanRequestId", loan.into()), ("position", place.position.into()), ("cause", cause.into())]);
    Message::new(Kind::LoanReloaded, &[loan, &position], place, &known_at(place), &data)
}

/// A manifest was evaluated; `before`: whether the one before it found everything here.
pub(crate) fn completeness(result: &Completeness, before: Option<bool>, place: Place) -> Option<Message> {
    let kind = match (result.complete, before) {
        (false, _) => Kind::CompletenessFailed,
        (true, Some(false)) => Kind::CompletenessRecovered,
        (true, _) => return None,
    };
    let position = place.position.to_string();
    let data = data([
        ("position", place.position.into()),
        ("manifestId", result.manifest_id.as_str().into()),
        ("manifestPosition", result.manifest.into()),
        ("asOf", result.as_of.as_str().into()),
        ("status", result.word().into()),
        ("loansMissing", result.loans_missing.into()),
        ("eventsMissing", result.events_missing.into()),
        ("loansUnlisted", result.loans_unlisted.into()),
    ]);
    Some(Message::new(kind, &[&result.manifest_id, &position], place, &known_at(place), &data))
}

fn of_event(kind: Kind, event: &CloudEvent, place: Place, more: Map<String, Value>) -> Message {
    let mut members = data([
        ("loanRequestId", event.loan_id().into()),
        ("sequence", event.sequence.into()),
        ("position", place.position.into()),
        ("eventId", event.id.as_str().into()),
        ("event", event.name().into()),
    ]);
    members.extend(more);
    Message::new(kind, &[&event.source, &event.id], place, &event.time, &members)
}

fn known_at(place: Place) -> String {
    continuity_base::Timestamp::from_micros(place.known_at).to_string()
}
