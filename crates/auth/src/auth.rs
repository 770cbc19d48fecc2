//! The handle that the rest of the program holds.

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Timestamp};
use continuity_log::{Disk, Log, RealDisk};
use parking_lot::Mutex;

use crate::access::recorded;
use crate::control::event::{Change, ClientCreated, SecretRotated};
use crate::control::{Control, Opening};
use crate::keys::private_file;
use crate::keys::secret::{self, Pepper};
use crate::keys::signing::KeySet;
use crate::tally::Tally;
use crate::token::{MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS};
use crate::token_endpoint::{Gate, TokenEndpoint};
use crate::verifier::Verifier;
use crate::{
    Access, AuthError, Client, Created, NewClient, OAuthError, Principal, TokenError, TokenRequest, TokenResponse,
    metrics,
};

/// The longest time that two secrets of a client are accepted side by side.
pub const MAX_SECRET_OVERLAP: Duration = Duration::from_hours(30 * 24);

/// The longest time over which reads are counted together, in seconds.
pub const MAX_READ_PERIOD_SECONDS: u32 = 60;

/// Whether reads may be counted over so many seconds: a whole number of periods makes a minute.
pub const fn is_read_period(seconds: u32) -> bool {
    seconds >= 1 && seconds <= MAX_READ_PERIOD_SECONDS && MAX_READ_PERIOD_SECONDS.is_multiple_of(seconds)
}

/// Where the authorization server keeps its state and who it is.
#[derive(Clone)]
pub struct AuthOptions {
    /// A directory of its own: `log/` (the control log), `store.redb` (folded from it) and `keys/` live in it.
    pub dir: PathBuf,
    /// The public URL without a trailing slash: `iss`; tokens are for `{issuer}/api/v1`.
    pub issuer: String,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Life of tokens in seconds of clients that have none of their own: 60 to 86,400.
    pub default_token_seconds: u32,
    /// The realm of challenges: letters, digits, space and hyphen.
    pub realm: String,
    /// Seconds over which reads are counted together before they are recorded: a divisor of 60. A crash loses the counts
    /// of at most one such period.
    pub read_period_seconds: u32,
}

impl AuthOptions {
    /// Options with tokens of one hour.
    pub fn new(dir: impl Into<PathBuf>, issuer: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let (dir, issuer) = (dir.into(), issuer.into());
        let realm = "continuity".to_owned();
        Self { dir, issuer, clock, default_token_seconds: 3_600, realm, read_period_seconds: MAX_READ_PERIOD_SECONDS }
    }

    fn check(&self) -> Result<(), AuthError> {
        check_token_seconds(self.default_token_seconds)?;
        if !is_read_period(self.read_period_seconds) {
            return invalid("reads may be counted over 1 to 60 seconds, and a minute must be a multiple of that");
        }
        if !self.realm.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-') {
            return invalid("the realm may hold letters, digits, spaces and hyphens only");
        }
        if self.issuer.is_empty() || self.issuer.ends_with('/') || self.issuer.contains(['?', '#']) {
            return invalid("the issuer must be a URL without a trailing slash, query or fragment");
        }
        Ok(())
    }
}

impl fmt::Debug for AuthOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthOptions").field("dir", &self.dir).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

struct Inner {
    control: Control,
    endpoint: Arc<TokenEndpoint>,
    verifier: Verifier,
    keys: Arc<KeySet>,
    tally: Tally,
    /// Held while counted reads are taken out and written.
    writing_reads: Mutex<()>,
}

/// The authorization server. Cheap to clone; the control log closes when the last clone is dropped, or with [`Auth::close`].
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
    actor: Arc<str>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("issuer", &self.inner.endpoint.issuer).finish_non_exhaustive()
    }
}

impl Auth {
    /// Opens the control log, makes the keys at the first start, and replays what the control store lacks.
    ///
    /// Blocks, up to a second at the first start. Install the metrics recorder before.
    pub fn open(options: AuthOptions) -> Result<Self, AuthError> {
        private_file::create_dir(&options.dir)?;
        let disk = RealDisk::new(options.dir.join("log")).map_err(|e| AuthError::ControlLog(e.to_string()))?;
        Self::open_on(Arc::new(disk), options)
    }

    /// As [`Auth::open`], with the control log on a disk of its own.
    pub fn open_on(disk: Arc<dyn Disk>, options: AuthOptions) -> Result<Self, AuthError> {
        options.check()?;
        let keys_dir = options.dir.join("keys");
        private_file::create_dir(&keys_dir)?;
        let audience = format!("{}/api/v1", options.issuer);
        let opening = Opening::new(disk, &options.dir.join("store.redb"))?;
        let pepper = Pepper::open(&keys_dir.join("secret-pepper"), opening.is_empty())?;
        let keys = Arc::new(KeySet::open(&keys_dir.join("token-signing.pem"), &options.issuer, &audience)?);
        let control = opening.finish(Arc::clone(&options.clock))?;
        let tally = Tally::new(Arc::clone(&options.clock), options.read_period_seconds);
        let clients = Arc::clone(control.clients());
        let verifier = Verifier::new(Arc::clone(&keys), Arc::clone(&clients), Arc::clone(&options.clock));
        let endpoint = TokenEndpoint {
            issuer: options.issuer,
            audience,
            realm: options.realm,
            default_token_seconds: options.default_token_seconds,
            keys: Arc::clone(&keys),
            pepper,
            clients,
            clock: options.clock,
            gate: Gate::new(),
        };
        metrics::register();
        let inner =
            Inner { control, endpoint: Arc::new(endpoint), verifier, keys, tally, writing_reads: Mutex::default() };
        Ok(Self { inner: Arc::new(inner), actor: Arc::from("local") })
    }

    /// Writes what is pending, counted reads of the present period too, and closes the control log; every later change
    /// and sensitive read is refused.
    pub fn close(&self) {
        self.write_reads(true);
        self.inner.control.close();
    }

    /// The same server, whose changes are recorded as made by `actor` ("cli", "demo", ...; "local" unless set).
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        Self { inner: Arc::clone(&self.inner), actor: Arc::from(actor) }
    }

    /// Answers a request to the token endpoint. Must be called within a tokio runtime.
    pub async fn token(&self, request: TokenRequest<'_>) -> Result<TokenResponse, OAuthError> {
        self.inner.endpoint.answer(request).await
    }

    /// Checks an access token and the present state of its client. Remembers tokens that passed; never blocks.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        let verified = self.inner.verifier.verify(token);
        verified.inspect_err(|error| metrics::token_refused(error.reason()))
    }

    /// As [`Auth::verify`], but checks the signature each time: for measurements.
    pub fn verify_uncached(&self, token: &str) -> Result<Principal, TokenError> {
        self.inner.verifier.verify_uncached(token)
    }

    /// The public keys as a JWK Set (RFC 7517).
    pub fn jwks(&self) -> String {
        self.inner.keys.jwks().to_owned()
    }

    /// The issuer as it stands in tokens.
    pub fn issuer(&self) -> &str {
        &self.inner.endpoint.issuer
    }

    /// Creates a client. Blocks until it is durable.
    pub fn create_client(&self, new: NewClient) -> Result<Created, AuthError> {
        check_new(&new)?;
        let mut random = [0; 8];
        secret::random(&mut random)?;
        let id = format!("client-{}", hex::encode(random));
        let secret = secret::generate()?;
        let digest = self.inner.endpoint.pepper.digest(&id, &secret);
        let created = ClientCreated {
            id: id.clone(),
            name: new.name,
            description: new.description,
            scopes: new.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            token_seconds: new.token_seconds,
            secret: digest,
        };
        self.inner.control.change(&self.actor, |clients, _| match clients.enabled(&created.id) {
            Ok(_) => Err(AuthError::Crypto("the random client id is taken; try again")),
            Err(_) => Ok(Some(Change::ClientCreated(created))),
        })?;
        Ok(Created { client: self.known(&id)?, secret: secret.to_string() })
    }

    /// All clients, oldest first.
    pub fn list_clients(&self) -> Vec<Client> {
        self.inner.control.clients().views(self.inner.endpoint.default_token_seconds)
    }

    /// One client.
    pub fn client(&self, id: &str) -> Option<Client> {
        self.inner.control.clients().view(id, self.inner.endpoint.default_token_seconds)
    }

    /// Enables or disables a client. Blocks until it is durable; once it returns, a disabled client's tokens are refused,
    /// and stay refused when it is enabled again. Nothing is recorded when nothing changes.
    pub fn set_enabled(&self, id: &str, enabled: bool) -> Result<Client, AuthError> {
        self.inner.control.change(&self.actor, |clients, _| {
            let id = id.to_owned();
            Ok(match (clients.enabled(&id)?, enabled) {
                (false, true) => Some(Change::ClientEnabled { id }),
                (true, false) => Some(Change::ClientDisabled { id }),
                _ => None,
            })
        })?;
        self.known(id)
    }

    /// Gives a client a new secret; the present one is accepted for `overlap` more, at most 30 days, and the one before
    /// it no longer. Tokens stay valid. Blocks until it is durable.
    pub fn rotate_secret(&self, id: &str, overlap: Duration) -> Result<Created, AuthError> {
        if overlap > MAX_SECRET_OVERLAP {
            return invalid("two secrets of a client may be valid side by side for at most 30 days");
        }
        let secret = secret::generate()?;
        let digest = self.inner.endpoint.pepper.digest(id, &secret);
        self.inner.control.change(&self.actor, |clients, now| {
            clients.enabled(id)?;
            let previous_until = (!overlap.is_zero()).then(|| now.plus(overlap).as_micros());
            Ok(Some(Change::SecretRotated(SecretRotated { id: id.to_owned(), secret: digest, previous_until })))
        })?;
        Ok(Created { client: self.known(id)?, secret: secret.to_string() })
    }

    /// Records a read of sensitive data: durable when it returns. On an error the data must not be sent.
    pub async fn record_access(&self, access: Access) -> Result<(), AuthError> {
        let client_name = self.inner.control.clients().name(&access.client_id);
        let actor = access.client_id.clone();
        let recorded = match recorded(access, client_name) {
            Ok(change) => self.inner.control.append(&actor, change).await,
            Err(error) => Err(error),
        };
        let name = if recorded.is_ok() { metrics::ACCESSES_RECORDED } else { metrics::ACCESSES_REFUSED };
        ::metrics::counter!(name).increment(1);
        recorded
    }

    /// The control log, for verification and for looking into it.
    pub fn control_log(&self) -> Log {
        self.inner.control.log().clone()
    }

    /// Why the control log takes no more records; `None` while all is well. Then tokens are still checked, but sensitive
    /// reads and changes are refused until a restart: for `/health`.
    pub fn control_log_failure(&self) -> Option<&str> {
        self.inner.control.why_closed()
    }

    pub(crate) fn control(&self) -> &Control {
        &self.inner.control
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.inner.tally
    }

    pub(crate) fn writing_reads(&self) -> &Mutex<()> {
        &self.inner.writing_reads
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.endpoint.clock.now()
    }

    fn known(&self, id: &str) -> Result<Client, AuthError> {
        self.client(id).ok_or_else(|| AuthError::UnknownClient(id.to_owned()))
    }
}

fn check_new(new: &NewClient) -> Result<(), AuthError> {
    if new.name.trim().is_empty() || new.name.chars().count() > 200 {
        return invalid("a client's name must have 1 to 200 characters");
    }
    if new.description.chars().count() > 2_000 {
        return invalid("a client's description may have at most 2,000 characters");
    }
    if new.scopes.is_empty() {
        return invalid("a client needs at least one scope");
    }
    new.token_seconds.map_or(Ok(()), check_token_seconds)
}

fn check_token_seconds(seconds: u32) -> Result<(), AuthError> {
    if (MIN_TOKEN_SECONDS..=MAX_TOKEN_SECONDS).contains(&seconds) {
        return Ok(());
    }
    invalid("the life of tokens must be 60 to 86400 seconds")
}

fn invalid<T>(why: &str) -> Result<T, AuthError> {
    Err(AuthError::Invalid(why.to_owned()))
}
