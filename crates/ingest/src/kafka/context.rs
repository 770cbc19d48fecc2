//! What librdkafka tells beside messages: its log, its errors, the wish for a new token.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use continuity_base::Clock;
use parking_lot::Mutex;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{ClientContext, TopicPartitionList};

use super::options::{KafkaOptions, Sasl};
use super::token;

/// A consumer with this context.
pub(super) type Consumer = BaseConsumer<Context>;

/// What was last heard of the brokers, shared between a client and its owner.
#[derive(Default)]
struct Heard {
    /// The last trouble, in librdkafka's words.
    trouble: Mutex<Option<String>>,
    /// The brokers refuse who we are, or we refuse who they are.
    refused: AtomicBool,
    /// A token was given to the client.
    token: AtomicBool,
    /// A commit is under way.
    committing: AtomicBool,
}

/// The context of a client.
#[derive(Clone)]
pub(super) struct Context {
    heard: Arc<Heard>,
    token_file: Option<PathBuf>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

impl Context {
    pub(super) fn new(options: &KafkaOptions) -> Self {
        let token_file = match options.security.sasl() {
            Some(Sasl::OAuthBearer { token_file }) => Some(token_file.clone()),
            _ => None,
        };
        Self { heard: Arc::default(), token_file, clock: Arc::clone(&options.clock) }
    }

    /// The last trouble that was heard of, if any.
    pub(super) fn trouble(&self) -> Option<String> {
        self.heard.trouble.lock().clone()
    }

    /// What was heard before counts no longer: the source answered.
    pub(super) fn answered(&self) {
        *self.heard.trouble.lock() = None;
        self.heard.refused.store(false, Ordering::Relaxed);
    }

    /// Whether credentials or certificates were refused, on either side.
    pub(super) fn is_refused(&self) -> bool {
        self.heard.refused.load(Ordering::Relaxed)
    }

    /// Whether the client has what it needs to say who it is.
    pub(super) fn has_token(&self) -> bool {
        self.token_file.is_none() || self.heard.token.load(Ordering::Relaxed)
    }

    /// Whether a commit may be begun; then it is under way until it was answered.
    pub(super) fn begin_commit(&self) -> bool {
        !self.heard.committing.swap(true, Ordering::Relaxed)
    }

    /// The commit was not begun after all.
    pub(super) fn end_commit(&self) {
        self.heard.committing.store(false, Ordering::Relaxed);
    }

    fn hear(&self, code: Option<RDKafkaErrorCode>, text: String) {
        let refused = [
            RDKafkaErrorCode::Authentication,
            RDKafkaErrorCode::SaslAuthenticationFailed,
            RDKafkaErrorCode::SSL,
            RDKafkaErrorCode::UnsupportedSASLMechanism,
        ];
        if code.is_some_and(|code| refused.contains(&code)) {
            self.heard.refused.store(true, Ordering::Relaxed);
        }
        // "All brokers are down" says less than what came before it.
        let mut trouble = self.heard.trouble.lock();
        if code != Some(RDKafkaErrorCode::AllBrokersDown) || trouble.is_none() {
            *trouble = Some(text);
        }
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                // What matters of it comes as an error, too, and is told by whoever waits.
                tracing::info!(facility, "librdkafka: {message}");
            }
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => tracing::info!(facility, "librdkafka: {message}"),
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => tracing::debug!(facility, "librdkafka: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::PartitionEOF) || is_about_groups(code) {
            return;
        }
        tracing::debug!(%error, "librdkafka: {reason}");
        self.hear(code, reason.to_owned());
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let file = self.token_file.as_ref().ok_or("no token is configured")?;
        match token::read(file, self.clock.now()) {
            Ok(token) => {
                self.heard.token.store(true, Ordering::Relaxed);
                Ok(token)
            }
            Err(detail) => {
                tracing::warn!("{detail}");
                self.hear(None, detail.clone());
                Err(detail.into())
            }
        }
    }
}

impl ConsumerContext for Context {
    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        self.end_commit();
        match result {
            Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
            Err(error) => tracing::debug!(%error, "the brokers did not take the offsets; they are a favour only"),
        }
    }
}

/// A replica that is in no group does not care who coordinates it, or that it may not ask.
pub(super) fn is_about_groups(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(
        code,
        Some(
            RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::WaitingForCoordinator
        )
    )
}
