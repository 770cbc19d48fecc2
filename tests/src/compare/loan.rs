//! Every endpoint of one loan.

use super::{Clients, Report, segment};
use crate::fold::{Answer, Fold, Folded, Forms};
use crate::harness::{Client, Failure};
use crate::json::Json;

/// Compares every endpoint of a loan. The audit log is read first: reading sensitive data adds to it.
pub async fn loan(fold: &Fold, clients: &Clients, id: &str) -> Result<Report, Failure> {
    let Some(folded) = fold.loan(id) else { return Err(format!("no event named {id}").into()) };
    let (mut report, base) = (Report::default(), format!("/api/v1/loan-requests/{}", segment(id)));
    audit_log(&mut report, &folded, &clients.all, &format!("{base}/audit-log")).await?;
    let answers = [
        ("", folded.loan_request()),
        ("/bid-requests", folded.bid_requests()),
        ("/tasks", folded.tasks(Forms::Shown)),
        ("/analysis", folded.plain("analysis")),
        ("/documents", folded.plain("document")),
        ("/spaces/", folded.plain("space")),
        ("/guilds", folded.guilds()),
        ("/comments", folded.plain("comment")),
        ("/views/", folded.plain("view")),
        ("/worksheets", folded.worksheets()),
    ];
    for (tail, want) in answers {
        let path = format!("{base}{tail}");
        report.answer(&path, &clients.all.get(&path).await?, &want);
    }
    let path = format!("{base}/tasks");
    report.answer(&path, &clients.loans_only.get(&path).await?, &folded.tasks(Forms::Hidden));
    tasks(&mut report, &folded, &clients.all, &base).await?;
    details(&mut report, &folded, &clients.all, &base).await?;
    documents(&mut report, &folded, &clients.all, &base).await?;
    complete(&mut report, &folded, &clients.all, &base).await?;
    Ok(report)
}

/// Derived entries are objects of the replica's own making, so the order of their members is free.
async fn audit_log(report: &mut Report, folded: &Folded<'_>, client: &Client, path: &str) -> Result<(), Failure> {
    let reply = client.get(path).await?;
    let want = match folded.audit_log() {
        Answer::Body(Json::List(entries)) => entries,
        other => {
            report.answer(path, &reply, &other);
            return Ok(());
        }
    };
    let own = |entry: &&Json| entry.text("origin") != Some("REPLICA");
    let got: Vec<Json> = reply.json()?.elements().iter().filter(own).map(Json::sorted).collect();
    let (got, want) = (Json::List(got), Json::List(want.iter().map(Json::sorted).collect()));
    let agrees = reply.status.is_success() && got == want;
    report.check(agrees, || format!("{path}: {}", super::difference(&Answer::Body(got), &Answer::Body(want))));
    Ok(())
}

async fn tasks(report: &mut Report, folded: &Folded<'_>, client: &Client, base: &str) -> Result<(), Failure> {
    for task in folded.ids("task").iter().chain(&folded.gone("task")) {
        let path = format!("{base}/tasks/{}", segment(task));
        let want = folded.task(task);
        report.answer(&path, &client.get(&path).await?, &want);
        let Answer::Body(body) = want else { continue };
        if client.asks_of_the_past() {
            continue; // Files are as they are now: bytes that nothing refers to any more may be gone.
        }
        for item in body.get("items").map_or(&[][..], Json::elements).iter().take(1) {
            let (Some(item_id), Some(sha256)) = (item.text("id"), item.text("sha256")) else { continue };
            let path = format!("{path}/items/{}/download", segment(item_id));
            report.bytes(&path, &client.get(&path).await?, sha256);
        }
    }
    Ok(())
}

async fn details(report: &mut Report, folded: &Folded<'_>, client: &Client, base: &str) -> Result<(), Failure> {
    for space in folded.ids("space").iter().chain(&folded.gone("space")) {
        let path = format!("{base}/spaces/{}/documents/", segment(space));
        report.answer(&path, &client.get(&path).await?, &folded.documents_of(space));
    }
    for (guild, channel) in folded.channels() {
        let path = format!("{base}/guilds/{}/channels/{}", segment(&guild), segment(&channel));
        report.answer(&path, &client.get(&path).await?, &folded.channel(&guild, &channel));
    }
    for worksheet in folded.ids("worksheet").iter().chain(&folded.gone("worksheet")) {
        let path = format!("{base}/worksheets/{}", segment(worksheet));
        report.answer(&path, &client.get(&path).await?, &folded.worksheet(worksheet));
    }
    Ok(())
}

async fn documents(report: &mut Report, folded: &Folded<'_>, client: &Client, base: &str) -> Result<(), Failure> {
    let most = if client.asks_of_the_past() { 0 } else { 2 };
    for document in folded.ids("document").iter().take(most) {
        let path = format!("{base}/documents/{}/download", segment(document));
        let state = folded.entity("document", document);
        let (Some(sha256), Some(Json::Object(_))) =
            (state.and_then(|s| s.text("sha256")), state.and_then(|s| s.get("blob")))
        else {
            continue;
        };
        report.bytes(&path, &client.get(&path).await?, sha256);
    }
    Ok(())
}

/// `X-Replica-Complete: false` says so on what is not complete, and on nothing else.
async fn complete(report: &mut Report, folded: &Folded<'_>, client: &Client, base: &str) -> Result<(), Failure> {
    let reply = client.get(base).await?;
    if reply.status.is_success() {
        let marked = reply.header("x-replica-complete") == "false";
        report.check(marked != folded.is_complete(), || format!("{base}: marked incomplete: {marked}"));
    }
    Ok(())
}
