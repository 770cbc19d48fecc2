//! A row of the table: a rule by its section, what is sent, and what has to come.

use std::collections::BTreeMap;

use continuity_tests::harness::{Failure, Reply};
use serde_json::Value;

use crate::stage::{Sent, Stage};

/// What stands for words in braces.
pub(crate) type Words = BTreeMap<&'static str, String>;

pub(crate) struct Row {
    /// Of which document, e.g. `RFC 6749 5.2`; `house` is what this server promises beside them.
    pub(crate) section: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) sent: Sent,
    /// The status, and the error code where there is one: of the body, else of the challenge, else of the address that
    /// it leads to.
    pub(crate) comes: &'static str,
    /// `Name: part` of a header that there is; `!Name` of one that there is not; `=member value` of a JSON body,
    /// `=member` for one with whatever value, `!=member` for one that is absent; `*text` in the body, `!*text` not in it.
    pub(crate) with: Vec<&'static str>,
}

pub(crate) const NO_STORE: &str = "cache-control: no-store";
pub(crate) const CHALLENGE: &str = "www-authenticate: Basic realm=";
pub(crate) const NO_CHALLENGE: &str = "!www-authenticate";
pub(crate) const JSON: &str = "content-type: application/json";

pub(crate) fn row(
    section: &'static str,
    rule: &'static str,
    sent: Sent,
    comes: &'static str,
    with: &[&'static str],
) -> Row {
    Row { section, rule, sent, comes, with: with.to_vec() }
}

impl Row {
    /// Sends it; what is wrong with what came.
    pub(crate) async fn wrong(&self, stage: &Stage, words: &Words) -> Result<Vec<String>, Failure> {
        let Sent { method, path, headers, body } = &self.sent;
        let sent = Sent {
            method: method.clone(),
            path: filled(path, words),
            headers: headers.iter().map(|(name, value)| (*name, filled(value, words))).collect(),
            body: filled(body, words),
        };
        let reply = stage.send(&sent).await?;
        let came = format!("{} {}", reply.status.as_u16(), error(&reply));
        let mut wrong = Vec::new();
        if came.trim_end() != self.comes {
            wrong.push(format!("came {came}, not {}", self.comes));
        }
        wrong.extend(self.with.iter().filter(|with| !has(&reply, &filled(with, words))).map(|with| (*with).to_owned()));
        let said: String = reply.text().chars().take(300).collect();
        let (section, rule, asked) = (self.section, self.rule, format!("{method} {path}"));
        let about = |wrong| format!("{section}, {rule}: {wrong}: {asked} was answered {:?} {said}", reply.headers);
        Ok(wrong.into_iter().map(about).collect())
    }
}

fn filled(text: &str, words: &Words) -> String {
    words.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The error code that a reply says.
fn error(reply: &Reply) -> String {
    if let Ok(body) = serde_json::from_slice::<Value>(&reply.bytes)
        && let Some(error) = body["error"].as_str()
    {
        return error.to_owned();
    }
    let in_challenge = reply.header("www-authenticate").split_once("error=\"").map(|(_, rest)| rest);
    let in_address = reply.header("location").split_once("error=").map(|(_, rest)| rest);
    in_challenge.or(in_address).and_then(|rest| rest.split(['"', '&']).next()).unwrap_or_default().to_owned()
}

fn has(reply: &Reply, wanted: &str) -> bool {
    let body = || serde_json::from_slice::<Value>(&reply.bytes).unwrap_or_default();
    if let Some(name) = wanted.strip_prefix("!=") {
        return body().get(name).is_none();
    }
    if let Some(text) = wanted.strip_prefix("!*") {
        return !reply.text().contains(text);
    }
    if let Some(name) = wanted.strip_prefix('!') {
        return !reply.headers.contains_key(name);
    }
    if let Some(text) = wanted.strip_prefix('*') {
        return reply.text().contains(text);
    }
    if let Some(member) = wanted.strip_prefix('=') {
        let (name, value) = member.split_once(' ').unwrap_or((member, ""));
        let body = body();
        let found = body.get(name).map(|found| found.as_str().map_or_else(|| found.to_string(), str::to_owned));
        return found.is_some_and(|found| value.is_empty() || found == value);
    }
    let (name, value) = wanted.split_once(": ").unwrap_or((wanted, ""));
    reply.headers.get_all(name).iter().any(|found| found.to_str().is_ok_and(|found| found.contains(value)))
}

/// What is asked of replies is seen where it is, and missed where it is not.
#[test]
fn rows_see_what_came() {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("www-authenticate", "Bearer realm=\"x\", error=\"invalid_token\"".parse().unwrap());
    let bytes = br#"{"active":false,"scope":"a b"}"#.to_vec();
    let mut reply = Reply { status: reqwest::StatusCode::UNAUTHORIZED, headers, bytes };
    assert_eq!(error(&reply), "invalid_token");
    for there in
        ["www-authenticate: Bearer", "!location", "=active false", "=scope a b", "=scope", "!=exp", "*active", "!*x"]
    {
        assert!(has(&reply, there), "{there}");
    }
    for missing in
        ["www-authenticate: Basic", "location: x", "!www-authenticate", "=active true", "!=scope", "*true", "!*a b"]
    {
        assert!(!has(&reply, missing), "{missing}");
    }
    reply.bytes = br#"{"error":"invalid_client"}"#.to_vec();
    assert_eq!(error(&reply), "invalid_client");
    reply.bytes.clear();
    reply.headers.clear();
    reply.headers.insert("location", "https://app.example/cb?error=access_denied&iss=x".parse().unwrap());
    assert_eq!(error(&reply), "access_denied");
}
