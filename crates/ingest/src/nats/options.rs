//! What a NATS source is told.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, SystemClock};
use zeroize::Zeroizing;

/// Options of a [`NatsSource`](super::NatsSource).
#[derive(Clone)]
pub struct NatsOptions {
    /// Addresses of the servers, `nats://host:port` or `tls://host:port`; any one of them will do. They hold no user
    /// and no password.
    pub servers: Vec<String>,
    /// What is read. Changing the streams changes the name of the source.
    pub streams: Vec<StreamFilter>,
    /// Who the replica is to the server.
    pub auth: NatsAuth,
    /// Encryption.
    pub tls: NatsTls,
    /// `JetStream` domain, when the streams are not in the one of the server that is connected to.
    pub domain: Option<String>,
    /// How often the streams are looked at: where they end, and whether they still are what was read.
    pub probe_every: Duration,
    /// How long an answer may take; after it the source is disconnected.
    pub probe_timeout: Duration,
    /// Messages that one request asks for; two requests are under way at a time for each stream.
    pub fetch_messages: usize,
    /// Bytes that were asked for or have arrived, and were not taken yet, over all streams; one message more may come.
    pub max_bytes_in_flight: usize,
    /// Of a longer message only the beginning and the digest are kept.
    pub max_message_bytes: usize,
    /// What the server calls this connection.
    pub client_name: String,
    /// Where time stamps come from.
    pub clock: Arc<dyn Clock>,
}

impl NatsOptions {
    /// Everything in `streams` from `servers`, with no credentials, and encrypted where the server or the address asks
    /// for it.
    pub fn new(servers: Vec<String>, streams: Vec<StreamFilter>) -> Self {
        Self {
            servers,
            streams,
            auth: NatsAuth::None,
            tls: NatsTls::default(),
            domain: None,
            probe_every: Duration::from_secs(5),
            probe_timeout: Duration::from_secs(5),
            fetch_messages: 2_000,
            max_bytes_in_flight: 32 << 20,
            max_message_bytes: 64 << 20,
            client_name: "continuity".to_owned(),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// What the source is called: `nats:` and its streams.
    pub(super) fn name(&self) -> String {
        let streams: Vec<_> = self.streams.iter().map(|filter| filter.stream.as_str()).collect();
        format!("nats:{}", streams.join(","))
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.servers.iter().map(|address| without_secrets(address)).collect();
        f.debug_struct("NatsOptions")
            .field("servers", &servers)
            .field("streams", &self.streams)
            .field("auth", &self.auth)
            .field("tls", &self.tls)
            .field("domain", &self.domain)
            .field("probe_every", &self.probe_every)
            .field("probe_timeout", &self.probe_timeout)
            .field("fetch_messages", &self.fetch_messages)
            .field("max_bytes_in_flight", &self.max_bytes_in_flight)
            .field("max_message_bytes", &self.max_message_bytes)
            .field("client_name", &self.client_name)
            .finish_non_exhaustive()
    }
}

/// An address without the user and password that somebody may have put into it.
pub(super) fn without_secrets(address: &str) -> String {
    match address.rsplit_once('@') {
        None => address.to_owned(),
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            if scheme.is_empty() { format!("***@{host}") } else { format!("{scheme}://***@{host}") }
        }
    }
}

/// A stream and what of it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFilter {
    /// Name of the stream.
    pub stream: String,
    /// Subjects, wildcards allowed, that do not overlap; empty: all. Several need a server of version 2.10 or newer.
    pub subjects: Vec<String>,
}

impl StreamFilter {
    /// All of `stream`.
    pub fn all(stream: impl Into<String>) -> Self {
        Self { stream: stream.into(), subjects: Vec::new() }
    }
}

/// A text that is never shown, and wiped from memory when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsSecret(Zeroizing<String>);

impl NatsSecret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NatsSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Who the replica is to the server. Files are read at every connect, so that they can be changed while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NatsAuth {
    /// Nobody in particular.
    #[default]
    None,
    /// A user with a password.
    User {
        /// Name.
        user: String,
        /// Password.
        password: NatsSecret,
    },
    /// Whoever has the token.
    Token(NatsSecret),
    /// A credentials file: a JWT and the seed of its nkey.
    Credentials(PathBuf),
    /// A file with the seed of an nkey.
    Nkey(PathBuf),
}

/// Encryption of the connection. The server's name is that of its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatsTls {
    /// Refuse to speak without; it is used in any case where the server or the address (`tls://`) asks for it.
    pub required: bool,
    /// PEM file of the authorities that the server's certificate may come from, instead of the system's.
    pub ca: Option<PathBuf>,
    /// PEM file of the certificate chain that the replica shows; needs `key`.
    pub certificate: Option<PathBuf>,
    /// PEM file of its key; needs `certificate`.
    pub key: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_shown() {
        let mut options =
            NatsOptions::new(vec!["nats://bob:hunter2@host:4222".to_owned()], vec![StreamFilter::all("A")]);
        options.auth = NatsAuth::User { user: "bob".to_owned(), password: NatsSecret::new("hunter3") };
        let shown = format!("{options:?} {:?}", NatsAuth::Token(NatsSecret::new("hunter4")));
        assert!(!shown.contains("hunter") && shown.contains("nats://***@host:4222"), "{shown}");
        assert_eq!(without_secrets("token:abc@host"), "***@host");
        assert_eq!(without_secrets("tls://host:1"), "tls://host:1");
    }

    #[test]
    fn the_name_is_that_of_the_streams_and_not_of_the_servers() {
        let streams = vec![StreamFilter::all("BANCLO_CHANGES"), StreamFilter::all("BANCLO_CONTROL")];
        let name = |server: &str| NatsOptions::new(vec![server.to_owned()], streams.clone()).name();
        assert_eq!(name("nats://a"), "nats:BANCLO_CHANGES,BANCLO_CONTROL");
        assert_eq!(name("nats://a"), name("tls://b:4223"));
    }
}
