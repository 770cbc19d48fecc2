//! The points of a loan's history: when its events happened, from its audit log.

use continuity_auth::{Scope, Session};
use form_urlencoded::byte_serialize;

use crate::json::plain;
use crate::pages::loans::point::to_the_second;
use crate::pages::loans::shell::{may, own, path};
use crate::visit::Visit;

/// Entries of one answer, and answers at most: reads are entries, too.
const LIMIT: usize = 200;
const ANSWERS: usize = 3;

/// The newest points.
#[derive(Default)]
pub(super) struct Points {
    /// Newest first.
    pub(super) list: Vec<Point>,
    /// There are older ones, which are not in the list.
    pub(super) more: bool,
    /// The person may not read the audit log, in which they stand.
    pub(super) is_closed: bool,
}

/// When something happened.
pub(super) struct Point {
    /// As addresses have it.
    pub(super) value: String,
    pub(super) shown: String,
    pub(super) what: String,
    pub(super) is_from: bool,
    pub(super) is_to: bool,
    /// The loan as it was then.
    pub(super) then: String,
    /// What changed since.
    pub(super) since: String,
}

/// The points, of which some are chosen.
pub(super) async fn of(visit: &Visit, session: &Session, id: &str, chosen: [Option<&str>; 2]) -> Points {
    if !may(session, &[Scope::AuditRead]) {
        return Points { is_closed: true, ..Points::default() };
    }
    let mut points = Points::default();
    let mut cursor = String::new();
    for _ in 0..ANSWERS {
        let address = format!("{}?limit={LIMIT}{cursor}", path(id, "/audit-log", None));
        let Ok(told) = visit.told(session, &address).await else {
            points.more = true;
            return points;
        };
        for entry in told.node().list().iter().filter(|entry| entry.at("origin").raw() == "CLOUD") {
            points.take(visit, id, entry.at("occurredAt").raw(), entry.at("action").raw(), chosen);
        }
        let next = told.header("x-next-cursor");
        points.more = !next.is_empty();
        if next.is_empty() || points.list.len() >= LIMIT {
            break;
        }
        cursor = format!("&cursor={}", byte_serialize(next.as_bytes()).collect::<String>());
    }
    points
}

impl Points {
    /// What happened at one time is one point.
    fn take(&mut self, visit: &Visit, id: &str, at: &str, action: &str, [from, to]: [Option<&str>; 2]) {
        let t = visit.texts();
        let action = plain(&t.loans.action(action));
        if let Some(last) = self.list.last_mut().filter(|last| last.value == at) {
            if !last.what.contains(&action) {
                last.what = format!("{}, {action}", last.what);
            }
            return;
        }
        let encoded: String = byte_serialize(at.as_bytes()).collect();
        self.list.push(Point {
            value: at.to_owned(),
            shown: to_the_second(t, &plain(at)),
            what: action,
            is_from: from == Some(at),
            is_to: to == Some(at),
            then: own(id, "", Some(at)),
            since: format!("{}?from={encoded}", own(id, "changes", None)),
        });
    }
}
