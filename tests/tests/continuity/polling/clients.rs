//! A client that keeps a mirror by polling alone, and what all clients here share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use continuity_tests::compare::segment;
use continuity_tests::harness::{Client, Failure, Reply};
use continuity_tests::json::Json;

pub(super) const LIST: &str = "/api/v1/loan-requests";

/// What the clients of a run did, so that nobody takes an idle hour for a proof.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Polls, and rows in them.
    pub(super) polls: usize,
    pub(super) polled: usize,
    /// Walks, and rows in them.
    pub(super) walks: usize,
    pub(super) walked: usize,
    /// Rows that had to come exactly once, and loans that changed meanwhile.
    pub(super) checked: usize,
    pub(super) changed: usize,
    /// Loans that were purged, snapshots that came, and gaps that stayed.
    pub(super) purged: usize,
    pub(super) snapshots: f64,
    pub(super) gaps: f64,
}

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        self.polls += other.polls;
        self.polled += other.polled;
        self.walks += other.walks;
        self.walked += other.walked;
        self.checked += other.checked;
        self.changed += other.changed;
        self.purged += other.purged;
        self.snapshots += other.snapshots;
        self.gaps += other.gaps;
    }

    /// Fails unless something happened that could have gone wrong.
    pub(super) fn is_worth_something(&self) {
        assert!(self.polls > 20 && self.polled > 200, "{self}");
        assert!(self.walks > 10 && self.checked > 200 && self.changed > 50, "{self}");
        assert!(self.purged > 0 && self.snapshots > 0.0 && self.gaps > 0.0, "{self}");
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} polls gave {} rows; {} walks gave {} rows, {} of them had to come exactly once; \
             {} loans changed meanwhile; {} purged, {:.0} snapshots, {:.0} gaps that stayed",
            self.polls,
            self.polled,
            self.walks,
            self.walked,
            self.checked,
            self.changed,
            self.purged,
            self.snapshots,
            self.gaps
        )
    }
}

/// All pages of a list, in order.
pub(super) struct Walk {
    pub(super) rows: Vec<(String, Json)>,
    /// The replica's position at the first page.
    pub(super) position: u64,
}

/// Walks to the end by cursor.
pub(super) async fn walk(client: &Client, query: &str) -> Result<Walk, Failure> {
    let (mut rows, mut cursor, mut first) = (Vec::new(), String::new(), None);
    loop {
        let reply = client.get(&format!("{LIST}?{query}{cursor}")).await?;
        assert!(reply.status.is_success(), "{query}: {} {}", reply.status, reply.text());
        first = first.or(Some(position(&reply)?));
        let body = reply.json()?;
        for row in body.get("loanRequests").map_or(&[][..], Json::elements) {
            rows.push((row.text("id").ok_or("a row without id")?.to_owned(), row.clone()));
        }
        match body.get("pagination").and_then(|pagination| pagination.text("nextCursor")) {
            Some(next) => cursor = format!("&cursor={}", segment(next)),
            None => return Ok(Walk { rows, position: first.unwrap_or_default() }),
        }
    }
}

/// The log position that a reply comes from.
pub(super) fn position(reply: &Reply) -> Result<u64, Failure> {
    Ok(reply.header("x-replica-position").parse()?)
}

/// Polls as the documentation of `changedSince` says, until `done` and once more; what it then knows.
pub(super) async fn mirror(
    client: Client,
    limit: usize,
    done: Arc<AtomicBool>,
) -> Result<(BTreeMap<String, Json>, Seen), Failure> {
    let (mut mirror, mut since, mut seen) = (BTreeMap::new(), 0, Seen::default());
    loop {
        let last = done.load(Ordering::SeqCst);
        let query = format!("changedSince={since}&sortBy=position&sortOrder=ASC&includeDeleted=true&limit={limit}");
        let poll = walk(&client, &query).await?;
        assert!(poll.position >= since, "the position went back");
        since = poll.position;
        seen.polls += 1;
        seen.polled += poll.rows.len();
        mirror.extend(poll.rows);
        if last {
            return Ok((mirror, seen));
        }
        // A poller's pace, not a wait for anything.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every loan that the replica has.
pub(super) async fn every_loan(client: &Client) -> Result<BTreeMap<String, Json>, Failure> {
    let walk = walk(client, "includeDeleted=true&limit=200").await?;
    let count = walk.rows.len();
    let loans: BTreeMap<_, _> = walk.rows.into_iter().collect();
    assert_eq!(loans.len(), count, "a loan came twice");
    Ok(loans)
}

/// The loans that `GET /api/v1/replica/completeness` names as purged.
pub(super) async fn completeness(client: &Client) -> Result<Vec<String>, Failure> {
    let (mut purged, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = client.get(&format!("/api/v1/replica/completeness?limit=100{cursor}")).await?;
        assert!(reply.status.is_success(), "{} {}", reply.status, reply.text());
        let body = reply.json()?;
        let named = body.get("purged").map_or(&[][..], Json::elements).iter();
        purged.extend(named.filter_map(|loan| loan.text("loanRequestId")).map(str::to_owned));
        match body.get("pagination").and_then(|pagination| pagination.text("nextCursor")) {
            Some(next) => cursor = format!("&cursor={}", segment(next)),
            None => return Ok(purged),
        }
    }
}
