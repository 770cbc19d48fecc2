//! Walks in every order while loans come and change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use continuity_tests::compare::segment;
use continuity_tests::harness::{Client, Failure};

use super::clients::{LIST, Seen, Walk, walk};

const STABLE: [&str; 4] = [
    "sortBy=createdAt&sortOrder=ASC",
    "sortBy=createdAt&sortOrder=DESC",
    "sortBy=reference&sortOrder=ASC",
    "sortBy=reference&sortOrder=DESC",
];
const CHANGING: [&str; 6] = [
    "sortBy=updatedAt&sortOrder=DESC",
    "sortBy=status&sortOrder=ASC",
    "sortBy=updatedAt&sortOrder=ASC",
    "sortBy=statusChangedAt&sortOrder=DESC",
    "sortBy=requestedAmount&sortOrder=ASC",
    "sortBy=position&sortOrder=DESC",
];

/// How often each loan came.
fn counted(walk: &Walk) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    walk.rows.iter().for_each(|(loan, _)| *counts.entry(loan.as_str()).or_default() += 1);
    counts
}

/// By what never changes, every loan that was there throughout comes exactly once, and none twice.
pub(super) async fn stable(client: Client, done: Arc<AtomicBool>) -> Result<Seen, Failure> {
    let (mut known, mut seen) = (BTreeSet::new(), Seen::default());
    for order in STABLE.iter().cycle() {
        let last = done.load(Ordering::SeqCst);
        let walked = walk(&client, &format!("{order}&includeDeleted=true&limit=11")).await?;
        let counts = counted(&walked);
        if let Some((loan, count)) = counts.iter().find(|(_, count)| **count > 1) {
            panic!("{order}: {loan} came {count} times");
        }
        let missed: Vec<&String> = known.iter().filter(|loan: &&String| !counts.contains_key(loan.as_str())).collect();
        for loan in missed {
            assert!(is_gone(&client, loan).await?, "{order}: {loan} was there throughout, and did not come");
        }
        seen.walks += 1;
        seen.walked += walked.rows.len();
        seen.checked += known.len();
        known = counts.keys().map(|loan| (*loan).to_owned()).collect();
        if last {
            break;
        }
    }
    Ok(seen)
}

/// By what changes, every loan that did not change meanwhile comes exactly once.
pub(super) async fn changing(client: Client, done: Arc<AtomicBool>) -> Result<Seen, Failure> {
    let (mut known, mut seen) = (BTreeSet::new(), Seen::default());
    for order in CHANGING.iter().cycle() {
        let last = done.load(Ordering::SeqCst);
        let before = walk(&client, "limit=200&sortOrder=DESC&includeDeleted=true").await?;
        known.extend(before.rows.into_iter().map(|(loan, _)| loan));
        let walked = walk(&client, &format!("{order}&includeDeleted=true&limit=11")).await?;
        let since =
            format!("changedSince={}&sortBy=position&sortOrder=ASC&includeDeleted=true&limit=200", walked.position);
        let changed: BTreeSet<String> = walk(&client, &since).await?.rows.into_iter().map(|(loan, _)| loan).collect();
        let counts = counted(&walked);
        let mut gone = BTreeSet::new();
        for loan in known.iter().filter(|loan: &&String| !changed.contains(*loan)) {
            let count = counts.get(loan.as_str()).copied().unwrap_or_default();
            if count != 1 && is_gone(&client, loan).await? {
                gone.insert(loan.clone());
                continue;
            }
            assert_eq!(count, 1, "{order}: {loan} did not change, and came {count} times");
            seen.checked += 1;
        }
        seen.walks += 1;
        seen.walked += walked.rows.len();
        seen.changed += changed.len();
        known.retain(|loan| !gone.contains(loan));
        if last {
            break;
        }
    }
    Ok(seen)
}

/// Whether the loan was purged.
async fn is_gone(client: &Client, loan: &str) -> Result<bool, Failure> {
    Ok(client.get(&format!("{LIST}/{}", segment(loan))).await?.status.as_u16() == 410)
}
