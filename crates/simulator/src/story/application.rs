//! From the first click to the application: the loan request itself, its people, property and collaterals.

use super::{bids, closing, documents, reports, talk, tasks};
use crate::json::{Json, object};
use crate::names::{EMPLOYERS, LOCALITIES, OCCUPATIONS, PRODUCTS, PURPOSES, Product, STREETS};
use crate::scene::Scene;

/// The loan request is always the first entity of its loan.
pub(crate) const LOAN: usize = 0;

/// The first step of a loan: it is created, and everything else is planned.
pub(crate) fn begin(s: &mut Scene<'_>, _: usize) {
    let product = &PRODUCTS[s.loan.random.index(PRODUCTS.len())];
    let state = loan_request(s, product);
    let id = s.loan.id.clone();
    s.create("LoanRequestCreated", "loanRequest", id, vec![], state);
    talk::open_guild(s, LOAN);
    documents::open_spaces(s, LOAN);
    if s.percent(40) {
        s.later(0, 2, add_participant, LOAN);
    }
    s.later(0, 6, set_property, LOAN);
    s.later(1, 10, add_collateral, LOAN);
    s.later(0, 12, change_details, LOAN);
    s.later(4, 48, submit, LOAN);
    if s.percent(6) {
        s.later(1, 400, delete, LOAN);
    }
    if s.percent(5) {
        s.later(60, 600, surprise, LOAN);
    }
    if s.percent(8) {
        s.later(50, 500, correct, LOAN);
    }
}

fn loan_request(s: &mut Scene<'_>, product: &Product) -> Json {
    let amount = s.loan.random.between(product.amounts.0, product.amounts.1);
    let term = s.pick(product.terms);
    let own = amount / s.loan.random.between(5, 12);
    let first = participant(s, "PRIMARY_APPLICANT");
    let year = s.time[..4].to_owned();
    let version = s.loan.random.between(1, 9);
    let purpose = s.pick(PURPOSES);
    let branch = s.pick(&["retail", "branch-north", "private", "Kummerċjali"]);
    object! {
        "id" => &s.loan.id, "reference" => format!("{}-{year}-{:06}", &product.code[..2], s.loan.number + 1),
        "status" => "DRAFT", "stage" => "Application",
        "product" => object! { "id" => format!("prd_{}", product.code.to_lowercase()), "code" => product.code, "name" => product.name, "version" => version },
        "purpose" => purpose, "borrowerCategory" => "CATEGORY_I", "currency" => product.currency,
        "requestedAmount" => money(amount, product.decimals), "ownContribution" => money(own, product.decimals),
        "termMonths" => term, "participants" => vec![first], "collaterals" => vec![], "team" => branch, "assignedAgent" => Json::Null,
        "checklist" => checklist(), "tags" => vec!["new".into()], "createdAt" => &s.time, "updatedAt" => &s.time, "statusChangedAt" => &s.time,
    }
}

/// A decimal string with the currency's minor digits.
pub(crate) fn money(amount: u64, decimals: u32) -> String {
    match decimals {
        0 => amount.to_string(),
        2 => format!("{amount}.00"),
        _ => format!("{amount}.000"),
    }
}

fn checklist() -> Json {
    let item = |key: &'static str, label: &'static str, stage: &'static str| {
        object! { "key" => key, "label" => label, "stage" => stage, "required" => true }
    };
    Json::List(vec![
        item("kycComplete", "Know your customer", "Application"),
        item("incomeVerified", "Income verified – proof seen", "Bidding"),
        item("valuationReceived", "Valuation received", "Approval"),
        item("deedDraft", "Draft of the deed", "Pre-Closing"),
    ])
}

fn participant(s: &mut Scene<'_>, role: &'static str) -> Json {
    let (given, family) = s.person();
    let id = s.id("par");
    let (employer, occupation) = (s.pick(EMPLOYERS), s.pick(OCCUPATIONS));
    let income = s.loan.random.between(14_000, 95_000);
    let (day, number) = (s.loan.random.below(28) + 1, s.loan.random.below(9_000_000));
    object! {
        "id" => &id, "role" => role, "kind" => "PERSON", "givenName" => given, "familyName" => family,
        "displayName" => format!("{given} {family}"), "email" => format!("{id}@example.test"),
        "phone" => format!("+000 {number:07}"), "dateOfBirth" => format!("19{}-0{}-{day:02}", 60 + day, 1 + day % 9),
        "taxNumber" => format!("TX{number:07}"),
        "employment" => vec![object! { "employer" => employer, "occupation" => occupation,
            "grossAnnualIncome" => object! { "amount" => format!("{income}.50"), "currency" => "EUR" } }],
        "joinedAt" => &s.time,
    }
}

fn add_participant(s: &mut Scene<'_>, _: usize) {
    let role = s.pick(&["CO_APPLICANT", "GUARANTOR", "NOTARY", "ARCHITECT"]);
    let person = participant(s, role);
    s.change("ParticipantAdded", LOAN, |loan| loan.list("participants").push(person));
    s.later(2, 80, change_participant, LOAN);
    if s.percent(25) {
        s.later(90, 200, remove_participant, LOAN);
    }
}

fn change_participant(s: &mut Scene<'_>, _: usize) {
    let number = s.loan.random.below(9_000_000);
    let at = s.time.clone();
    s.change("ParticipantChanged", LOAN, |loan| {
        if let Some(person) = loan.list("participants").first_mut() {
            person.set("phone", format!("+000 {number:07}"));
            person.set("kycStatus", "PASSED");
            person.set("kycAt", at);
        }
    });
}

fn remove_participant(s: &mut Scene<'_>, _: usize) {
    s.change("ParticipantRemoved", LOAN, |loan| {
        loan.list("participants").pop();
    });
}

fn set_property(s: &mut Scene<'_>, _: usize) {
    let kind = s.pick(&["APARTMENT", "MAISONETTE", "HOUSE", "LAND", "COMMERCIAL"]);
    let (street, locality) = (s.pick(STREETS), s.pick(LOCALITIES));
    let (house, price) = (s.loan.random.between(1, 240), s.loan.random.between(90_000, 900_000));
    let id = s.id("prop");
    s.change("PropertyChanged", LOAN, |loan| {
        loan.set("property", object! {
            "id" => id, "type" => kind, "address" => object! { "line1" => format!("{house} {street}"), "locality" => locality, "country" => "XM" },
            "purchasePrice" => format!("{price}.00"), "valuations" => vec![],
        });
    });
    s.later(60, 300, record_valuation, LOAN);
}

fn record_valuation(s: &mut Scene<'_>, _: usize) {
    let (id, value) = (s.id("val"), s.loan.random.between(80_000, 950_000));
    let date = s.date(0);
    s.change("ValuationRecorded", LOAN, |loan| {
        let Some(mut property) = loan.get("property").cloned() else { return };
        property
            .list("valuations")
            .push(object! { "valuerId" => id, "date" => date, "value" => format!("{value}.00") });
        loan.set("property", property);
    });
}

fn add_collateral(s: &mut Scene<'_>, _: usize) {
    let kind = s.pick(&["HYPOTHEC", "PLEDGE", "GUARANTEE", "LIFE_POLICY", "CASH"]);
    let (id, value) = (s.id("col"), s.loan.random.between(5_000, 600_000));
    s.change("CollateralAdded", LOAN, |loan| {
        let currency = loan.get("currency").cloned().unwrap_or(Json::Null);
        loan.list("collaterals").push(object! { "id" => id, "type" => kind, "value" => format!("{value}.00"), "currency" => currency, "priority" => 1_i64 });
    });
    if s.percent(30) {
        s.later(100, 600, release_collateral, LOAN);
    }
}

fn release_collateral(s: &mut Scene<'_>, _: usize) {
    let at = s.time.clone();
    s.change("CollateralReleased", LOAN, |loan| {
        if let Some(collateral) = loan.list("collaterals").first_mut() {
            collateral.set("releasedAt", at);
        }
    });
}

fn change_details(s: &mut Scene<'_>, _: usize) {
    let (term, tag) = (s.pick(&[24_u64, 60, 240, 300]), s.pick(&["urgent", "first-home", "staff", "ħidma"]));
    s.change("LoanRequestDetailsChanged", LOAN, |loan| {
        loan.set("termMonths", term);
        loan.list("tags").push(tag.into());
    });
    if s.percent(35) {
        s.later(10, 300, change_details, LOAN);
    }
}

fn submit(s: &mut Scene<'_>, _: usize) {
    if s.status(LOAN) != "DRAFT" {
        return;
    }
    let at = s.time.clone();
    s.change("LoanRequestSubmitted", LOAN, |loan| {
        loan.set("status", "APPLICATION");
        loan.set("statusChangedAt", &at);
        loan.set("submittedAt", at);
    });
    s.later(0, 20, assign, LOAN);
    s.later(1, 40, complete_checklist_item, 0);
    for _ in 0..s.loan.random.between(2, 4) {
        s.later(1, 60, tasks::assign, LOAN);
    }
    reports::plan(s);
    documents::plan(s);
    talk::plan(s);
    s.later(30, 110, bids::open_bidding, LOAN);
    closing::plan_exits(s);
}

fn assign(s: &mut Scene<'_>, _: usize) {
    let agent = s.staff("bankLoanAgent");
    s.change("LoanRequestAssigned", LOAN, |loan| loan.set("assignedAgent", agent));
    if s.percent(15) {
        s.later(40, 200, assign, LOAN);
    }
}

fn complete_checklist_item(s: &mut Scene<'_>, item: usize) {
    let at = s.time.clone();
    s.change("ChecklistItemCompleted", LOAN, |loan| {
        if let Some(entry) = loan.list("checklist").get_mut(item) {
            entry.set("completedAt", at);
        }
    });
    if s.percent(10) {
        s.later(2, 30, reopen_checklist_item, item);
    } else if item < 3 {
        s.later(24, 140, complete_checklist_item, item + 1);
    }
}

fn reopen_checklist_item(s: &mut Scene<'_>, item: usize) {
    s.change("ChecklistItemReopened", LOAN, |loan| {
        if let Some(entry) = loan.list("checklist").get_mut(item) {
            entry.remove("completedAt");
        }
    });
    s.later(2, 30, complete_checklist_item, item);
}

fn delete(s: &mut Scene<'_>, _: usize) {
    let at = s.time.clone();
    s.change("LoanRequestDeleted", LOAN, |loan| loan.set("deletedAt", at));
}

fn correct(s: &mut Scene<'_>, _: usize) {
    let entity = s.loan.random.index(s.loan.entities.len());
    if s.loan.entities[entity].kind == "auditEntry" {
        return;
    }
    s.correct(entity, |state| {
        state.set("corrected", true);
    });
}

/// What a later platform may send: an entity and an event name that no catalogue has yet.
fn surprise(s: &mut Scene<'_>, _: usize) {
    if s.percent(50) {
        let id = s.id("pol");
        let state = object! { "id" => &id, "name" => "Home insurance", "insurer" => "Salt & Sail Mutual", "premium" => Json::raw("12.50") };
        s.create("InsurancePolicyLinked", "insurancePolicy", id, vec![], state);
    } else {
        s.change("LoanRequestScored", LOAN, |loan| loan.set("score", Json::raw("7.250e1")));
    }
}
