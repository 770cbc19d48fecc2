//! A replica in a temporary directory, filled from a feed and asked like by a client.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use continuity_auth::{
    Auth, AuthOptions, ClientSettings, KeyRotation, Scope, ScopeSet, SignInPolicy, SigningAlgorithm, TokenRequest,
};
use continuity_base::{Clock, ManualClock, Stop, Timestamp};
use continuity_events::CloudEvent;
use continuity_events::record::{Completeness, Received, SourcePosition, encode};
use continuity_log::{Kind, Log, MemoryDisk, Options, Record};
use continuity_readmodel::ledger::Ledger;
use continuity_readmodel::{BatchLimits, Engine, EngineOptions, Fault, FaultKind, HeadSeen, SyncBoard};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::files::Files;
use crate::{ApiState, ChangeOptions, Pages, UnknownParameters, WebhookHealth, router};

/// 2026-11-22T12:00:00Z
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_348_800_000_000);

/// Nobody is told anything.
pub(crate) const NO_WEBHOOKS: WebhookHealth =
    WebhookHealth { well: true, subscriptions: 0, backlog: 0, dead_letters: 0, oldest_waiting: None };

/// Events in the making; sequences and versions count by themselves.
#[derive(Default)]
pub(crate) struct Feed {
    sequences: BTreeMap<String, u64>,
    versions: BTreeMap<(String, String, String), u64>,
    /// Records that were taken out before.
    taken: u64,
    records: Vec<Record>,
}

impl Feed {
    /// An entity's new after-image, or `null`.
    pub(crate) fn put(&mut self, loan: &str, entity: &str, id: &str, parent: &str, after: &str) -> &mut Self {
        self.put_with(loan, entity, id, parent, after, "")
    }

    /// The same with more members of `data`, each led by a comma.
    pub(crate) fn put_with(
        &mut self,
        loan: &str,
        entity: &str,
        id: &str,
        parent: &str,
        after: &str,
        more: &str,
    ) -> &mut Self {
        let version = self.versions.entry((loan.to_owned(), entity.to_owned(), id.to_owned())).or_default();
        *version += 1;
        let parent = if parent.is_empty() { String::new() } else { format!("\"parent\":{parent},") };
        let data = format!(
            "{{\"entity\":\"{entity}\",\"id\":\"{id}\",{parent}\"version\":{version},\"after\":{after}{more}}}"
        );
        let sequence = self.sequences.entry(loan.to_owned()).or_default();
        *sequence += 1;
        let sequence = *sequence;
        self.record(Kind::Event, loan, sequence, "SomethingChanged", data)
    }

    /// The whole loan as of its sequence `as_of`, which is ahead of what was told of it.
    pub(crate) fn snapshot(&mut self, loan: &str, as_of: u64, entities: &str) -> &mut Self {
        self.sequences.insert(loan.to_owned(), as_of);
        let data = format!("{{\"asOfSequence\":{as_of},\"entities\":[{entities}]}}");
        self.record(Kind::Snapshot, loan, as_of, "LoanRequestSnapshot", data)
    }

    /// The loan's next event is lost.
    pub(crate) fn lose(&mut self, loan: &str) -> &mut Self {
        *self.sequences.entry(loan.to_owned()).or_default() += 1;
        self
    }

    /// What the evaluation of a manifest showed.
    pub(crate) fn result(&mut self, result: &Completeness) -> &mut Self {
        let arrived_at = NOON.as_micros();
        let payload = encode(result);
        self.records.push(Record {
            kind: Kind::Completeness,
            subject: String::new(),
            sequence: 0,
            arrived_at,
            payload,
        });
        self
    }

    /// A manifest that was not evaluated yet.
    pub(crate) fn manifest(&mut self, as_of: &str) -> &mut Self {
        let data = format!("{{\"asOf\":\"{as_of}\",\"at\":{{}}}}");
        self.record(Kind::Control, "", 0, "CompletenessManifest", data)
    }

    fn record(&mut self, kind: Kind, loan: &str, sequence: u64, name: &str, data: String) -> &mut Self {
        let number = self.taken + self.records.len() as u64 + 1;
        let event = CloudEvent {
            id: format!("e{number}"),
            source: "urn:test".to_owned(),
            event_type: format!("com.banclo.{name}"),
            subject: format!("loan-requests/{loan}"),
            time: format!("2026-11-22T10:{:02}:{:02}Z", number / 60, number % 60),
            sequence: Some(sequence),
            actor: None,
            attributes: Vec::new(),
            data,
        };
        let payload = encode(&Received { event, position: SourcePosition::Simulator { seed: 1, number } });
        let arrived_at = NOON.as_micros();
        self.records.push(Record { kind, subject: loan.to_owned(), sequence, arrived_at, payload });
        self
    }

    /// The records that have not been taken out yet.
    fn take(&mut self) -> Vec<Record> {
        self.taken += self.records.len() as u64;
        std::mem::take(&mut self.records)
    }

    /// A loan request with these members beside its id.
    pub(crate) fn loan(&mut self, id: &str, members: &str) -> &mut Self {
        self.put(id, "loanRequest", id, "", &format!("{{\"id\":\"{id}\",{members}}}"))
    }

    /// The loan that has something at every endpoint: `L1`, and some that are special.
    pub(crate) fn house() -> Self {
        let mut feed = Self::default();
        feed.furnished(
            "L1",
            "\"status\":\"BID\",\"createdAt\":\"2026-01-01T00:00:00Z\",\"amount\":1.50, \"odd\":{\"b\":1,\"a\":2}",
        );
        feed.loan("bare", "\"status\":\"SANCTION\",\"createdAt\":\"2026-02-01T00:00:00Z\"")
            .loan(
                "deleted",
                "\"status\":\"BID\",\"createdAt\":\"2026-03-01T00:00:00Z\",\"deletedAt\":\"2026-03-02T00:00:00Z\"",
            )
            .loan("purged", "\"status\":\"BID\",\"createdAt\":\"2026-04-01T00:00:00Z\"")
            .put("purged", "loanRequest", "purged", "", "null");
        feed
    }

    /// A loan that has something at every endpoint.
    pub(crate) fn furnished(&mut self, loan: &str, members: &str) -> &mut Self {
        let text = "\"fetch\":{\"kind\":\"INLINE\",\"base64\":\"aGVsbG8=\"}";
        let sha = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let blob =
            format!("{{\"blobId\":\"b1\",\"sha256\":\"{sha}\",\"sizeBytes\":5,\"mediaType\":\"text/plain\",{text}}}");
        let item = format!(
            "{{\"id\":\"i1\",\"fileName\":\"Löhne.txt\",\"uploadedAt\":\"2026-01-01T00:00:00Z\",\"blob\":{blob}}}"
        );
        self.loan(loan, members)
            .put(loan, "task", "t1", "", "{\"id\":\"t1\",\"assignedAt\":\"2026-01-01T00:00:00Z\",\"formData\":{\"income\":1}}")
            .put(loan, "task", "t2", "", "{\"id\":\"t2\",\"assignedAt\":\"2026-01-02T00:00:00Z\",\"sensitive\":true,\"formData\":{\"illness\":2}}")
            .put(loan, "taskItem", "i1", "{\"taskId\":\"t1\"}", &item)
            .put(loan, "taskItem", "i2", "{\"taskId\":\"t2\"}", &item.replace("i1", "i2"))
            .put(loan, "bidRequest", "b1", "", "{\"id\":\"b1\",\"requestedAt\":\"2026-01-01T00:00:00Z\"}")
            .put(loan, "bidQuote", "q1", "{\"bidRequestId\":\"b1\"}", "{\"id\":\"q1\",\"revision\":1}")
            .put(loan, "analysis", "a1", "", "{\"id\":\"a1\",\"runAt\":\"2026-01-01T00:00:00Z\"}")
            .put(loan, "space", "s1", "", "{\"id\":\"s1\",\"name\":\"Space\",\"order\":1}")
            .put(loan, "document", "d1", "", &format!("{{\"id\":\"d1\",\"spaceId\":\"s1\",\"fileName\":\"d.txt\",\"uploadedAt\":\"2026-01-01T00:00:00Z\",\"blob\":{blob}}}"))
            .put(loan, "document", "d2", "", "{\"id\":\"d2\",\"uploadedAt\":\"2026-01-02T00:00:00Z\"}")
            .put(loan, "guild", "g1", "", "{\"id\":\"g1\",\"createdAt\":\"2026-01-01T00:00:00Z\"}")
            .put(loan, "channel", "c1", "{\"guildId\":\"g1\"}", "{\"id\":\"c1\",\"name\":\"general\",\"createdAt\":\"2026-01-01T00:00:00Z\"}")
            .put(loan, "comment", "k1", "", "{\"id\":\"k1\",\"createdAt\":\"2026-01-01T00:00:00Z\"}")
            .put(loan, "view", "v1", "", "{\"id\":\"v1\",\"order\":1}")
            .put(loan, "worksheet", "w1", "", "{\"id\":\"w1\",\"updatedAt\":\"2026-01-01T00:00:00Z\",\"sheets\":[1]}");
        for seq in 1..=7 {
            let message = format!("{{\"id\":\"m{seq}\",\"seq\":{seq},\"author\":{{\"role\":\"client\"}}}}");
            self.put(loan, "message", &format!("m{seq}"), "{\"guildId\":\"g1\",\"channelId\":\"c1\"}", &message);
        }
        self
    }
}

/// Everything that serves, on a clock that stands still at [`NOON`].
pub(crate) struct Replica {
    pub(crate) router: Router,
    pub(crate) state: ApiState,
    pub(crate) clock: Arc<ManualClock>,
    tokens: BTreeMap<&'static str, String>,
    stop: Stop,
    engine: Option<JoinHandle<()>>,
    log: continuity_log::Writer,
    ledger: Ledger,
    feed: Feed,
    pub(crate) dir: tempfile::TempDir,
}

/// The replica of [`Feed::house`], for tests that change nothing.
pub(crate) static HOUSE: LazyLock<Replica> = LazyLock::new(|| Replica::of(Feed::house()));

impl Replica {
    pub(crate) fn of(feed: Feed) -> Self {
        Self::with(feed, |_| {})
    }

    /// `adjust` may change what the router is made of.
    pub(crate) fn with(feed: Feed, adjust: impl FnOnce(&mut ApiState)) -> Self {
        Self::build(feed, "", Files::default(), adjust)
    }

    /// With the bytes of a feed's files.
    pub(crate) fn with_files(feed: Feed, files: Files) -> Self {
        Self::build(feed, "", files, |_| {})
    }

    /// Does not have that read model, as if it were being rebuilt.
    pub(crate) fn lacking(model: &str) -> Self {
        Self::build(Feed::house(), model, Files::default(), |_| {})
    }

    fn build(mut feed: Feed, lacking: &str, files: Files, adjust: impl FnOnce(&mut ApiState)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOON));
        let opened = Log::open(Arc::new(MemoryDisk::new()), Options::default(), &[]).unwrap();
        let (log, mut writer) = (opened.log, opened.writer);
        let records = feed.take();
        if !records.is_empty() {
            writer.append(records).unwrap().wait().unwrap();
        }
        let (written, ledger) = Ledger::open(&dir.path().join("ledger"), &log).unwrap();
        let position = log.head().position;
        let (engine, runner) = Engine::open(EngineOptions {
            dir: dir.path().join("models"),
            log,
            ledger: ledger.clone(),
            projections: continuity_projections::all().into_iter().filter(|p| p.spec().name != lacking).collect(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            cache_bytes: 16 << 20,
            batch: BatchLimits::default(),
        })
        .unwrap();
        let stop = Stop::new();
        let running = stop.clone();
        let thread = std::thread::spawn(move || runner.run(running).unwrap());
        assert!(engine.wait_for(position, Duration::from_secs(20)));
        let clock_of_auth = Arc::clone(&clock) as Arc<dyn Clock>;
        let auth = Auth::open(auth_options(dir.path(), "https://localhost:8083", clock_of_auth)).unwrap();
        let sync = SyncBoard::new(Arc::clone(&clock) as Arc<dyn Clock>);
        sync.set_synchronised(0);
        live(&sync, clock.as_ref(), position);
        let blobs = dir.path().join("blobs");
        let mut state = ApiState {
            blobs: super::files::service(&engine, files, (&blobs, &clock, &stop)),
            webhooks: Arc::new(|| Some(NO_WEBHOOKS)),
            control_stream: Arc::new(|| None),
            engine,
            ledger,
            sync,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            cursor_key: [7; 32],
            version: "0.1.0",
            started_at: Duration::ZERO,
            start_position: position,
            limits: crate::Limits::default().without_rates(),
            unknown_parameters: UnknownParameters::Refuse,
            expired_is_forbidden: false,
            changes: ChangeOptions::default(),
            stop: Stop::new(),
            auth,
        };
        adjust(&mut state);
        let tokens = tokens(&state.auth);
        let router = router(state.clone(), continuity_console::session, |_| Pages::default());
        Self { router, state, clock, tokens, stop, engine: Some(thread), log: writer, ledger: written, feed, dir }
    }

    /// Something more happens, and is shown.
    pub(crate) fn tell(&mut self, more: impl FnOnce(&mut Feed)) {
        more(&mut self.feed);
        let (before, records) = (self.feed.taken, self.feed.take());
        let mut batch = self.ledger.begin();
        for (position, record) in (before + 1..).zip(&records) {
            batch.apply(position, record).unwrap();
        }
        let head = self.log.append(records).unwrap().wait().unwrap();
        self.ledger.commit(batch, head, false).unwrap();
        assert!(self.state.engine.wait_for(self.feed.taken, Duration::from_secs(20)));
    }

    /// A client of its own: its id and a token.
    pub(crate) fn client(&self, settings: ClientSettings) -> (String, String) {
        client(&self.state.auth, settings)
    }

    /// GET with that token.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.get_with("", path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// The file in which bytes of that digest are kept.
    pub(crate) fn stored(&self, sha256: &str) -> PathBuf {
        self.dir.path().join("blobs/sha256").join(&sha256[..2]).join(sha256)
    }

    /// A token with that one scope, or with all of them (`all`).
    pub(crate) fn token(&self, scope: &str) -> &str {
        &self.tokens[scope]
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, mut body) = response.into_parts();
        // A stream has no end to wait for.
        if parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            body = Body::empty();
        }
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// GET with a token of one scope (or `all`, or none with an empty text) and headers.
    pub(crate) async fn get_with(&self, scope: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(Method::GET).uri(path);
        if !scope.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token(scope)));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with("all", path, &[]).await
    }

    /// GET below `/api/v1/loan-requests/L1`.
    pub(crate) async fn of_loan(&self, tail: &str) -> Answer {
        self.get(&format!("/api/v1/loan-requests/L1{tail}")).await
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.stop.stop();
        self.state.auth.close();
        if let Some(engine) = self.engine.take() {
            engine.join().unwrap();
        }
    }
}

/// A server of its own with a key that is made quickly.
pub(crate) fn auth_options(dir: &Path, issuer: &str, clock: Arc<dyn Clock>) -> AuthOptions {
    let rotation = KeyRotation { algorithm: SigningAlgorithm::Es256, ..KeyRotation::default() };
    let sign_in = SignInPolicy { second_factor_required: false, ..SignInPolicy::default() };
    AuthOptions { rotation, sign_in, ..AuthOptions::new(dir, issuer, clock) }
}

/// A token of each scope and one of all (`all`), each of a client of its own.
pub(crate) fn tokens(auth: &Auth) -> BTreeMap<&'static str, String> {
    let single = Scope::ALL.map(|scope| (scope.as_str(), ScopeSet::EMPTY.with(scope)));
    let all = [("all", ScopeSet::all())];
    single.into_iter().chain(all).map(|(name, scopes)| (name, token(auth, name, scopes))).collect()
}

fn token(auth: &Auth, name: &str, scopes: ScopeSet) -> String {
    client(auth, ClientSettings::named(name, scopes)).1
}

fn client(auth: &Auth, settings: ClientSettings) -> (String, String) {
    let created = auth.create_client(settings).unwrap();
    let body = format!(
        "{{\"grant_type\":\"client_credentials\",\"client_id\":\"{}\",\"client_secret\":\"{}\"}}",
        created.client.id,
        created.secret.as_deref().unwrap()
    );
    let auth = auth.clone();
    // On a thread of its own, so that this may be called from within a runtime.
    let token = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = TokenRequest {
            content_type: Some("application/json"),
            authorization: None,
            address: None,
            body: body.as_bytes(),
        };
        runtime.block_on(auth.token(request)).unwrap().access_token
    });
    (created.client.id, token.join().unwrap())
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The code of a problem document, checked for its shape.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let value = self.json();
        let mut members: Vec<&String> = value.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["detail", "instance", "requestId", "status", "title", "type"]);
        assert_eq!(value["status"], self.status.as_u16());
        assert_eq!(value["requestId"], self.header("x-request-id"));
        value["type"].as_str().unwrap().strip_prefix("urn:continuity:problem:").unwrap().to_owned()
    }

    /// The `id` of each object of an array.
    pub(crate) fn ids(&self) -> Vec<String> {
        let value = self.json();
        let rows = value.get("loanRequests").unwrap_or(&value).as_array().unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// The source shows its end, and the log holds everything before it.
pub(crate) fn live(sync: &SyncBoard, clock: &dyn Clock, position: u64) {
    let (asked, asked_at) = (clock.monotonic(), clock.now());
    sync.connected();
    sync.head(HeadSeen { asked, asked_at, ..HeadSeen::default() });
    sync.held(asked, position);
}

/// The source cannot be reached.
pub(crate) fn cut_off(sync: &SyncBoard) {
    sync.failed(Fault { kind: FaultKind::Unreachable, detail: "no route to broker-7.bank.example".to_owned() });
}
