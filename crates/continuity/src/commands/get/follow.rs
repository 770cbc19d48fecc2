//! `continuity get changes`: the stream of changes, line by line, gone on with after every cut.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_base::{Clock, SystemClock};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::cell;
use super::options::Changes;
use super::session::{self, Session};
use super::sse::{Event, Reader};
use crate::output;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How a stream ended.
enum Ended {
    /// Everything was told that was asked for.
    Done,
    /// It goes on with another connection.
    Cut(String),
}

/// Prints changes until everything was told, or for good.
pub(super) async fn run(session: &mut Session, changes: &Changes, as_table: bool) -> Result<()> {
    let since = changes.since.map(|since| format!("&since={since}")).unwrap_or_default();
    let path = format!("/api/v1/changes?once={}{since}", !changes.follow);
    let mut listener = Listener { reader: Reader::default(), as_table, clock: SystemClock::new() };
    let mut wait = SHORTEST_WAIT;
    loop {
        let why = match listener.listen(session, &path).await {
            Ok(Ended::Done) => return Ok(()),
            Ok(Ended::Cut(why)) => {
                wait = SHORTEST_WAIT;
                why
            }
            Err(error) if changes.follow && session::may_pass(&error) => format!("{error:#}"),
            Err(error) => return Err(error),
        };
        output::note(&format!("{why}; listening again in {} s", wait.as_secs()));
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

struct Listener {
    reader: Reader,
    as_table: bool,
    clock: SystemClock,
}

impl Listener {
    async fn listen(&mut self, session: &mut Session, path: &str) -> Result<Ended> {
        let mut headers = HeaderMap::new();
        if let Some(id) = self.reader.id() {
            headers.insert(LAST_EVENT_ID, HeaderValue::from_str(id).context("the replica sent an id that is none")?);
        }
        self.reader.cut();
        let mut response = session.get(path, &headers).await?;
        while let Ok(Some(piece)) = response.chunk().await {
            if !self.reader.take(&piece) {
                bail!("the replica sent a line without an end");
            }
            while let Some(event) = self.reader.next() {
                if let Some(ended) = self.told(&event)? {
                    return Ok(ended);
                }
                if !output::is_heard() {
                    return Ok(Ended::Done);
                }
            }
        }
        Ok(Ended::Cut("the connection was cut".to_owned()))
    }

    /// Prints an event; how the stream ends with it, if it does.
    fn told(&self, event: &Event) -> Result<Option<Ended>> {
        if event.name == "change" && !self.as_table {
            output::text(&event.data)?;
            return Ok(None);
        }
        let data: Value = serde_json::from_str(&event.data).context("the replica sent an event that is no JSON")?;
        let text = |name: &str| cell::clean(data[name].as_str().unwrap_or_default());
        match event.name.as_str() {
            "change" => output::text(&self.line(&data))?,
            "state" if self.as_table || data["state"] != "live" => {
                output::note(&format!("the replica is {}", text("state")));
            }
            "end" if data["reason"] == "once" => return Ok(Some(Ended::Done)),
            "end" => return Ok(Some(Ended::Cut(text("detail")))),
            _ => {}
        }
        Ok(None)
    }

    fn line(&self, data: &Value) -> String {
        let now = self.clock.now().to_string();
        let mark = match (&data["purged"], &data["deleted"]) {
            (Value::Bool(true), _) => "  purged",
            (_, Value::Bool(true)) => "  deleted",
            _ => "",
        };
        let loan = cell::clean(data["loanRequestId"].as_str().unwrap_or_default());
        format!("{}  {:>10}  {loan}{mark}", now.get(11..19).unwrap_or_default(), data["position"].to_string())
    }
}
