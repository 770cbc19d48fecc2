//! From one manifest to its result.

use continuity_events::CloudEvent;
use continuity_events::manifest::Manifest;
use continuity_events::record::{Completeness, Received};

use super::content;
use super::list::{self, List};
use super::place::{Found, Place};
use super::presence::{Presence, of_loan, xor};
use super::{AuditError, Look, received};

/// What became of an attempt.
#[derive(Debug)]
pub(super) enum Report {
    /// A result.
    Result(Box<Completeness>),
    /// Its time has not come: these are not read up to `at` yet.
    Waiting(Vec<String>),
}

/// Evaluates the manifest at log position `manifest`, as of its place, or `again` with everything that has come since.
pub(super) fn evaluate(
    look: Look<'_>,
    manifest: u64,
    again: bool,
    earlier: Option<(u64, [u8; 32])>,
    read_blob: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Report, AuditError> {
    let Received { event, position } = received(manifest, &look.log.get(manifest)?)?;
    let said = match event.manifest() {
        Ok(said) => said,
        Err(rejection) => return Ok(unreadable(manifest, again, &event, &rejection.detail)),
    };
    let place = match Place::find(look, manifest, &position, &said.at)? {
        Found::Place(place) => place,
        Found::Waiting(parts) => return Ok(Report::Waiting(parts)),
    };
    let text = list::text(said.loans, read_blob);
    let list = text.as_deref().map_err(Clone::clone).and_then(List::read);
    let presence = Presence::compare(look, &place, again, list.as_ref().ok())?;
    let mut notes = place.notes.clone();
    match &list {
        Ok(list) => notes.extend(disagreement(&said, list)),
        Err(why) => {
            notes.push(format!("{why}; only counts, digests and holes below a loan's last event were compared"));
        }
    }
    let through = if again { look.ledger.position().max(place.through) } else { place.through };
    let head = Completeness { manifest, manifest_id: event.id.clone(), through, again, ..Completeness::default() };
    let mut result = filled(head, &said, &presence, list.is_ok());
    if let Some(wanted) = said.content_digest {
        if !result.complete {
            notes.push("content was not compared: not every event is here".to_owned());
        } else if again && list.is_err() {
            notes.push("content was not compared: without a list nothing tells later events apart".to_owned());
        } else if presence.covered > 0 {
            notes.push(format!(
                "content was not compared: of {} loans a snapshot or an erasure stands for events that are not here \
                 themselves",
                presence.covered
            ));
        } else {
            let found = content::digest(look, &place, &presence, again, list.as_ref().ok(), earlier)?;
            result.content = Some(found.digest == wanted);
            result.content_through = Some(found.through);
            result.complete = found.digest == wanted;
        }
    }
    result.note = notes.join("; ");
    Ok(Report::Result(Box::new(result)))
}

/// The result as far as presence tells it.
fn filled(head: Completeness, said: &Manifest<'_>, found: &Presence, listed: bool) -> Completeness {
    let agrees = found.digest == said.digest && found.loans == said.loan_requests && found.events == said.events;
    let (mut loans_missing, mut events_missing) = (found.loans_missing, found.events_missing);
    if !listed {
        // What the counts say: names there are none of.
        let here = found.events.saturating_sub(events_missing);
        events_missing = events_missing.max(said.events.saturating_sub(here));
        loans_missing = loans_missing.max(said.loan_requests.saturating_sub(found.loans));
    }
    Completeness {
        as_of: said.as_of.clone().into_owned(),
        complete: agrees && events_missing == 0 && found.loans_unlisted + found.loans_ahead == 0,
        listed,
        loans: said.loan_requests,
        events: said.events,
        loans_missing,
        events_missing,
        loans_unlisted: found.loans_unlisted,
        loans_ahead: found.loans_ahead,
        presence: agrees,
        missing: found.missing.clone().into_iter().collect(),
        unlisted: found.unlisted.iter().cloned().collect(),
        ahead: found.ahead.iter().map(|(id, (listed, here))| (id.clone(), *listed, *here)).collect(),
        ..head
    }
}

/// A list that is not what the manifest says of it.
fn disagreement(said: &Manifest<'_>, list: &List<'_>) -> Option<String> {
    let (mut digest, mut events) = ([0; 32], 0_u64);
    for (id, last) in list.entries() {
        events = events.saturating_add(*last);
        xor(&mut digest, &of_loan(id, *last));
    }
    let agrees = list.entries().len() as u64 == said.loan_requests && events == said.events && digest == said.digest;
    (!agrees).then(|| {
        format!(
            "the manifest contradicts itself: it lists {} loans with {events} events, and says {} with {}{}",
            list.entries().len(),
            said.loan_requests,
            said.events,
            if digest == said.digest { "" } else { ", with another digest" }
        )
    })
}

/// Loans that a recorded result names of each kind, at most.
const NAMED: usize = 1_000;
/// Missing ranges that a recorded result names of a loan, at most.
const RANGES: usize = 100;

/// The result as it is recorded: with so many names that a record stays small, and a word about those that it leaves out.
pub(super) fn bounded(result: &Completeness) -> Completeness {
    let first = |ranges: &[(u64, u64)]| ranges.iter().take(RANGES).copied().collect();
    let mut kept = Completeness {
        missing: result.missing.iter().take(NAMED).map(|(loan, ranges)| (loan.clone(), first(ranges))).collect(),
        unlisted: result.unlisted.iter().take(NAMED).cloned().collect(),
        ahead: result.ahead.iter().take(NAMED).cloned().collect(),
        note: result.note.clone(),
        as_of: result.as_of.clone(),
        manifest_id: result.manifest_id.clone(),
        ..*result
    };
    let names = |of: &Completeness| {
        let ranges: usize = of.missing.iter().map(|(_, ranges)| ranges.len()).sum();
        [of.missing.len(), ranges, of.unlisted.len(), of.ahead.len()]
    };
    if names(&kept) != names(result) {
        let separator = if kept.note.is_empty() { "" } else { "; " };
        kept.note.push_str(separator);
        kept.note.push_str("not all are named here: `continuity completeness --again` names every loan and range");
    }
    kept
}

fn unreadable(manifest: u64, again: bool, event: &CloudEvent, detail: &str) -> Report {
    Report::Result(Box::new(Completeness {
        manifest,
        manifest_id: event.id.clone(),
        through: manifest,
        again,
        note: format!("the manifest could not be evaluated: {detail}"),
        ..Completeness::default()
    }))
}
