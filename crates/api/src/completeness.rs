//! The completeness report: what manifests showed, and what is known to be missing whatever they say; with names.
//!
//! One object with three lists, walked one after the other: results newest first, then loans that lack something now,
//! then purged loans. A page holds the next entries of that walk.

use continuity_base::Timestamp;
use continuity_events::record::Completeness;
use continuity_readmodel::ledger::{KeptResult, LedgerReader, OpenManifest};
use continuity_readmodel::{Key, KeyReader, LoanState, StoreError, View};
use serde_json::{Map, Value, json};

/// Manifests that wait and are shown, oldest first.
const WAITING_SHOWN: usize = 100;
/// Loans that are looked at together where not all may be named.
const CHUNK: usize = 256;
const RESULTS: u8 = b'1';
const INCOMPLETE: u8 = b'2';
const PURGED: u8 = b'3';

/// A page of the report.
#[derive(Debug)]
pub struct Page {
    /// The object, without the way on.
    pub report: Map<String, Value>,
    /// What the next page begins after; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// Says whether a loan may be named.
pub type Named<'a> = &'a dyn Fn(&str) -> Result<bool, StoreError>;

/// At most `limit` entries of the report after `after`, which an earlier page gave as its `next`; with all loans, or with
/// those that are `named`. It may look at every loan: not for an asynchronous thread.
pub fn page(
    ledger: &LedgerReader,
    view: &View,
    named: Option<Named<'_>>,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut walk = Walk { left: limit, next: None, last: None };
    let (list, row) = after.and_then(|key| key.split_first()).map_or((RESULTS, None), |(list, row)| (*list, Some(row)));
    let results = if list == RESULTS { results(ledger, named, row, &mut walk)? } else { Vec::new() };
    let row = row.filter(|_| list == INCOMPLETE);
    let incomplete = if list <= INCOMPLETE { incomplete(view, named, row, &mut walk)? } else { Vec::new() };
    let row = after.and_then(|key| key.split_first()).filter(|(list, _)| **list == PURGED).map(|(_, row)| row);
    let purged = purged(ledger, named, row, &mut walk)?;
    let waiting = ledger.open_manifests()?;
    let newest = ledger.results(None, 1)?.pop();
    let mut report = Map::new();
    let mut put = |name: &str, value: Value| report.insert(name.to_owned(), value);
    put("status", newest.as_ref().map_or("unknown", |kept| kept.result.word()).into());
    put(
        "counts",
        json!({
            "results": ledger.results_kept()?,
            "waiting": waiting.len(),
            "incomplete": incomplete_count(view, named)?,
            "purged": purged_count(ledger, named)?,
        }),
    );
    put("waiting", waiting.iter().take(WAITING_SHOWN).map(open).collect());
    put("results", results.into());
    put("incomplete", incomplete.into());
    put("purged", purged.into());
    Ok(Page { report, next: walk.next })
}

/// How far the walk over the lists has come.
struct Walk {
    left: usize,
    next: Option<Vec<u8>>,
    /// The key of the last entry given.
    last: Option<Vec<u8>>,
}

impl Walk {
    /// Takes as many of a list's entries as there is room for; `entries` may have one more than that, to tell whether
    /// there are more.
    fn take<T>(&mut self, entries: &[T], key: impl Fn(&T) -> Vec<u8>, shown: impl Fn(&T) -> Value) -> Vec<Value> {
        if self.next.is_some() {
            return Vec::new();
        }
        let more = entries.len() > self.left;
        let given = &entries[..entries.len().min(self.left)];
        if let Some(last) = given.last() {
            self.last = Some(key(last));
        }
        self.left -= given.len();
        if more {
            self.next.clone_from(&self.last);
        }
        given.iter().map(shown).collect()
    }

    /// How many entries of a list to ask for.
    fn wanted(&self) -> usize {
        if self.next.is_some() { 0 } else { self.left + 1 }
    }
}

fn results(
    ledger: &LedgerReader,
    named: Option<Named<'_>>,
    row: Option<&[u8]>,
    walk: &mut Walk,
) -> Result<Vec<Value>, StoreError> {
    let below = row.and_then(|row| KeyReader::new(row).u64());
    let mut kept = ledger.results(below, walk.wanted())?;
    if let Some(named) = named {
        kept.iter_mut().try_for_each(|one| thin(&mut one.result, named))?;
    }
    let key = |kept: &KeptResult| Key::new().u8(RESULTS).u64(kept.number).finish();
    Ok(walk.take(&kept, key, result))
}

/// Takes out the loans that may not be named, and the note, which is written for operators and may name one. The figures
/// stay: they are of the whole replica, as those of `/health` are.
fn thin(result: &mut Completeness, named: Named<'_>) -> Result<(), StoreError> {
    result.note.clear();
    result.missing = only(std::mem::take(&mut result.missing), |(loan, _)| loan, named)?;
    result.unlisted = only(std::mem::take(&mut result.unlisted), |loan| loan, named)?;
    result.ahead = only(std::mem::take(&mut result.ahead), |(loan, ..)| loan, named)?;
    Ok(())
}

fn incomplete(
    view: &View,
    named: Option<Named<'_>>,
    row: Option<&[u8]>,
    walk: &mut Walk,
) -> Result<Vec<Value>, StoreError> {
    let after = row.and_then(|row| std::str::from_utf8(row).ok());
    let loans = |after: Option<&str>, most| view.incomplete_loans(after, most);
    let loans = next(named, after, walk.wanted(), |(loan, _)| loan, loans)?;
    let shown = |(loan, state): &(String, LoanState)| {
        json!({
            "loanRequestId": loan,
            "missing": ranges(&state.gaps),
            "parkedAt": state.parked.map(|sequence| sequence.to_string()),
        })
    };
    Ok(walk.take(&loans, |(loan, _)| place(INCOMPLETE, loan), shown))
}

fn incomplete_count(view: &View, named: Option<Named<'_>>) -> Result<u64, StoreError> {
    if named.is_none() {
        return Ok(view.counts().incomplete_loans);
    }
    let loans = |after: Option<&str>, most| view.incomplete_loans(after, most);
    Ok(next(named, None, usize::MAX, |(loan, _)| loan, loans)?.len() as u64)
}

fn purged(
    ledger: &LedgerReader,
    named: Option<Named<'_>>,
    row: Option<&[u8]>,
    walk: &mut Walk,
) -> Result<Vec<Value>, StoreError> {
    let after = row.and_then(|row| std::str::from_utf8(row).ok());
    let loans = |after: Option<&str>, most| ledger.purged(after, most);
    let loans = next(named, after, walk.wanted(), |(loan, _)| loan, loans)?;
    let shown = |(loan, sequence): &(String, u64)| json!({"loanRequestId": loan, "lastSequence": sequence.to_string()});
    Ok(walk.take(&loans, |(loan, _)| place(PURGED, loan), shown))
}

fn purged_count(ledger: &LedgerReader, named: Option<Named<'_>>) -> Result<u64, StoreError> {
    if named.is_none() {
        return ledger.purged_count();
    }
    let loans = |after: Option<&str>, most| ledger.purged(after, most);
    Ok(next(named, None, usize::MAX, |(loan, _)| loan, loans)?.len() as u64)
}

/// At most `wanted` entries after the loan `after`, all or those that may be named, of what `list` gives by loan.
fn next<T>(
    named: Option<Named<'_>>,
    after: Option<&str>,
    wanted: usize,
    loan: impl Fn(&T) -> &String,
    list: impl Fn(Option<&str>, usize) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let Some(named) = named else { return list(after, wanted) };
    let (mut found, mut after) = (Vec::new(), after.map(str::to_owned));
    while found.len() < wanted {
        let chunk = list(after.as_deref(), CHUNK)?;
        let ended = chunk.len() < CHUNK;
        after = chunk.last().map(|last| loan(last).clone());
        found.extend(only(chunk, &loan, named)?);
        if ended {
            break;
        }
    }
    found.truncate(wanted);
    Ok(found)
}

/// The entries whose loans may be named.
fn only<T>(all: Vec<T>, loan: impl Fn(&T) -> &String, named: Named<'_>) -> Result<Vec<T>, StoreError> {
    let mut kept = Vec::new();
    for one in all {
        if named(loan(&one))? {
            kept.push(one);
        }
    }
    Ok(kept)
}

fn place(list: u8, loan: &str) -> Vec<u8> {
    [&[list], loan.as_bytes()].concat()
}

/// A result of the history.
pub fn result(kept: &KeptResult) -> Value {
    let mut shown = told(&kept.result);
    shown.insert("position".to_owned(), kept.position.into());
    shown.insert("evaluatedAt".to_owned(), Timestamp::from_micros(kept.at).to_string().into());
    Value::Object(shown)
}

/// A result, recorded or not.
pub fn told(result: &Completeness) -> Map<String, Value> {
    let missing = |(loan, gaps): &(String, Vec<(u64, u64)>)| json!({"loanRequestId": loan, "ranges": ranges(gaps)});
    let ahead = |(loan, listed, here): &(String, u64, u64)| json!({"loanRequestId": loan, "listed": listed.to_string(), "here": here.to_string()});
    let members = json!({
        "result": result.word(),
        "manifest": result.manifest,
        "manifestId": result.manifest_id,
        "asOf": Some(&result.as_of).filter(|as_of| !as_of.is_empty()),
        "through": result.through,
        "again": result.again,
        "listed": result.listed,
        "loanRequests": result.loans,
        "events": result.events,
        "loansMissing": result.loans_missing,
        "eventsMissing": result.events_missing,
        "loansUnlisted": result.loans_unlisted,
        "loansAhead": result.loans_ahead,
        "presence": result.presence,
        "content": result.content,
        "missing": result.missing.iter().map(missing).collect::<Vec<_>>(),
        "unlisted": result.unlisted,
        "ahead": result.ahead.iter().map(ahead).collect::<Vec<_>>(),
        "note": result.note,
    });
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn open(manifest: &OpenManifest) -> Value {
    json!({
        "manifest": manifest.position,
        "manifestId": manifest.id,
        "asOf": Some(&manifest.as_of).filter(|as_of| !as_of.is_empty()),
        "arrivedAt": Timestamp::from_micros(manifest.arrived_at).to_string(),
    })
}

fn ranges(gaps: &[(u64, u64)]) -> Value {
    gaps.iter().map(|(from, to)| json!({"from": from.to_string(), "to": to.to_string()})).collect()
}
