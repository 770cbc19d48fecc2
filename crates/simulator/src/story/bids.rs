//! Bid requests, and the bank's quotes with their approvals and revisions.

use super::application::LOAN;
use super::closing;
use crate::json::{Json, object};
use crate::scene::Scene;

/// The bank opens the bidding.
pub(crate) fn open_bidding(s: &mut Scene<'_>, _: usize) {
    if s.status(LOAN) != "APPLICATION" {
        return;
    }
    let at = s.time.clone();
    s.change("LoanRequestStatusChanged", LOAN, |loan| {
        loan.set("status", "BID");
        loan.set("stage", "Bidding");
        loan.set("statusChangedAt", at);
    });
    request(s, LOAN);
    if s.percent(35) {
        s.later(1, 40, request, LOAN);
    }
}

fn request(s: &mut Scene<'_>, _: usize) {
    if s.status(LOAN) != "BID" {
        return;
    }
    let id = s.id("bidr");
    let (amount, currency, term) = terms(s);
    let state = object! {
        "id" => &id, "loanRequestId" => &s.loan.id, "status" => "OPEN", "requestedAt" => &s.time, "requestedAmount" => amount,
        "currency" => currency, "termMonths" => term, "respondBy" => s.date(14),
    };
    let bid = s.create("BidRequested", "bidRequest", id, vec![], state);
    match s.loan.random.below(100) {
        0..=5 => s.later(5, 100, withdraw_request, bid),
        6..=11 => s.later(200, 400, expire_request, bid),
        _ => s.later(4, 40, draft, bid),
    }
}

fn terms(s: &Scene<'_>) -> (Json, Json, Json) {
    let member = |name: &str| s.state(LOAN).and_then(|loan| loan.get(name)).cloned().unwrap_or(Json::Null);
    (member("requestedAmount"), member("currency"), member("termMonths"))
}

fn set_status(s: &mut Scene<'_>, name: &str, entity: usize, status: &'static str) {
    let at = s.time.clone();
    s.change(name, entity, |state| {
        state.set("status", status);
        state.set("statusChangedAt", at);
    });
}

fn withdraw_request(s: &mut Scene<'_>, bid: usize) {
    set_status(s, "BidRequestWithdrawn", bid, "WITHDRAWN");
    if s.percent(20) {
        s.remove("BidRequestWithdrawn", bid);
    }
}

fn expire_request(s: &mut Scene<'_>, bid: usize) {
    set_status(s, "BidRequestExpired", bid, "EXPIRED");
    s.later(1, 10, request, LOAN);
}

fn draft(s: &mut Scene<'_>, bid: usize) {
    let id = s.id("bidq");
    let quotes =
        s.loan.entities.iter().filter(|e| e.kind == "bidQuote" && e.parent[0].1 == s.loan.entities[bid].id).count();
    let (amount, currency, term) = terms(s);
    let (rate, margin) = (s.loan.random.between(90, 480), s.loan.random.between(50, 250));
    let state = object! {
        "id" => &id, "revision" => quotes + 1, "status" => "DRAFT", "principalAmount" => amount, "currency" => currency, "termMonths" => term,
        "frequency" => "MONTHLY", "daysInMonth" => 30_i64, "daysInYear" => 360_i64,
        "periods" => vec![
            object! { "order" => 1_i64, "type" => "FIXED", "months" => 36_i64, "rate" => percent_points(rate) },
            object! { "order" => 2_i64, "type" => "VARIABLE", "months" => 204_i64, "baseRateCode" => "BASE", "margin" => percent_points(margin) },
        ],
        "charges" => vec![object! { "code" => "PROC", "type" => "FIXED", "timeType" => "DISBURSEMENT", "amount" => "500.00", "waived" => false }],
        "monthlyPayment" => format!("{}.{:02}", rate * 3, margin % 100), "ltv" => percent_points(margin * 31), "dsti" => percent_points(rate * 7),
        "validUntil" => s.date(30), "approvals" => vec![], "draftedAt" => &s.time,
    };
    let parent = vec![("bidRequestId", s.loan.entities[bid].id.clone())];
    let quote = s.create("BidQuoteDrafted", "bidQuote", id, parent, state);
    s.later(2, 20, ask_approval, quote);
}

/// 160 as `1.60`.
fn percent_points(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn ask_approval(s: &mut Scene<'_>, quote: usize) {
    let approver = s.staff("bankApprover");
    s.change("ApprovalRequested", quote, |state| {
        state.set("status", "PENDING_APPROVAL");
        let layer = state.list("approvals").len() + 1;
        state.list("approvals").push(object! { "workflow" => "BID_REQUEST_TO_BID_QUOTE", "layer" => layer, "approver" => approver, "decision" => "PENDING" });
    });
    s.later(2, 40, decide, quote);
}

fn decide(s: &mut Scene<'_>, quote: usize) {
    let granted = !s.percent(20);
    let (name, decision) = if granted { ("ApprovalGranted", "APPROVED") } else { ("ApprovalRefused", "REJECTED") };
    let at = s.time.clone();
    s.change(name, quote, |state| {
        if let Some(approval) = state.list("approvals").last_mut() {
            approval.set("decision", decision);
            approval.set("decidedAt", at);
        }
        if !granted {
            state.set("status", "DRAFT");
        }
    });
    s.later(1, 20, if granted { publish } else { revise }, quote);
}

fn revise(s: &mut Scene<'_>, quote: usize) {
    let rate = s.loan.random.between(80, 400);
    s.change("BidQuoteRevised", quote, |state| {
        let revision = match state.get("revision") {
            Some(Json::Int(revision)) => *revision,
            _ => 0,
        };
        state.set("revision", revision + 1);
        state.set("monthlyPayment", percent_points(rate * 300));
        if let Some(period) = state.list("periods").first_mut() {
            period.set("rate", percent_points(rate));
        }
    });
    s.later(1, 20, ask_approval, quote);
}

fn request_of(s: &Scene<'_>, quote: usize) -> Option<usize> {
    let id = &s.loan.entities[quote].parent[0].1;
    s.loan.entities.iter().position(|e| e.kind == "bidRequest" && e.id == *id)
}

fn publish(s: &mut Scene<'_>, quote: usize) {
    let Some(bid) = request_of(s, quote) else { return };
    set_status(s, "BidQuotePublished", quote, "PUBLISHED");
    set_status(s, "BidQuotePublished", bid, "QUOTED");
    match s.loan.random.below(100) {
        0..=64 => s.later(10, 90, accept, quote),
        65..=76 => s.later(10, 90, decline, quote),
        77..=82 => s.later(90, 200, expire, quote),
        83..=88 => s.later(5, 50, withdraw, quote),
        _ => s.later(5, 40, supersede, quote),
    }
}

fn accept(s: &mut Scene<'_>, quote: usize) {
    let Some(bid) = request_of(s, quote) else { return };
    if s.status(LOAN) != "BID" {
        return decline(s, quote);
    }
    set_status(s, "BidQuoteAccepted", quote, "ACCEPTED");
    set_status(s, "BidQuoteAccepted", bid, "ACCEPTED");
    closing::request_sanction(s, quote);
}

fn another(s: &mut Scene<'_>, quote: usize) {
    if let Some(bid) = request_of(s, quote).filter(|_| s.status(LOAN) == "BID") {
        s.later(2, 30, draft, bid);
    }
}

fn decline(s: &mut Scene<'_>, quote: usize) {
    set_status(s, "BidQuoteDeclined", quote, "DECLINED");
    if let Some(bid) = request_of(s, quote).filter(|_| s.percent(40)) {
        set_status(s, "BidQuoteDeclined", bid, "DECLINED");
        return s.later(1, 10, request, LOAN);
    }
    another(s, quote);
}

fn expire(s: &mut Scene<'_>, quote: usize) {
    set_status(s, "BidQuoteExpired", quote, "EXPIRED");
    another(s, quote);
}

fn withdraw(s: &mut Scene<'_>, quote: usize) {
    set_status(s, "BidQuoteWithdrawn", quote, "WITHDRAWN");
    if s.percent(15) {
        s.remove("BidQuoteWithdrawn", quote);
    }
    another(s, quote);
}

fn supersede(s: &mut Scene<'_>, quote: usize) {
    set_status(s, "BidQuoteRevised", quote, "SUPERSEDED");
    another(s, quote);
}
