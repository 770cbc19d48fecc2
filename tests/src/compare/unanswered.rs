//! In which channels a client waits for an answer, over all loans.

use super::{Report, segment};
use crate::fold::{Answer, Fold, Folded};
use crate::harness::{Client, Failure};
use crate::instant;
use crate::json::Json;

const ENDED: [&str; 5] = ["CLOSED", "REJECTED", "WITHDRAWN", "EXPIRED", "CANCELLED"];

/// Compares the whole list by pages: which channels, in which order, since which message.
pub async fn unanswered(fold: &Fold, client: &Client) -> Result<Report, Failure> {
    let (mut report, mut got, mut cursor) = (Report::default(), Vec::new(), String::new());
    let want = expected(fold);
    loop {
        let path = format!("/api/v1/unanswered-messages?limit=97{cursor}");
        let reply = client.get(&path).await?;
        if !reply.status.is_success() {
            return Err(format!("{path}: {} {}", reply.status, reply.text()).into());
        }
        let body = reply.json()?;
        got.extend(body.get("unansweredMessages").map_or(&[][..], Json::elements).iter().map(told));
        let next = body.get("pagination").and_then(|pagination| pagination.text("nextCursor"));
        let Some(next) = next.filter(|_| got.len() <= want.len()) else { break };
        cursor = format!("&cursor={}", segment(next));
    }
    let (got, want) = (Answer::Body(Json::List(got)), Answer::Body(Json::List(want)));
    report.check(got == want, || format!("/unanswered-messages: {}", super::difference(&got, &want)));
    Ok(report)
}

/// What is compared of an entry.
fn told(entry: &Json) -> Json {
    let channel = entry.get("channel").and_then(|channel| channel.get("id"));
    let of = |value: Option<&Json>| value.cloned().unwrap_or(Json::Null);
    let message = entry.get("message");
    Json::List(vec![
        of(entry.get("loanRequestId")),
        of(entry.get("guildId")),
        of(channel),
        of(entry.get("waitingSince")),
        of(message.and_then(|message| message.get("id"))),
        of(message.and_then(|message| message.get("author"))),
    ])
}

fn expected(fold: &Fold) -> Vec<Json> {
    let mut rows = Vec::new();
    for id in fold.loan_ids() {
        let Some(folded) = fold.loan(id).filter(goes_on) else { continue };
        for (guild, channel) in folded.channels() {
            let Answer::Body(body) = folded.channel(&guild, &channel) else { continue };
            let Some(message) = first_unanswered(&body) else { continue };
            let since = message.text("postedAt").and_then(instant::parse);
            let of = |name: &str| message.get(name).cloned().unwrap_or(Json::Null);
            let ids = [id, &guild, &channel].map(Json::string);
            let row = Json::List([&ids[..], &[of("postedAt"), of("id"), of("author")]].concat());
            rows.push(((since, id.to_owned(), channel), row));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn goes_on(loan: &Folded<'_>) -> bool {
    let Answer::Body(loan) = loan.loan_request() else { return false };
    let is_there = loan.get("deletedAt").is_none_or(|at| *at == Json::Null);
    is_there && !loan.text("status").is_some_and(|status| ENDED.contains(&status))
}

/// The first message of a client that nobody wrote anything behind.
fn first_unanswered(channel: &Json) -> Option<&Json> {
    let mut first = None;
    for message in channel.get("messages").map_or(&[][..], Json::elements) {
        let author = message.get("author").filter(|_| message.get("deletedAt").is_none_or(|at| *at == Json::Null));
        let word = |name| author.and_then(|author| author.text(name)).unwrap_or_default().to_ascii_lowercase();
        match (word("type").as_str(), word("role").as_str()) {
            ("system" | "api_client", _) | ("", "") => {}
            ("client", _) | (_, "client") => first = first.or(Some(message)),
            _ => first = None,
        }
    }
    first
}
