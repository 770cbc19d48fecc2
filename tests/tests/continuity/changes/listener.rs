//! A listener as an integrator writes one: it reads a stream, keeps the last id, and goes on with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use continuity_tests::harness::{Client, Failure};
use continuity_tests::json::Json;
use reqwest::Response;

/// One event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<u64>,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn json(&self) -> Json {
        Json::parse(&self.data).unwrap_or(Json::Null)
    }
}

/// A connection, read event by event.
pub(crate) struct Stream {
    response: Response,
    bytes: Vec<u8>,
}

impl Stream {
    pub(crate) async fn open(client: &Client, query: &str, last: Option<u64>) -> Result<Self, Failure> {
        let id = last.map(|id| id.to_string());
        let headers: Vec<(&str, &str)> = id.iter().map(|id| ("last-event-id", id.as_str())).collect();
        let response = client.stream(&format!("/api/v1/changes{query}"), &headers).await?;
        let status = response.status();
        if status == 200 {
            Ok(Self { response, bytes: Vec::new() })
        } else {
            Err(format!("answered with {status}").into())
        }
    }

    /// The next event; `None` at a clean end, an error when the connection was cut.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
                let event = parse(std::str::from_utf8(&block)?)?;
                if !event.data.is_empty() {
                    return Ok(Some(event));
                }
                continue;
            }
            let piece = tokio::time::timeout(Duration::from_secs(30), self.response.chunk()).await;
            match piece.map_err(|_| "not even a heartbeat came")?? {
                Some(piece) => self.bytes.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }

    /// Reads on to an event of that name.
    pub(crate) async fn until(&mut self, name: &str) -> Result<Event, Failure> {
        while let Some(event) = self.next().await? {
            if event.name == name {
                return Ok(event);
            }
        }
        Err(format!("it ended without an event {name}").into())
    }
}

fn parse(block: &str) -> Result<Event, Failure> {
    let mut event = Event::default();
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => name.clone_into(&mut event.name),
            Some(("id", id)) => event.id = Some(id.parse()?),
            Some(("data", data)) => data.clone_into(&mut event.data),
            _ => {}
        }
    }
    Ok(event)
}

/// What a listener knows.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The last id that it acted on.
    pub(crate) last: u64,
    /// Each loan with the position that was told last.
    pub(crate) loans: BTreeMap<String, u64>,
    told: BTreeSet<u64>,
    pub(crate) events: usize,
}

impl Known {
    /// Acts on an event. None may come twice, and positions only grow.
    pub(crate) fn take(&mut self, event: &Event) {
        if let (Some(id), "change") = (event.id, event.name.as_str()) {
            let data = event.json();
            let loan = data.text("loanRequestId").expect("a loan").to_owned();
            assert_eq!(data.number("position"), Some(id));
            assert!(id > self.last, "{id} came behind {}", self.last);
            assert!(self.told.insert(id), "{id} came twice");
            self.loans.insert(loan, id);
            self.events += 1;
        }
        self.last = event.id.unwrap_or(self.last);
    }
}
