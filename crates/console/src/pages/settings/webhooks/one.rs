//! `/console/settings/webhooks/{id}`: one subscription: how it is, what was given up, and sending again.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{Line, PATH, Subscription, line};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::orders::{Order, WebhookAgain, sentence};
use crate::pages::operations::shell::{fine, may, refused, wrong};
use crate::pages::operations::{OPERATORS, WATCHERS, done, sees_all_loans};
use crate::pages::trouble;
use crate::reply::Answer;
use crate::texts::fill;
use crate::visit::{Posted, Visit};
use crate::when::When;

/// How many of those given up are shown.
const MANY: u64 = 50;

#[derive(Template)]
#[template(path = "settings/webhook.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    done: Option<String>,
    may: bool,
    line: Line,
    dead: Vec<Dead>,
    range: [String; 2],
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Letter {
    given_up_at: String,
    message_id: String,
    #[serde(rename = "type")]
    kind: String,
    loan_request_id: Option<String>,
    attempts: u64,
    reason: String,
}

/// A message that was given up.
struct Dead {
    at: When,
    id: String,
    kind: String,
    loan: String,
    attempts: u64,
    reason: String,
}

/// What stands on the page beside the subscription.
struct Said {
    wrong: (StatusCode, Faults),
    done: Option<String>,
    range: [String; 2],
}

impl From<(StatusCode, Faults)> for Said {
    fn from(wrong: (StatusCode, Faults)) -> Self {
        Self { wrong, done: None, range: Default::default() }
    }
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    let done = visit.texts().operations.done(visit.query().get("done")).map(str::to_owned);
    Ok(render(&visit, session, &id, Said { done, ..fine().into() }).await)
}

/// A subscription of that id; what is answered where there is none, or it is not known.
async fn find(visit: &Visit, session: &Session, id: &str) -> Option<Subscription> {
    let all = visit.learn::<Vec<Subscription>>(session, Order::Webhooks).await.ok()?;
    all.into_iter().find(|one| one.id == id)
}

async fn render(visit: &Visit, session: &Session, id: &str, said: Said) -> Response {
    let t = visit.texts();
    let Some(subscription) = find(visit, session, id).await else { return trouble::gone(visit) };
    let order = Order::WebhookDead { subscription: id.to_owned(), limit: MANY };
    let letters = visit.learn::<Vec<Letter>>(session, order).await.unwrap_or_default();
    let names = sees_all_loans(&session.account);
    let dead = |letter: Letter| Dead {
        at: When::read(t, &letter.given_up_at),
        id: letter.message_id,
        kind: letter.kind,
        loan: letter.loan_request_id.filter(|_| names).unwrap_or_default(),
        attempts: letter.attempts,
        reason: letter.reason,
    };
    let Said { wrong: (status, faults), done, range } = said;
    let page = Page {
        frame: visit.frame(&*subscription.id).with_faults(!faults.is_empty()),
        faults,
        done,
        may: may(session),
        line: line(t, subscription),
        dead: letters.into_iter().map(dead).collect(),
        range,
    };
    visit.page_of(status, &page, None)
}

/// Sends a ping, and shows what came of it.
pub(crate) async fn test(Path(id): Path<String>, Posted { visit, .. }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    match visit.give(session, Order::WebhookTest { subscription: id.clone() }).await {
        Ok(told) => {
            let tested = visit.texts().operations.tested;
            let done = Some(fill(tested, &[&id, &outcome(&told)]));
            Ok(render(&visit, session, &id, Said { done, ..fine().into() }).await)
        }
        Err(error) => Ok(render(&visit, session, &id, refused(&error).into()).await),
    }
}

/// What came of a message, with the status of the answer and what else is known.
fn outcome(told: &Value) -> String {
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let status = told["status"].as_u64().map(|status| status.to_string());
    [text("outcome"), status, text("detail")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(crate) async fn enable(Path(id): Path<String>, Posted { visit, .. }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    match visit.give(session, Order::WebhookEnable { subscription: id.clone() }).await {
        Ok(_) => Ok(done(&format!("{PATH}/{id}"), "enabled")),
        Err(error) => Ok(render(&visit, session, &id, refused(&error).into()).await),
    }
}

/// Sends once more: one that was given up, all of them, or a range of the log.
pub(crate) async fn replay(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let range = ["from", "to"].map(|name| fields.get(name).trim().to_owned());
    let again = match (fields.given("message"), range.each_ref().map(|position| position.parse().ok())) {
        (Some(message), _) => WebhookAgain::Message(message.to_owned()),
        (None, [Some(from), Some(to)]) if from <= to => WebhookAgain::Range { from, to },
        (None, [None, None]) if range.iter().all(String::is_empty) => WebhookAgain::Dead,
        (None, _) => {
            let wrong = wrong("from", visit.texts().operations.bad_range);
            return Ok(render(&visit, session, &id, Said { range, ..wrong.into() }).await);
        }
    };
    match visit.give(session, Order::WebhookReplay { subscription: id.clone(), again }).await {
        Ok(told) => Ok(done(&format!("{PATH}/{id}"), if told["count"] == 0 { "nothing" } else { "replayed" })),
        Err(error) => {
            let said = Said { range, ..(StatusCode::CONFLICT, Faults::whole(sentence(&error))).into() };
            Ok(render(&visit, session, &id, said).await)
        }
    }
}
