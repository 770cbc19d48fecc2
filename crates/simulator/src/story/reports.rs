//! What the platform computes: analysis, views, worksheets; and what it writes into the audit log itself.

use crate::json::{Json, object};
use crate::scene::Scene;

/// Plans the computed results of an application.
pub(crate) fn plan(s: &mut Scene<'_>) {
    for _ in 0..s.loan.random.between(1, 4) {
        s.later(1, 300, request_analysis, 0);
    }
    for order in 1..=s.loan.random.between(1, 3) {
        let order = usize::try_from(order).unwrap_or(1);
        s.later(5, 200, open_view, order);
    }
    if s.percent(60) {
        s.later(5, 200, open_worksheet, 0);
    }
    if s.percent(40) {
        s.later(5, 300, record_audit, 0);
    }
}

fn request_analysis(s: &mut Scene<'_>, _: usize) {
    let id = s.id("ana");
    let kind = s.pick(&["AFFORDABILITY", "CREDIT", "COLLATERAL", "COMPLIANCE", "AUTOMATED_ASSESSMENT", "CUSTOM"]);
    let participant = s.percent(40);
    let mut state = object! {
        "id" => &id, "type" => kind, "scope" => if participant { "PARTICIPANT" } else { "LOAN_REQUEST" }, "status" => "PENDING",
        "runAt" => &s.time, "formula" => object! { "id" => "frm_dsti", "name" => "DSTI – stressed", "version" => 3_i64, "system" => true },
        "inputs" => vec![object! { "variable" => "netIncome", "value" => Json::raw("3120.50") }],
    };
    if participant {
        state.set("participantId", s.id("par"));
    }
    let analysis = s.create("AnalysisRequested", "analysis", id, vec![], state);
    s.later(0, 3, finish_analysis, analysis);
}

fn finish_analysis(s: &mut Scene<'_>, analysis: usize) {
    if s.percent(12) {
        s.change("AnalysisFailed", analysis, |state| {
            state.set("status", "FAILED");
            state.set("error", "INPUT_MISSING: netIncome");
        });
        return;
    }
    let value = s.loan.random.between(900, 9_900);
    let literal = format!("{}.{:02}", value / 100, value % 100);
    let outcome = s.pick(&["PASS", "WARN", "FAIL"]);
    s.change("AnalysisCompleted", analysis, |state| {
        state.set("status", "COMPLETED");
        state.set("result", object! { "value" => Json::raw(&literal), "unit" => "PERCENT" });
        state.list("thresholds").push(object! { "rule" => "DSTI_O", "limit" => "40.00", "outcome" => outcome });
        state.set("outcome", outcome);
    });
    match s.loan.random.below(10) {
        0..=1 => s.later(20, 200, supersede_analysis, analysis),
        2 => s.later(20, 200, override_analysis, analysis),
        _ => {}
    }
}

fn supersede_analysis(s: &mut Scene<'_>, analysis: usize) {
    s.change("AnalysisSuperseded", analysis, |state| state.set("status", "SUPERSEDED"));
    request_analysis(s, 0);
}

fn override_analysis(s: &mut Scene<'_>, analysis: usize) {
    let by = s.staff("bankApprover");
    s.change("AnalysisOverridden", analysis, |state| {
        state.set("outcome", "PASS");
        state.set("overriddenBy", by);
    });
}

fn open_view(s: &mut Scene<'_>, order: usize) {
    let id = s.id("viw");
    let name = s.pick(&["Credit memo", "Legal summary", "Sommarju", "Client one-pager"]);
    let state = object! {
        "id" => &id, "order" => order, "definition" => object! { "id" => format!("vdf_{order}"), "name" => name, "version" => 2_i64 },
        "status" => "processing", "generatedAt" => &s.time, "sections" => vec![],
    };
    let view = s.create("ViewMaterialisationStarted", "view", id, vec![], state);
    if !s.percent(8) {
        s.later(0, 2, finish_view, view);
    }
}

fn finish_view(s: &mut Scene<'_>, view: usize) {
    let at = s.time.clone();
    if s.percent(15) {
        s.change("ViewMaterialisationFailed", view, |state| {
            state.set("status", "failed");
            state.set("error", object! { "code" => "TEMPLATE", "detail" => "no value for {{netIncome}}" });
        });
    } else {
        let amount = Json::raw(&format!("{}.10", s.loan.random.between(1_000, 90_000)));
        let label = s.pick(&["Amount", "Ammont", "金額"]);
        s.change("ViewMaterialised", view, |state| {
            state.set("status", "completed");
            state.set("generatedAt", at);
            state.set("sections", vec![object! { "title" => "Figures", "fields" => vec![
                object! { "label" => label, "value" => amount, "valueType" => "MONEY", "source" => "task" },
                object! { "label" => "Complete?", "value" => true, "valueType" => "BOOLEAN", "source" => "checklist" },
            ] }]);
            state.remove("error");
        });
    }
    match s.loan.random.below(10) {
        0..=2 => s.later(20, 200, restart_view, view),
        3 => s.later(20, 200, withdraw_view, view),
        _ => {}
    }
}

fn restart_view(s: &mut Scene<'_>, view: usize) {
    s.change("ViewMaterialisationStarted", view, |state| state.set("status", "processing"));
    s.later(0, 2, finish_view, view);
}

fn withdraw_view(s: &mut Scene<'_>, view: usize) {
    s.remove("ViewWithdrawn", view);
}

fn cell(reference: String, value: &str) -> Json {
    object! { "ref" => reference, "value" => Json::raw(value), "valueType" => "NUMBER" }
}

fn open_worksheet(s: &mut Scene<'_>, _: usize) {
    let id = s.id("wks");
    let cells = (1..=s.loan.random.between(3, 12)).map(|row| cell(format!("A{row}"), "0.00")).collect::<Vec<_>>();
    let name = s.pick(&["Affordability", "Cash flow 2026", "Ħlasijiet"]);
    let state = object! {
        "id" => &id, "name" => name, "status" => "DRAFT", "createdAt" => &s.time, "updatedAt" => &s.time,
        "sheets" => vec![object! { "name" => "Sheet 1", "cells" => cells }, object! { "name" => "Notes", "cells" => vec![] }],
        "summary" => object! { "total" => Json::raw("0.00"), "rows" => 0_i64 },
    };
    let worksheet = s.create("WorksheetCreated", "worksheet", id, vec![], state);
    s.later(1, 30, change_cells, worksheet);
}

fn change_cells(s: &mut Scene<'_>, worksheet: usize) {
    let literal = s.pick(&["1.10", "1e2", "250000.000", "0.1e-3", "99"]);
    let row = s.loan.random.index(12);
    s.change_as("WorksheetCellsChanged", worksheet, 95, |state| {
        if let Some(sheet) = state.list("sheets").first_mut() {
            let cells = sheet.list("cells");
            match cells.get_mut(row) {
                Some(cell) => cell.set("value", Json::raw(literal)),
                None => cells.push(cell(format!("B{row}"), literal)),
            }
        }
    });
    match s.loan.random.below(10) {
        0..=5 => s.later(0, 20, change_cells, worksheet),
        6..=7 => s.later(0, 2, recalculate, worksheet),
        8 => s.later(1, 40, lock, worksheet),
        _ => s.later(20, 200, delete_worksheet, worksheet),
    }
}

fn recalculate(s: &mut Scene<'_>, worksheet: usize) {
    let total = s.loan.random.between(100, 900_000);
    s.change_as("WorksheetRecalculated", worksheet, 80, |state| {
        state.set("summary", object! { "total" => Json::raw(&format!("{total}.70")), "rows" => 12_i64 });
    });
    if s.percent(50) {
        s.later(1, 40, lock, worksheet);
    }
}

fn lock(s: &mut Scene<'_>, worksheet: usize) {
    s.change("WorksheetLocked", worksheet, |state| state.set("status", "LOCKED"));
    if s.percent(50) {
        s.later(5, 100, unlock, worksheet);
    }
}

fn unlock(s: &mut Scene<'_>, worksheet: usize) {
    s.change("WorksheetUnlocked", worksheet, |state| state.set("status", "DRAFT"));
    s.later(1, 30, change_cells, worksheet);
}

fn delete_worksheet(s: &mut Scene<'_>, worksheet: usize) {
    s.remove("WorksheetDeleted", worksheet);
}

fn record_audit(s: &mut Scene<'_>, _: usize) {
    let id = s.id("aud");
    let actor = s.staff("bankLoanAgent");
    let on = s.loan.random.index(s.loan.entities.len());
    let target = object! { "type" => "TASK", "id" => &s.loan.entities[on].id, "label" => "Sensitive task" };
    let state = object! {
        "id" => &id, "occurredAt" => &s.time, "action" => "VIEWED_SENSITIVE_TASK_DATA", "actor" => actor, "target" => target, "origin" => "CLOUD",
    };
    s.create("AuditEntryRecorded", "auditEntry", id, vec![], state);
}
