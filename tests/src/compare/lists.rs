//! The lists of loans: order, pages, totals.

use std::collections::BTreeSet;

use super::{Report, segment};
use crate::fold::{Answer, Fold};
use crate::harness::{Client, Failure};
use crate::json::Json;

/// Compares the whole list by pages, with and without the deleted ones, and the list of every status.
pub async fn lists(fold: &Fold, client: &Client) -> Result<Report, Failure> {
    let mut report = Report::default();
    let all = fold.loan_requests(false);
    walk(&mut report, client, "", &all).await?;
    walk(&mut report, client, "&includeDeleted=true", &fold.loan_requests(true)).await?;
    let statuses: BTreeSet<&str> = all.iter().filter_map(|loan| loan.text("status")).collect();
    for status in statuses {
        let of_status: Vec<Json> = all.iter().filter(|loan| loan.text("status") == Some(status)).cloned().collect();
        walk(&mut report, client, &format!("&status={}", segment(status)), &of_status).await?;
    }
    Ok(report)
}

/// Every page of a list, by cursor; all pages together must be `want`, and every total its length.
async fn walk(report: &mut Report, client: &Client, filter: &str, want: &[Json]) -> Result<(), Failure> {
    let (mut got, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/loan-requests?limit=97{filter}{cursor}");
        let reply = client.get(&path).await?;
        if !reply.status.is_success() {
            return Err(format!("{path}: {} {}", reply.status, reply.text()).into());
        }
        let body = reply.json()?;
        let pagination = body.get("pagination").cloned().unwrap_or(Json::Null);
        let total = pagination.number("total");
        report.check(total == Some(want.len() as u64), || format!("{path}: total {total:?}, not {}", want.len()));
        got.extend(body.get("loanRequests").map_or(&[][..], Json::elements).iter().cloned());
        let more = pagination.get("hasMore") == Some(&Json::Bool(true));
        match pagination.text("nextCursor").filter(|_| got.len() <= want.len()) {
            Some(next) => {
                report.check(more, || format!("{path}: a cursor, but hasMore is false"));
                cursor = format!("&cursor={}", segment(next));
            }
            None => break report.check(!more, || format!("{path}: hasMore, but no cursor")),
        }
    }
    let (got, want) = (Answer::Body(Json::List(got)), Answer::Body(Json::List(want.to_vec())));
    report.check(got == want, || format!("/loan-requests {filter}: {}", super::difference(&got, &want)));
    Ok(())
}
