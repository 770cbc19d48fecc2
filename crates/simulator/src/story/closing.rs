//! From the accepted bid to the closed loan, and the ways out before it.

use super::application::LOAN;
use super::{documents, tasks};
use crate::json::{Json, object};
use crate::scene::Scene;

fn enter(s: &mut Scene<'_>, name: &str, status: &'static str, stage: &'static str, edit: impl FnOnce(&mut Json)) {
    let at = s.time.clone();
    s.change(name, LOAN, |loan| {
        let before = loan.text("status").to_owned();
        loan.set("previousStatus", before);
        loan.set("status", status);
        loan.set("stage", stage);
        loan.set("statusChangedAt", at);
        edit(loan);
    });
}

/// Whether the loan request is still on its way.
pub(crate) fn is_open(s: &Scene<'_>) -> bool {
    matches!(s.status(LOAN).as_str(), "APPLICATION" | "BID" | "SANCTION" | "PRE_DEED" | "DEED" | "POST_DEED")
}

/// Plans that a few loans leave the way early.
pub(crate) fn plan_exits(s: &mut Scene<'_>) {
    match s.loan.random.below(100) {
        0..=6 => s.later(60, 500, reject, LOAN),
        7..=13 => s.later(60, 500, withdraw, LOAN),
        14..=18 => s.later(200, 700, expire, LOAN),
        19..=20 => s.later(60, 300, cancel, LOAN),
        _ => {}
    }
}

fn leave(s: &mut Scene<'_>, name: &str, status: &'static str) {
    if !is_open(s) {
        return;
    }
    let at = s.time.clone();
    let reason =
        s.pick(&["DSTI above the limit", "Customer chose another bank", "No answer in time", "Ħsara fil-proprjetà"]);
    enter(s, name, status, "Completed", |loan| {
        loan.set("closedAt", at);
        loan.set("closeReason", reason);
    });
    if s.percent(30) {
        s.later(10, 200, reopen, LOAN);
    } else {
        plan_end(s);
    }
}

fn reject(s: &mut Scene<'_>, _: usize) {
    leave(s, "LoanRequestRejected", "REJECTED");
}

fn withdraw(s: &mut Scene<'_>, _: usize) {
    leave(s, "LoanRequestWithdrawn", "WITHDRAWN");
}

fn expire(s: &mut Scene<'_>, _: usize) {
    leave(s, "LoanRequestExpired", "EXPIRED");
}

fn cancel(s: &mut Scene<'_>, _: usize) {
    leave(s, "LoanRequestStatusChanged", "CANCELLED");
}

fn reopen(s: &mut Scene<'_>, _: usize) {
    enter(s, "LoanRequestReopened", "SANCTION", "Approval", |loan| {
        loan.remove("closedAt");
        loan.remove("closeReason");
    });
    s.later(20, 100, issue_letter, LOAN);
}

/// A bid was accepted: the bank asks itself for the sanction.
pub(crate) fn request_sanction(s: &mut Scene<'_>, bid: usize) {
    let (id, at) = (s.loan.entities[bid].id.clone(), s.time.clone());
    enter(s, "SanctionRequested", "SANCTION", "Approval", |loan| {
        loan.set("acceptedBidId", id);
        loan.set("sanction", object! { "requestedAt" => at });
    });
    s.later(24, 100, issue_letter, LOAN);
}

fn issue_letter(s: &mut Scene<'_>, _: usize) {
    if s.status(LOAN) != "SANCTION" {
        return;
    }
    let letter = documents::generate(s, "Sanction letter", "SANCTION_LETTER");
    let (id, at, until) = (s.loan.entities[letter].id.clone(), s.time.clone(), s.date(60));
    s.change("SanctionLetterIssued", LOAN, |loan| {
        set_in(loan, "sanction", vec![("issuedAt", at), ("letterDocumentId", id), ("expiresAt", until)]);
    });
    s.later(10, 90, accept_letter, letter);
}

fn set_in(loan: &mut Json, member: &'static str, values: Vec<(&'static str, String)>) {
    let mut inner = loan.get(member).cloned().unwrap_or_else(|| Json::Object(vec![]));
    for (name, value) in values {
        inner.set(name, value);
    }
    loan.set(member, inner);
}

fn accept_letter(s: &mut Scene<'_>, letter: usize) {
    if s.status(LOAN) != "SANCTION" {
        return;
    }
    let at = s.time.clone();
    enter(s, "SanctionLetterAccepted", "PRE_DEED", "Pre-Closing", |loan| {
        set_in(loan, "sanction", vec![("acceptedAt", at)]);
    });
    documents::sign(s, letter);
    s.later(1, 20, tasks::assign, LOAN);
    s.later(30, 120, schedule_deed, LOAN);
}

fn schedule_deed(s: &mut Scene<'_>, _: usize) {
    if s.status(LOAN) != "PRE_DEED" {
        return;
    }
    let (when, notary) = (s.in_hours(96), s.id("par"));
    enter(s, "DeedScheduled", "DEED", "Closing", |loan| {
        set_in(loan, "deed", vec![("scheduledAt", when), ("notaryId", notary)]);
    });
    s.later(70, 100, sign_deed, LOAN);
}

fn sign_deed(s: &mut Scene<'_>, _: usize) {
    if s.status(LOAN) != "DEED" {
        return;
    }
    let at = s.time.clone();
    enter(s, "DeedSigned", "POST_DEED", "Post-Closing", |loan| set_in(loan, "deed", vec![("signedAt", at)]));
    s.later(24, 120, close, LOAN);
}

fn close(s: &mut Scene<'_>, _: usize) {
    if s.status(LOAN) != "POST_DEED" {
        return;
    }
    let at = s.time.clone();
    enter(s, "LoanRequestClosed", "CLOSED", "Completed", |loan| {
        loan.set("closedAt", at);
        loan.set("closeReason", "DISBURSED");
    });
    plan_end(s);
}

fn plan_end(s: &mut Scene<'_>) {
    match s.loan.random.below(100) {
        0..=5 => s.later(30, 200, purge, LOAN),
        6..=9 => s.later(30, 200, soft_delete, LOAN),
        _ => {}
    }
}

fn soft_delete(s: &mut Scene<'_>, _: usize) {
    let at = s.time.clone();
    s.change("LoanRequestDeleted", LOAN, |loan| loan.set("deletedAt", at));
}

fn purge(s: &mut Scene<'_>, _: usize) {
    s.remove("LoanRequestPurged", LOAN);
    s.loan.purged = true;
}
