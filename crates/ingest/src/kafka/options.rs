//! What a [`KafkaSource`](super::KafkaSource) is told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Clock;

/// Options of a [`KafkaSource`](super::KafkaSource). Its secrets are in no `Debug` text and in no error.
#[derive(Clone)]
pub struct KafkaOptions {
    /// Brokers to begin with, `host:port`.
    pub brokers: Vec<String>,
    /// The topics, every partition of each.
    pub topics: Vec<String>,
    /// What the brokers' logs call this replica.
    pub client_id: String,
    /// How a connection is secured.
    pub security: Security,
    /// A consumer group to which durable positions are committed, for tools that show lag. The replica never joins it
    /// and never reads it. `None`: nothing is committed.
    pub commit_group: Option<String>,
    /// A topic of which the brokers keep only the newest record of each key is followed all the same, with a warning.
    pub allow_compaction: bool,
    /// How often the brokers are asked where the partitions end and whether they still hold what was read.
    pub probe_every: Duration,
    /// How long an answer of a broker is waited for.
    pub timeout: Duration,
    /// Bytes of the largest message that is handed over whole; of a larger one only the beginning is kept.
    pub max_message_bytes: usize,
    /// Bytes that the brokers may send ahead of what was taken.
    pub queue_bytes: usize,
    /// Bytes of one answer with messages; a single larger message comes all the same.
    pub fetch_bytes: usize,
    /// Further properties of librdkafka. Those that are set here already, or that delivery depends on, are refused.
    pub properties: BTreeMap<String, String>,
    /// The clock that stamps looks at the source.
    pub clock: Arc<dyn Clock>,
}

/// How a connection is secured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Neither encrypted nor authenticated.
    #[default]
    Plaintext,
    /// TLS.
    Tls(Tls),
    /// Authenticated, not encrypted.
    SaslPlaintext(Sasl),
    /// TLS, then authenticated.
    SaslTls(Tls, Sasl),
}

impl Security {
    /// How the client says who it is, if it does.
    pub fn sasl(&self) -> Option<&Sasl> {
        match self {
            Self::SaslPlaintext(sasl) | Self::SaslTls(_, sasl) => Some(sasl),
            Self::Plaintext | Self::Tls(_) => None,
        }
    }

    /// The mechanism of that.
    pub fn mechanism(&self) -> Option<&'static str> {
        self.sasl().map(Sasl::mechanism)
    }
}

/// Certificates, PEM files all of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Authorities that may vouch for the brokers; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate, with its chain.
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
    /// The key's password.
    pub key_password: Option<String>,
}

/// How the client says who it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Sasl {
    /// User and password as they are.
    Plain {
        /// User.
        user: String,
        /// Password.
        password: String,
    },
    /// Salted challenge and response over SHA-256.
    ScramSha256 {
        /// User.
        user: String,
        /// Password.
        password: String,
    },
    /// Salted challenge and response over SHA-512.
    ScramSha512 {
        /// User.
        user: String,
        /// Password.
        password: String,
    },
    /// A bearer token that something else keeps fresh in a file; it is read again at every refresh.
    OAuthBearer {
        /// The file with the token.
        token_file: PathBuf,
    },
}

impl KafkaOptions {
    /// Plain text, the defaults of everything else: probes every 5 s, answers within 5 s, 64 MiB a message, 32 MiB ahead.
    pub fn new(brokers: Vec<String>, topics: Vec<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            brokers,
            topics,
            client_id: "continuity".to_owned(),
            security: Security::default(),
            commit_group: None,
            allow_compaction: false,
            probe_every: Duration::from_secs(5),
            timeout: Duration::from_secs(5),
            max_message_bytes: 64 << 20,
            queue_bytes: 32 << 20,
            fetch_bytes: 8 << 20,
            properties: BTreeMap::new(),
            clock,
        }
    }
}

impl fmt::Debug for KafkaOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaOptions")
            .field("brokers", &self.brokers)
            .field("topics", &self.topics)
            .field("security", &self.security)
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca_file", &self.ca_file)
            .field("certificate_file", &self.certificate_file)
            .field("key_file", &self.key_file)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self {
            Self::Plain { user, .. } | Self::ScramSha256 { user, .. } | Self::ScramSha512 { user, .. } => user.clone(),
            Self::OAuthBearer { token_file } => token_file.display().to_string(),
        };
        f.debug_tuple(self.mechanism()).field(&who).finish()
    }
}

impl Sasl {
    /// The mechanism's registered name.
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "PLAIN",
            Self::ScramSha256 { .. } => "SCRAM-SHA-256",
            Self::ScramSha512 { .. } => "SCRAM-SHA-512",
            Self::OAuthBearer { .. } => "OAUTHBEARER",
        }
    }
}
