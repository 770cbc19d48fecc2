//! Whether a stream still is, and still holds, what was read from it: decisions without a connection.

use continuity_events::record::Divergence;
use continuity_readmodel::ledger::Identity;

use super::api::StreamInfo;
use super::message;
use super::trouble::Trouble;

/// The fact that says of which kind an identity is, and its value here.
pub(super) const KIND: (&str, &str) = ("kind", "jetstream");
/// The fact that tells a stream from another one of the same name.
pub(super) const CREATED: &str = "created";

/// A point in a stream: sequence and mark of the message there; sequence 0 is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) sequence: u64,
    pub(super) mark: u64,
}

/// What is remembered of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// When it was created, if it was ever seen.
    pub(super) created: Option<String>,
    /// The last message that was taken from it, if any.
    pub(super) point: Option<Point>,
    /// The first message that was not taken yet, where it is certain that it was not; the point's next one after a
    /// connect.
    pub(super) unread: Option<u64>,
}

/// What is now where the last message was that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nobody looked.
    Unknown,
    /// Nothing.
    Nothing,
    /// A message with this mark.
    Mark(u64),
}

/// Whether it is worth looking at the message at the point.
pub(super) fn comparable(remembered: &Remembered, info: &StreamInfo) -> Option<Point> {
    let state = &info.state;
    let there = |point: &Point| point.mark != 0 && (state.first_seq..=state.last_seq).contains(&point.sequence);
    remembered.point.filter(there)
}

/// What the stream shows of itself.
pub(super) fn identity(stream: &str, info: &StreamInfo) -> Identity {
    let facts = [KIND, (CREATED, info.created.as_str())];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Identity { partition: stream.to_owned(), facts }
}

/// An error unless the stream is the one that was read and holds everything that was not read yet.
pub(super) fn judge(
    stream: &str,
    remembered: &Remembered,
    info: Option<&StreamInfo>,
    found: Found,
) -> Result<(), Trouble> {
    let Some(info) = info else { return Err(absent(stream, remembered)) };
    let now = || vec![identity(stream, info)];
    let at = |cause, detail: String| Err(Trouble::diverged(cause, stream, point(remembered), detail, now()));
    if !info.config.retention.is_empty() && info.config.retention != "limits" {
        return Err(Trouble::refused(format!(
            "the stream {stream} has retention `{}`: it forgets messages once any consumer had them. Only `limits` keeps \
             what the replica may need again",
            info.config.retention
        )));
    }
    if let Some(known) = remembered.created.as_deref().filter(|known| !same_time(known, &info.created)) {
        let detail = format!("the stream was created at {}; the one that was read, at {known}", info.created);
        return at(Divergence::Recreated, detail);
    }
    let state = &info.state;
    let Some(taken) = remembered.point else { return Ok(()) };
    if state.last_seq < taken.sequence {
        let detail = format!("it ends at {}, and {} was read", state.last_seq, taken.sequence);
        return at(Divergence::Truncated, detail);
    }
    if matches!(found, Found::Mark(mark) if mark != taken.mark) {
        let detail = format!("message {} is another one than the one that was read", taken.sequence);
        return at(Divergence::Rewritten, detail);
    }
    match remembered.unread {
        Some(unread) if unread < state.first_seq && state.messages == 0 => {
            let detail = format!("it is empty, and {unread} to {} were not read", state.last_seq);
            at(Divergence::Purged, detail)
        }
        Some(unread) if unread < state.first_seq => {
            let detail =
                format!("it begins at {}, and {unread} to {} were not read", state.first_seq, state.first_seq - 1);
            at(Divergence::Lost, detail)
        }
        _ => Ok(()),
    }
}

/// What is surprising about a stream that has not diverged.
pub(super) fn surprises(stream: &str, remembered: &Remembered, info: &StreamInfo, found: Found) -> Vec<String> {
    let mut warnings = Vec::new();
    let first = info.state.first_seq;
    if remembered.point.is_none() && first > info.config.first_seq.max(1) {
        warnings.push(format!(
            "{stream} begins at message {first}: earlier events are not in it any more. Begin with a snapshot of \
             everything, or the loans that they belong to stay incomplete"
        ));
    }
    if let Some(taken) = remembered.point.filter(|_| found == Found::Nothing) {
        warnings.push(format!(
            "{stream} has no message {} any more, though older ones are there: somebody deleted the last message that \
             was read, and whether what follows is the same history cannot be checked",
            taken.sequence
        ));
    }
    warnings
}

fn absent(stream: &str, remembered: &Remembered) -> Trouble {
    if remembered.created.is_none() && remembered.point.is_none() {
        return Trouble::refused(format!(
            "there is no stream {stream} that this user can see; create it, or name another one in the configuration"
        ));
    }
    let gone = vec![Identity { partition: stream.to_owned(), facts: Vec::new() }];
    let detail = "there is no such stream any more".to_owned();
    Trouble::diverged(Divergence::Missing, stream, point(remembered), detail, gone)
}

/// An error when the log holds streams, none of them is configured, and all of those that are configured are new.
pub(super) fn renamed(known: &[Identity], configured: &[Identity]) -> Result<(), Trouble> {
    let old: Vec<_> = known.iter().filter(|identity| identity.fact(KIND.0) == Some(KIND.1)).collect();
    let is_known = |identity: &Identity| old.iter().any(|known| known.partition == identity.partition);
    let Some(first) = old.first().filter(|_| !configured.iter().any(is_known)) else { return Ok(()) };
    let name = |identities: &mut dyn Iterator<Item = &Identity>| {
        identities.map(|identity| identity.partition.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (were, are) = (name(&mut old.iter().copied()), name(&mut configured.iter()));
    let given_up = old.iter().map(|identity| Identity { partition: identity.partition.clone(), facts: Vec::new() });
    let present = given_up.chain(configured.iter().cloned()).collect();
    Err(Trouble::diverged(
        Divergence::Renamed,
        &first.partition,
        format!("everything that was read came from {were}"),
        format!("the configuration names {are}"),
        present,
    ))
}

/// The last point that both are known to share.
pub(super) fn point(remembered: &Remembered) -> String {
    match remembered.point {
        Some(point) => format!("message {}", point.sequence),
        None => "its beginning".to_owned(),
    }
}

fn same_time(a: &str, b: &str) -> bool {
    a == b || matches!((message::nanos(a), message::nanos(b)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests;
