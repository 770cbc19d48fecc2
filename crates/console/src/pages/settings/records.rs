//! `/console/settings/records`: the control log, the newest first.

use askama::Template;
use continuity_auth::{Auth, AuthError, ControlRecordAt};

use super::AUDITORS;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/settings/records";

/// How many stand on a page.
const MANY: u64 = 50;

#[derive(Template)]
#[template(path = "settings/records.html")]
struct Page {
    frame: Frame,
    lines: Vec<Line>,
    newer: Option<String>,
    older: Option<String>,
}

struct Line {
    when: When,
    who: String,
    what: String,
    /// To which account, client, key or loan, as people know it.
    subject: String,
    about: String,
    from: String,
    replica: Option<String>,
    why: String,
}

/// Some records, and whether there are others before and behind them.
struct Part {
    records: Vec<ControlRecordAt>,
    newer: Option<String>,
    older: Option<String>,
}

/// The records before that position, or the last ones.
fn part(auth: &Auth, before: Option<u64>) -> Result<Part, AuthError> {
    let end = auth.control_log().head().position.saturating_add(1);
    let before = before.map_or(end, |before| before.clamp(1, end));
    let after = (before - 1).saturating_sub(MANY);
    let limit = usize::try_from(before - 1 - after).unwrap_or_default();
    let mut records = auth.control_records(after, limit)?;
    records.reverse();
    let next = before.saturating_add(MANY);
    let newer = if next < end { format!("{PATH}?before={next}") } else { PATH.to_owned() };
    Ok(Part {
        records,
        newer: (before < end).then_some(newer),
        older: (after > 0).then(|| format!("{PATH}?before={}", after + 1)),
    })
}

fn line(t: &Texts, auth: &Auth, ControlRecordAt { at, record, .. }: ControlRecordAt) -> Line {
    Line {
        when: When::new(t, at),
        who: record.actor,
        what: t.administration.change(record.change).to_owned(),
        subject: known(auth, record.subject),
        about: record.about,
        from: record.address.unwrap_or_default(),
        replica: record.replica.map(|replica| fill(t.administration.on_replica, &[&replica])),
        why: record.reason.unwrap_or_default(),
    }
}

/// What a record is about, as people know it: an account by its address, a client by its name as well.
fn known(auth: &Auth, subject: String) -> String {
    if let Ok(account) = auth.account(&subject) {
        return account.settings.email;
    }
    match auth.client(&subject) {
        Some(client) => format!("{} ({subject})", client.settings.name),
        None => subject,
    }
}

pub(crate) async fn list(visit: Visit) -> Answer {
    visit.with_role(AUDITORS)?;
    let (t, auth) = (visit.texts(), &visit.console.auth);
    let before = visit.query().get("before").parse().ok();
    let part = auth.off_thread(move |auth| part(auth, before)).await;
    let Part { records, newer, older } = part.map_err(|error| trouble::failed(&visit, &error.into()))?;
    let page = Page {
        frame: visit.frame(t.administration.records),
        lines: records.into_iter().map(|record| line(t, auth, record)).collect(),
        newer,
        older,
    };
    Ok(visit.page(&page))
}
