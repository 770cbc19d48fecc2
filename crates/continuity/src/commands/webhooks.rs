//! `continuity webhooks list`, `deliveries`, `dead`, `replay`, `test` and `enable`.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::cli::{OnData, Replayed, WebhookId, WebhookRows, Webhooks};
use crate::control::{Command, WebhookOrder};
use crate::output;

/// Shows how webhooks are, or has some sent.
pub(crate) fn run(command: Webhooks) -> Result<()> {
    match command {
        Webhooks::List(on) => list(&on),
        Webhooks::Deliveries(rows) => {
            let columns =
                ["at", "subscription", "type", "loanRequestId", "position", "attempt", "outcome", "status", "detail"];
            let WebhookRows { on, subscription, limit } = rows;
            table(&on, WebhookOrder::Deliveries { subscription, limit }, &columns)
        }
        Webhooks::Dead(rows) => {
            let columns = ["givenUpAt", "subscription", "messageId", "type", "loanRequestId", "attempts", "reason"];
            let WebhookRows { on, subscription, limit } = rows;
            table(&on, WebhookOrder::Dead { subscription, limit }, &columns)
        }
        Webhooks::Replay(order) => replay(order),
        Webhooks::Test(WebhookId { on, subscription }) => test(&on, subscription),
        Webhooks::Enable(WebhookId { on, subscription }) => {
            let told = asked(&on, WebhookOrder::Enable { subscription })?;
            if on.json { output::json(&told) } else { output::text("it goes on with what it was not told yet") }
        }
    }
}

fn asked(on: &OnData, order: WebhookOrder) -> Result<Value> {
    super::on_data(on, &Command::Webhook { order }, &mut |_| {})
}

fn list(on: &OnData) -> Result<()> {
    let subscriptions = asked(on, WebhookOrder::List)?;
    if on.json {
        return output::json(&subscriptions);
    }
    let columns =
        ["id", "target", "state", "position", "backlogPositions", "delivered", "deadLetters", "lastDeliveredAt"];
    let header = ["id", "target", "state", "position", "behind", "delivered", "dead", "last delivery"];
    let all = || subscriptions.as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = all().map(|row| cells(row, &columns)).collect();
    let mut text = output::table(&header, &rows);
    for subscription in all() {
        let id = output::cell(subscription, "id");
        let retrying = &subscription["retrying"];
        if !retrying.is_null() {
            let [attempts, next, reason] = ["attempts", "nextAt", "reason"].map(|name| output::cell(retrying, name));
            text = format!("{text}\n{id}: {attempts} attempts in vain, the next at {next}: {reason}");
        }
        if !subscription["disabledAt"].is_null() {
            text = format!("{text}\n{id}: its receiver answered 410; `webhooks enable {id}` goes on");
        }
    }
    output::text(&text)
}

fn table(on: &OnData, order: WebhookOrder, columns: &[&str]) -> Result<()> {
    let found = asked(on, order)?;
    if on.json {
        return output::json(&found);
    }
    let rows: Vec<Vec<String>> = found.as_array().into_iter().flatten().map(|row| cells(row, columns)).collect();
    output::text(&output::table(columns, &rows))
}

fn replay(order: Replayed) -> Result<()> {
    let Replayed { of: WebhookId { on, subscription }, dead: _, message, from, to } = order;
    let range = from.zip(to);
    let dead = range.is_none();
    let told = asked(&on, WebhookOrder::Replay { subscription, message, range })?;
    if on.json {
        return output::json(&told);
    }
    let count = output::cell(&told, "count");
    let what = if dead { "dead letters" } else { "log positions" };
    output::text(&format!("{count} {what} are sent again; `webhooks deliveries` shows what comes of them"))
}

fn test(on: &OnData, subscription: String) -> Result<()> {
    let made = asked(on, WebhookOrder::Test { subscription })?;
    let arrived = made["outcome"] == "delivered";
    let [status, took, detail] = ["status", "milliseconds", "detail"].map(|name| output::cell(&made, name));
    if on.json {
        output::json(&made)?;
    } else if arrived {
        output::text(&format!("the ping arrived: {status} after {took} ms"))?;
    }
    if arrived { Ok(()) } else { bail!("the ping did not arrive: {detail}") }
}

fn cells(row: &Value, columns: &[&str]) -> Vec<String> {
    columns.iter().map(|name| output::cell(row, name)).collect()
}
