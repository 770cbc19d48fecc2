//! Fakes of the seams: an origin with scripted faults, references in memory, a scanner that finds what it is told.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::Reference;
use crate::origin::{FetchError, Have, Incoming, Origin};
use crate::references::{Referenced, References};
use crate::scan::{Scanner, Verdict};
use crate::shelf::Digest;

/// What goes wrong with one fetch.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Error(FetchError),
    /// The stream ends after so many bytes.
    Cut(usize),
    /// The stream breaks after so many bytes.
    Break(usize),
    /// One bit is another.
    Flip,
    /// One byte less, and the origin thinks that is all.
    Short,
    /// One byte more.
    Long,
    /// Nothing comes until it is dropped.
    Hang,
    /// The tag is not known any more: from the beginning.
    Again,
}

#[derive(Default)]
pub(crate) struct FakeOrigin {
    pub(crate) bytes: Mutex<HashMap<Digest, Vec<u8>>>,
    pub(crate) faults: Mutex<HashMap<Digest, VecDeque<Fault>>>,
    /// What was asked for: digest and first byte.
    pub(crate) asked: Mutex<Vec<(Digest, u64)>>,
    pub(crate) renewed: AtomicUsize,
}

impl Origin for FakeOrigin {
    fn authority(&self, reference: &Reference) -> String {
        reference.file_name.clone().unwrap_or_default()
    }

    fn fetch<'a>(&'a self, reference: &'a Reference, have: &'a Have) -> BoxFuture<'a, Result<Incoming, FetchError>> {
        async move {
            let digest = reference.sha256;
            self.asked.lock().push((digest, have.bytes));
            // URLs with `old` in them have expired.
            if matches!(&reference.fetch, crate::Fetch::Url(url) if url.contains("old")) {
                return Err(FetchError::Expired("403".to_owned()));
            }
            let fault = self.faults.lock().get_mut(&digest).and_then(VecDeque::pop_front);
            let all = self.bytes.lock().get(&digest).cloned();
            let all = all.ok_or_else(|| FetchError::Missing("404".to_owned()))?;
            answer(all, have, fault)
        }
        .boxed()
    }

    fn renew<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<String, FetchError>> {
        self.renewed.fetch_add(1, Ordering::SeqCst);
        async move { Ok(json(&reference.sha256, reference.size, "https://new/")) }.boxed()
    }
}

fn answer(mut all: Vec<u8>, have: &Have, fault: Option<Fault>) -> Result<Incoming, FetchError> {
    let mut from = usize::try_from(have.bytes).unwrap();
    if have.tag.is_none() {
        from = 0;
    }
    let (mut end, mut last) = (usize::MAX, None);
    match fault {
        Some(Fault::Error(error)) => return Err(error),
        Some(Fault::Cut(at)) => end = at.max(from),
        Some(Fault::Break(at)) => {
            end = at.max(from);
            last = Some(Err(FetchError::Failed("reset".to_owned())));
        }
        Some(Fault::Flip) => {
            let at = all.len() - 1;
            all[at] ^= 1;
        }
        Some(Fault::Short) => drop(all.pop()),
        Some(Fault::Long) => all.push(0),
        Some(Fault::Again) => from = 0,
        Some(Fault::Hang) => {
            let bytes = stream::pending().boxed();
            return Ok(Incoming { from: from as u64, total: None, tag: None, media_type: None, bytes });
        }
        None => {}
    }
    let total = Some(all.len() as u64);
    let end = end.min(all.len());
    let pieces: Vec<_> = all[from..end].chunks(1_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let bytes = stream::iter(pieces.into_iter().chain(last)).boxed();
    Ok(Incoming { from: from as u64, total, tag: Some("\"t\"".to_owned()), media_type: None, bytes })
}

#[derive(Default)]
pub(crate) struct FakeReferences {
    loans: Mutex<Vec<(u64, String, Referenced)>>,
    /// While set, no position is known.
    pub(crate) rebuilding: Mutex<bool>,
}

impl FakeReferences {
    pub(crate) fn set(&self, loan: &str, referenced: Referenced) -> u64 {
        let mut loans = self.loans.lock();
        let position = loans.last().map_or(1, |(position, ..)| position + 1);
        loans.retain(|(_, name, _)| name != loan);
        loans.push((position, loan.to_owned(), referenced));
        position
    }

    pub(crate) fn refer(&self, loan: &str, references: &[String]) -> u64 {
        self.set(loan, Referenced::These(references.to_vec()))
    }
}

impl References for FakeReferences {
    fn position(&self) -> Option<u64> {
        let position = self.loans.lock().last().map_or(0, |(position, ..)| *position);
        (!*self.rebuilding.lock()).then_some(position)
    }

    fn changed(&self, after: u64, limit: usize) -> Result<Vec<(u64, String)>, String> {
        let loans = self.loans.lock();
        let changed = loans.iter().filter(|(position, ..)| *position > after).take(limit);
        Ok(changed.map(|(position, loan, _)| (*position, loan.clone())).collect())
    }

    fn of_loan(&self, loan: &str) -> Result<Referenced, String> {
        let loans = self.loans.lock();
        Ok(loans.iter().find(|(_, name, _)| name == loan).map_or(Referenced::Gone, |(.., these)| these.clone()))
    }

    fn is_referenced(&self, digest: &Digest) -> Result<Option<bool>, String> {
        let name = hex::encode(digest);
        let holds = |referenced: &Referenced| matches!(referenced, Referenced::These(these) if these.iter().any(|json| json.contains(&name)));
        Ok(Some(self.loans.lock().iter().any(|(.., referenced)| holds(referenced))))
    }
}

/// Finds what is told.
#[derive(Default)]
pub(crate) struct FakeScanner(pub(crate) Mutex<VecDeque<Result<Verdict, String>>>);

impl Scanner for FakeScanner {
    fn scan<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<Verdict, String>> {
        assert!(file.exists());
        let verdict = self.0.lock().pop_front().unwrap_or(Ok(Verdict::Clean));
        async move { verdict }.boxed()
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// A reference; its authority is the host.
pub(crate) fn json(digest: &Digest, size: Option<u64>, url: &str) -> String {
    let host = url.split('/').nth(2).unwrap_or_default();
    serde_json::json!({
        "sha256": hex::encode(digest), "sizeBytes": size, "mediaType": "text/plain", "fileName": host,
        "fetch": {"kind": "URL", "url": url},
    })
    .to_string()
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..30_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited in vain: {what}");
}
