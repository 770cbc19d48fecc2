//! The connection to NATS: made once, kept for ever, and what the server answers on it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, Message, StatusCode, Subscriber};
use continuity_base::Stop;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::subjects::covers;
use super::{Names, PublishError, PublishOptions, Servers, Target};

/// How long the server recognises a repetition by its `Nats-Msg-Id`.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);
/// Between two attempts at the beginning.
const ATTEMPT: Duration = Duration::from_millis(200);
/// The server's error codes of a message that it will never take: too large for the stream, or the stream is sealed.
const NEVER: &[u64] = &[10054, 10109];

/// A connection that is made, and what comes back on it.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) inbox: String,
    pub(super) answers: mpsc::Receiver<Answer>,
    pub(super) connections: Arc<AtomicU64>,
}

/// What the server says to a message.
pub(super) enum Answer {
    /// It is in the stream.
    Stored { number: u64, stream: String, sequence: u64, duplicate: bool },
    /// Not now: `JetStream` is starting, the stream is full.
    NotNow { number: u64, detail: String },
    /// Not ever.
    Never { number: u64, detail: String },
}

/// Connects, looks for the stream or creates it, and listens for answers.
pub(super) async fn connect(
    to: &Target,
    servers: &Servers,
    options: &PublishOptions,
    stop: &Stop,
) -> Result<Connected, PublishError> {
    let until = options.clock.monotonic() + options.connect_timeout;
    let attempts = Attempts { to, options, stop, until };
    let connections = Arc::new(AtomicU64::new(0));
    let client = attempts.client(servers, &connections).await?;
    attempts.stream(&client).await?;
    let inbox = client.new_inbox();
    let unreachable =
        |e: async_nats::SubscribeError| PublishError::Unreachable { to: to.to_string(), detail: e.to_string() };
    let subscription = client.subscribe(format!("{inbox}.*")).await.map_err(unreachable)?;
    let (answer, answers) = mpsc::channel(options.in_flight.max(1) * 2);
    // It ends with the runtime, which the publisher owns.
    tokio::runtime::Handle::current().spawn(listen(subscription, answer));
    Ok(Connected { client, inbox, answers, connections })
}

struct Attempts<'a> {
    to: &'a Target,
    options: &'a PublishOptions,
    stop: &'a Stop,
    until: Duration,
}

impl Attempts<'_> {
    async fn client(&self, servers: &Servers, connections: &Arc<AtomicU64>) -> Result<Client, PublishError> {
        let addresses: Vec<String> = servers.addresses.iter().map(|address| format!("nats://{address}")).collect();
        loop {
            let attempt = self.settings(servers, connections).await?.connect(addresses.clone()).await;
            match attempt {
                Ok(client) => return Ok(client),
                Err(error) => match error.kind() {
                    ConnectErrorKind::ServerParse
                    | ConnectErrorKind::Authentication
                    | ConnectErrorKind::AuthorizationViolation
                    | ConnectErrorKind::Tls => return Err(self.refused(error.to_string())),
                    _ => self.once_more(&error.to_string()).await?,
                },
            }
        }
    }

    async fn settings(&self, servers: &Servers, connections: &Arc<AtomicU64>) -> Result<ConnectOptions, PublishError> {
        let connections = Arc::clone(connections);
        let mut settings = ConnectOptions::new()
            .name("continuity-simulator")
            .max_reconnects(None)
            .connection_timeout(Duration::from_secs(5))
            .ping_interval(Duration::from_secs(5))
            .client_capacity(self.options.in_flight.max(1) * 4 + 1_024)
            .subscription_capacity(self.options.in_flight.max(1) * 4 + 1_024)
            .require_tls(servers.tls || self.options.access.ca.is_some())
            .reconnect_delay_callback(|attempt| {
                Duration::from_millis(10_u64.saturating_mul(1 << attempt.min(8)).min(2_000))
            })
            .event_callback(move |event| {
                if matches!(event, Event::Connected) {
                    connections.fetch_add(1, Ordering::Release);
                }
                async {}
            });
        if let Some((user, password)) = &servers.user {
            settings = settings.user_and_password(user.clone(), password.clone());
        }
        if let Some(file) = &self.options.access.credentials {
            settings = settings.credentials_file(file).await.map_err(|e| self.unreadable(file, &e.to_string()))?;
        }
        if let Some(file) = &self.options.access.ca {
            std::fs::metadata(file).map_err(|e| self.unreadable(file, &e.to_string()))?;
            settings = settings.add_root_certificates(file.clone());
        }
        Ok(settings)
    }

    async fn stream(&self, client: &Client) -> Result<(), PublishError> {
        let context = jetstream::new(client.clone());
        let names = &self.options.names;
        loop {
            let missing = match context.get_stream(&names.stream).await {
                Ok(stream) => return self.carried_by(&stream.cached_info().config.subjects),
                Err(error) => match error.kind() {
                    GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND => true,
                    GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName => {
                        return Err(self.refused(error.to_string()));
                    }
                    _ => {
                        self.once_more(&format!("JetStream: {error}")).await?;
                        false
                    }
                },
            };
            if missing && !self.options.create {
                return Err(
                    self.refused(format!("there is no stream {}; create it, or let it be created", names.stream))
                );
            }
            if missing && let Err(error) = context.create_stream(self.configuration()).await {
                match error.kind() {
                    CreateStreamErrorKind::TimedOut => self.once_more(&error.to_string()).await?,
                    _ => return Err(self.refused(error.to_string())),
                }
            }
        }
    }

    /// An error unless a stream of these subjects takes everything that is published.
    fn carried_by(&self, subjects: &[String]) -> Result<(), PublishError> {
        let Names { stream, changes, control } = &self.options.names;
        // What is published is CHANGES.LOAN.ENTITY; a stream may be as narrow as that.
        let wanted = [(format!("{changes}.*.*"), format!("{changes}.>")), (control.clone(), control.clone())];
        let Some((_, lacking)) = wanted.into_iter().find(|(wanted, _)| !covers(subjects, wanted)) else {
            return Ok(());
        };
        let carried = if subjects.is_empty() { "no subject".to_owned() } else { subjects.join(", ") };
        Err(self.refused(format!(
            "the stream {stream} carries {carried}, and not {lacking}; add that to its subjects, or name another stream or \
             other subjects"
        )))
    }

    fn configuration(&self) -> Config {
        let names = &self.options.names;
        Config {
            name: names.stream.clone(),
            subjects: vec![format!("{}.>", names.changes), names.control.clone()],
            description: Some("Change feed of the loan platform".to_owned()),
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            num_replicas: 1,
            duplicate_window: DUPLICATE_WINDOW,
            ..Config::default()
        }
    }

    /// Waits before another attempt; an error when the time is up, or the end was asked for.
    async fn once_more(&self, detail: &str) -> Result<(), PublishError> {
        if self.stop.is_stopped() || self.options.clock.monotonic() >= self.until {
            return Err(PublishError::Unreachable { to: self.to.to_string(), detail: detail.to_owned() });
        }
        tokio::select! {
            () = tokio::time::sleep(ATTEMPT) => {}
            () = self.stop.stopped() => {}
        }
        Ok(())
    }

    fn refused(&self, detail: String) -> PublishError {
        PublishError::Refused { to: self.to.to_string(), detail }
    }

    fn unreadable(&self, file: &Path, detail: &str) -> PublishError {
        self.refused(format!("cannot read {}: {detail}", file.display()))
    }
}

async fn listen(mut subscription: Subscriber, answers: mpsc::Sender<Answer>) {
    while let Some(message) = subscription.next().await {
        let Some(answer) = understood(&message) else { continue };
        if answers.send(answer).await.is_err() {
            return;
        }
    }
}

fn understood(message: &Message) -> Option<Answer> {
    let number: u64 = message.subject.rsplit('.').next()?.parse().ok()?;
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        let detail = "no responders: no stream takes its subject, or JetStream is not ready".to_owned();
        return Some(Answer::NotNow { number, detail });
    }
    match serde_json::from_slice::<Response<PublishAck>>(&message.payload).ok()? {
        Response::Ok(ack) => {
            Some(Answer::Stored { number, stream: ack.stream, sequence: ack.sequence, duplicate: ack.duplicate })
        }
        Response::Err { error } if NEVER.contains(&error.error_code().0) => {
            Some(Answer::Never { number, detail: error.to_string() })
        }
        Response::Err { error } => Some(Answer::NotNow { number, detail: error.to_string() }),
    }
}
