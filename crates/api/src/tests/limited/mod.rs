//! Clients that are limited to teams and kinds of channels: what lies outside is answered as what there is not, at every
//! endpoint of the table.

mod channels;
mod lists;
mod matrix;
mod replica;
mod stream;

use std::sync::LazyLock;

use continuity_auth::{ClientSettings, ScopeSet};

use super::harness::{Answer, Feed, Replica};

/// Beside the limited client: one that is limited to kinds of channels, and one to nothing.
struct Rig {
    replica: Replica,
    id: String,
    token: String,
}

/// Loans of the team `north`, in which the client is, of others, and of none; each with something at every endpoint.
fn feed() -> Feed {
    let mut feed = Feed::default();
    let loan = |n: u32, team: &str| {
        format!(
            "\"reference\":\"PE-{n}\",\"status\":\"BID\",\"createdAt\":\"2026-01-0{n}T00:00:00Z\",{team}\
             \"participants\":[{{\"displayName\":\"Anna Nowak\"}}]"
        )
    };
    feed.furnished("loan-a", &loan(1, "\"team\":\"north\","))
        .furnished("loan-b", &loan(2, "\"team\":\"south\","))
        .furnished("loan-c", &loan(3, ""))
        .loan("loan-d", &loan(4, "\"team\":{\"id\":\"north\"},"))
        .loan("loan-e", &loan(5, "\"team\":\"north\","))
        .loan("loan-f", &loan(6, "\"team\":\"south\",\"deletedAt\":\"2026-01-07T00:00:00Z\","))
        .loan("loan-g", &loan(7, "\"team\":\"north\",\"deletedAt\":\"2026-01-07T00:00:00Z\","))
        .loan("loan-h", &loan(8, "\"team\":\"north\","))
        .put("loan-h", "loanRequest", "loan-h", "", "null")
        // Of one team only for a while.
        .loan("loan-i", &loan(9, "\"team\":\"north\","))
        .loan("loan-i", &loan(9, "\"team\":\"south\","))
        .loan("loan-j", &loan(9, "\"team\":\"south\","))
        .loan("loan-j", &loan(9, "\"team\":\"north\","));
    feed
}

/// What the limited client sees, soft-deleted ones included.
const SEEN: [&str; 4] = ["loan-a", "loan-e", "loan-g", "loan-j"];
/// What it does not see.
const OUTSIDE: [&str; 6] = ["loan-b", "loan-c", "loan-d", "loan-f", "loan-h", "loan-i"];

impl Rig {
    fn new(feed: Feed, teams: &[&str], kinds: &[&str]) -> Self {
        let replica = Replica::of(feed);
        let (id, token) = replica.client(limited(teams, kinds));
        Self { replica, id, token }
    }

    async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [headers, &[("authorization", bearer.as_str()), REQUEST]].concat();
        self.replica.get_with("", path, &headers).await
    }

    /// As a client without limits.
    async fn everybody(&self, path: &str) -> Answer {
        self.replica.get_with("all", path, &[REQUEST]).await
    }
}

/// So that answers are of one length.
const REQUEST: (&str, &str) = ("x-request-id", "request");

fn limited(teams: &[&str], kinds: &[&str]) -> ClientSettings {
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let named = ClientSettings::named("limited", ScopeSet::all());
    ClientSettings { teams: texts(teams), channel_kinds: texts(kinds), ..named }
}

/// For tests that change nothing.
static NORTH: LazyLock<Rig> = LazyLock::new(|| Rig::new(feed(), &["north"], &[]));

/// All that an answer says, with `id` as every other id.
fn said(answer: &Answer, id: &str) -> String {
    let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    let mut headers: Vec<String> = headers.collect();
    headers.sort();
    format!("{}\n{}\n\n{}", answer.status, headers.join("\n"), answer.text()).replace(id, "ID")
}
