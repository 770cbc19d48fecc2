//! Whether a stream still is, and still holds, what was read from it: decisions without a connection.

use continuity_events::record::Divergence;
use continuity_readmodel::ledger::Identity;

use super::api::StreamInfo;
use super::message;
use super::options::StreamFilter;
use super::trouble::Trouble;

/// The fact that says of which kind an identity is, and its value here.
pub(super) const KIND: (&str, &str) = ("kind", "jetstream");
/// The fact that tells a stream from another one of the same name.
pub(super) const CREATED: &str = "created";
/// The fact with the subjects that are followed, where those are not all.
pub(super) const SUBJECTS: &str = "subjects";
/// The fact with the first message that was not read when the stream was first seen.
pub(super) const NEXT: &str = "next";

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
    /// Where it was to be read from when it was first seen; not known of filtered ones, of which the first message that
    /// matters cannot be told.
    pub(super) next: Option<u64>,
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
    let Some(taken) = remembered.point else { return unread(stream, remembered.next, info) };
    if state.last_seq < taken.sequence {
        let detail = format!("it ends at {}, and {} was read", state.last_seq, taken.sequence);
        return at(Divergence::Truncated, detail);
    }
    if matches!(found, Found::Mark(mark) if mark != taken.mark) {
        let detail = format!("message {} is another one than the one that was read", taken.sequence);
        return at(Divergence::Rewritten, detail);
    }
    unread(stream, remembered.unread, info).map_err(|trouble| match trouble {
        Trouble::Diverged(mut found) => {
            found.point = point(remembered);
            Trouble::Diverged(found)
        }
        other => other,
    })
}

/// An error when the first message that was not read yet is gone.
fn unread(stream: &str, unread: Option<u64>, info: &StreamInfo) -> Result<(), Trouble> {
    let state = &info.state;
    let Some(unread) = unread.filter(|unread| *unread < state.first_seq) else { return Ok(()) };
    let (cause, detail) = if state.messages == 0 {
        (Divergence::Purged, format!("it is empty, and {unread} to {} were not read", state.last_seq))
    } else {
        let gone = state.first_seq - 1;
        (Divergence::Lost, format!("it begins at {}, and {unread} to {gone} were not read", state.first_seq))
    };
    let point = point(&Remembered::default());
    Err(Trouble::diverged(cause, stream, point, detail, vec![identity(stream, info)]))
}

/// The stream as it is followed: its identity, with what decides which of its messages come.
pub(super) fn followed(filter: &StreamFilter, remembered: &Remembered, info: &StreamInfo) -> Identity {
    let mut identity = identity(&filter.stream, info);
    if let Some(subjects) = subjects(filter) {
        identity.facts.push((SUBJECTS.to_owned(), subjects));
    } else {
        let state = &info.state;
        let begin = if state.messages == 0 { state.last_seq + 1 } else { state.first_seq };
        let next = remembered.next.or(remembered.point.is_none().then_some(begin));
        identity.facts.extend(next.map(|next| (NEXT.to_owned(), next.to_string())));
    }
    identity
}

/// An error when other messages of the stream are followed than were: those that the old filters left out, before our
/// position, would never come.
pub(super) fn refiltered(
    filter: &StreamFilter,
    known: Option<&Identity>,
    remembered: &Remembered,
    info: &StreamInfo,
) -> Result<(), Trouble> {
    let Some(known) = known.filter(|_| remembered.point.is_some()) else { return Ok(()) };
    let (was, now) = (known.fact(SUBJECTS), subjects(filter));
    if was == now.as_deref() {
        return Ok(());
    }
    let said = |subjects: Option<&str>| subjects.map_or_else(|| "all subjects".to_owned(), |s| format!("only {s}"));
    let detail = format!("so far {} were read, and the configuration asks for {}", said(was), said(now.as_deref()));
    let present = vec![identity(&filter.stream, info)];
    Err(Trouble::diverged(Divergence::Renamed, &filter.stream, point(remembered), detail, present))
}

fn subjects(filter: &StreamFilter) -> Option<String> {
    let mut subjects = filter.subjects.clone();
    subjects.sort_unstable();
    subjects.dedup();
    (!subjects.is_empty()).then(|| subjects.join(" "))
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

/// An error when the log holds a stream that is not configured: what it had still to give would never be read.
pub(super) fn renamed(known: &[Identity], configured: &[Identity]) -> Result<(), Trouble> {
    let of_kind = |identity: &&Identity| identity.fact(KIND.0) == Some(KIND.1);
    let old: Vec<_> = known.iter().filter(of_kind).collect();
    let among = |identity: &Identity, others: &[&Identity]| others.iter().any(|o| o.partition == identity.partition);
    let now: Vec<_> = configured.iter().collect();
    let given_up: Vec<_> = old.iter().filter(|identity| !among(identity, &now)).collect();
    let Some(first) = given_up.first() else { return Ok(()) };
    let name = |identities: &mut dyn Iterator<Item = &Identity>| {
        identities.map(|identity| identity.partition.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (were, are) = (name(&mut old.iter().copied()), name(&mut configured.iter()));
    // Those that are followed as before are not read anew.
    let gone = given_up.iter().map(|identity| Identity { partition: identity.partition.clone(), facts: Vec::new() });
    let present = gone.chain(configured.iter().filter(|identity| !among(identity, &old)).cloned()).collect();
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
