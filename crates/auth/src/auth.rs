//! The handle that the rest of the program holds.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use continuity_base::{Clock, Timestamp};
use continuity_log::{Disk, Log, RealDisk};
use parking_lot::Mutex;

use crate::access::recorded;
use crate::authorization::codes::Codes;
use crate::authorization::grants::Grants;
use crate::authorization::refresh::RefreshKey;
use crate::client::check_token_seconds;
use crate::control::clients::Clients;
use crate::control::event::By;
use crate::control::{Control, Opening};
use crate::control_stream::Seal;
use crate::dpop::{Holder, Proofs};
use crate::keys::assertion::Assertions;
use crate::keys::fleet::FleetKey;
use crate::keys::ring::Ring;
use crate::keys::{private_file, replica};
use crate::people::directory::People;
use crate::people::provider::ProviderPolicy;
use crate::people::session::{Origin, Session};
use crate::people::sign_in::{Desk, SignInPolicy};
use crate::reader;
use crate::tally::Tally;
use crate::token::Audiences;
use crate::token_endpoint::{Gate, TokenEndpoint, Wanted};
use crate::verifier::Verifier;
use crate::{
    Access, AuthError, KeyRotation, OAuthError, Principal, Proof, Purpose, TokenError, TokenRequest, TokenResponse,
    metrics,
};

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
    /// The file of the fleet key; `None` for `keys/fleet-key` in `dir`, which is made at the first start.
    pub fleet_key: Option<PathBuf>,
    /// What this replica is called in its changes; `None` for a name that is made at the first start and kept in `dir`.
    pub replica: Option<String>,
    /// Whether other replicas get its changes, and it theirs, over the control stream.
    pub shared: bool,
    /// How tokens are signed, and when keys change.
    pub rotation: KeyRotation,
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
    /// How people sign in.
    pub sign_in: SignInPolicy,
    /// The client that tokens belong to which people get for e-mail address, password and code at the token endpoint;
    /// `None`: there are none.
    pub password_client: Option<String>,
    /// The bank's own OpenID provider, whose word signs people in; `None`: there is none.
    pub provider: Option<ProviderPolicy>,
}

impl AuthOptions {
    /// Options with tokens of one hour.
    pub fn new(dir: impl Into<PathBuf>, issuer: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let (dir, issuer) = (dir.into(), issuer.into());
        let realm = "continuity".to_owned();
        Self {
            dir,
            fleet_key: None,
            replica: None,
            shared: false,
            rotation: KeyRotation::default(),
            issuer,
            clock,
            default_token_seconds: 3_600,
            realm,
            read_period_seconds: MAX_READ_PERIOD_SECONDS,
            sign_in: SignInPolicy::default(),
            password_client: None,
            provider: None,
        }
    }

    fn check(&self) -> Result<(), AuthError> {
        self.rotation.check()?;
        check_token_seconds(self.default_token_seconds)?;
        if !is_read_period(self.read_period_seconds) {
            return invalid("reads may be counted over 1 to 60 seconds, and a minute must be a multiple of that");
        }
        if !self.realm.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-') {
            return invalid("the realm may hold letters, digits, spaces and hyphens only");
        }
        if self.replica.as_deref().is_some_and(|name| !replica::is_name(name)) {
            return invalid("a replica's name must have 1 to 64 letters, digits and - . _");
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
    proofs: Proofs,
    rotation: KeyRotation,
    seal: Seal,
    /// Whether there are other replicas.
    shared: bool,
    /// Held while keys are made, activated or retired.
    rotating: Mutex<()>,
    tally: Tally,
    desk: Desk,
    /// Held while counted reads are taken out and written.
    writing_reads: Mutex<()>,
}

/// The authorization server. Cheap to clone; the control log closes when the last clone is dropped, or with [`Auth::close`].
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
    by: Arc<By>,
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
        let audiences = Audiences::new(&options.issuer);
        let opening = Opening::new(disk, &options.dir.join("store.redb"))?;
        if keys_dir.join("secret-pepper").exists() {
            return Err(AuthError::OldKeys { path: keys_dir });
        }
        // One that is named has to be there: made here, it would be another one than the rest of the fleet has.
        let fleet = match &options.fleet_key {
            Some(path) => FleetKey::open(path, false)?,
            None => FleetKey::open(&keys_dir.join("fleet-key"), opening.is_empty())?,
        };
        let ring = Ring::new(fleet.sealing("signing keys")?, &options.issuer, audiences.clone());
        let name = replica::name(options.replica, &options.dir)?;
        let control = opening.finish(Arc::clone(&options.clock), ring, &name)?;
        let tally = Tally::new(Arc::clone(&options.clock), options.read_period_seconds);
        let force = control.in_force().clone();
        force.people.seen_all(options.clock.now());
        let verifier = Verifier::new(force.clone(), audiences.clone(), Arc::clone(&options.clock));
        let desk = Desk::new(options.sign_in, options.provider, &fleet, &options.issuer)?;
        let proofs = Proofs::new(&options.issuer, options.clock.now());
        let endpoint = TokenEndpoint {
            issuer: options.issuer,
            audiences,
            realm: options.realm,
            default_token_seconds: options.default_token_seconds,
            keys: force.ring,
            pepper: fleet.pepper()?,
            clients: force.clients,
            assertions: Assertions::new(options.clock.now()),
            clock: options.clock,
            gate: Gate::new(),
            codes: Codes::default(),
            refresh: RefreshKey::new(&*fleet.derive("refresh tokens")?),
            password_client: options.password_client,
        };
        metrics::register();
        let (endpoint, rotation) = (Arc::new(endpoint), options.rotation);
        let inner = Inner {
            control,
            endpoint,
            verifier,
            proofs,
            rotation,
            seal: Seal::new(&fleet)?,
            shared: options.shared,
            rotating: Mutex::default(),
            tally,
            desk,
            writing_reads: Mutex::default(),
        };
        let auth = Self { inner: Arc::new(inner), by: Arc::new(By::actor("local")) };
        auth.acting_as("replica").ensure_signing_key()?;
        Ok(auth)
    }

    /// Writes what is pending, counted reads of the present period too, and closes the control log; every later change
    /// and sensitive read is refused.
    pub fn close(&self) {
        self.write_reads(true);
        if let Err(error) = self.write_failures() {
            tracing::warn!(%error, "the last failed sign-ins are in no record");
        }
        if let Err(error) = self.write_uses() {
            tracing::warn!(%error, "the last uses of clients are in no record");
        }
        self.inner.control.close();
    }

    /// The same server, whose changes are recorded as made by `actor` ("cli", "demo", ...; "local" unless set).
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        self.acting(By::actor(actor))
    }

    /// As [`Auth::acting_as`], with the address and the reason that are recorded too.
    #[must_use]
    pub fn acting(&self, by: By) -> Self {
        Self { inner: Arc::clone(&self.inner), by: Arc::new(by) }
    }

    /// Answers a request to the token endpoint. Must be called within a tokio runtime.
    pub async fn token(&self, request: TokenRequest<'_>) -> Result<TokenResponse, OAuthError> {
        self.token_with_proof(request, None).await
    }

    /// As [`Auth::token`], for a request with the `DPoP` header: what is issued is bound to the proof's key.
    pub async fn token_with_proof(
        &self,
        request: TokenRequest<'_>,
        proof: Option<Proof<'_>>,
    ) -> Result<TokenResponse, OAuthError> {
        let asked = self.inner.endpoint.wanted(&request);
        let asked = asked.and_then(|wanted| Ok((self.holder(wanted.client(), proof.as_ref())?, wanted)));
        let answer = match asked {
            Ok((holder, wanted)) => self.grant(wanted, holder, request.address).await,
            Err(error) => Err(error),
        };
        metrics::token_request(&answer);
        answer
    }

    async fn grant(
        &self,
        wanted: Wanted,
        holder: Holder,
        address: Option<IpAddr>,
    ) -> Result<TokenResponse, OAuthError> {
        let by = By { address: address.map(|address| address.to_string()), ..By::actor(&wanted.client().id) };
        match wanted {
            Wanted::OfItsOwn(mut minting) => {
                self.use_up(&holder, &minting.client, None)?;
                minting.key = holder.into_key();
                self.inner.endpoint.issue(*minting).await
            }
            Wanted::ByCode(asked) => self.exchange_code(asked, holder, by).await,
            Wanted::ByRefresh(asked) => self.exchange_refresh(asked, holder, by).await,
            Wanted::ByPassword(asked) => {
                let origin = Origin { address, agent: "token endpoint".to_owned() };
                self.exchange_password(asked, holder, origin).await
            }
        }
    }

    /// Checks an access token and the present state of its client, asked `from` there: one that is bound to no key. Remembers
    /// tokens that passed; never blocks.
    pub fn verify(&self, token: &str, from: Option<IpAddr>) -> Result<Principal, TokenError> {
        self.verify_for(Purpose::Data, token, from)
    }

    /// As [`Auth::verify`], of a token for that.
    pub fn verify_for(&self, purpose: Purpose, token: &str, from: Option<IpAddr>) -> Result<Principal, TokenError> {
        let verified = self.inner.verifier.verify(purpose, token, from);
        verified.inspect_err(|error| metrics::token_refused(error.reason()))
    }

    /// As [`Auth::verify`], but checks the signature each time: for measurements.
    pub fn verify_uncached(&self, token: &str, from: Option<IpAddr>) -> Result<Principal, TokenError> {
        self.inner.verifier.verify_uncached(token, from)
    }

    /// The public keys as a JWK Set (RFC 7517).
    pub fn jwks(&self) -> String {
        self.inner.control.in_force().ring.set().jwks().to_owned()
    }

    /// The issuer as it stands in tokens.
    pub fn issuer(&self) -> &str {
        &self.inner.endpoint.issuer
    }

    /// Records a read of sensitive data: durable when it returns. On an error the data must not be sent.
    pub async fn record_access(&self, access: Access) -> Result<(), AuthError> {
        let client_name = self.reader_name(&access.client_id);
        let by = By::actor(&access.client_id);
        let recorded = match recorded(access, client_name) {
            Ok(change) => self.inner.control.append(by, change).await,
            Err(error) => Err(error),
        };
        let name = if recorded.is_ok() { metrics::ACCESSES_RECORDED } else { metrics::ACCESSES_REFUSED };
        ::metrics::counter!(name).increment(1);
        recorded
    }

    /// What people call who reads.
    pub(crate) fn reader_name(&self, reader: &str) -> Option<String> {
        let (client, account) = reader::split(reader);
        let name = self.clients().name(client);
        let email = account.and_then(|account| self.people().account(account).ok()).map(|row| row.stored.email);
        match email {
            Some(email) => Some(reader::name(name.as_deref().unwrap_or(client), &email)),
            None => name,
        }
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

    pub(crate) fn by(&self) -> &By {
        &self.by
    }

    pub(crate) fn rotation(&self) -> &KeyRotation {
        &self.inner.rotation
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.inner.seal
    }

    /// Whether there are other replicas.
    pub(crate) fn is_shared(&self) -> bool {
        self.inner.shared
    }

    pub(crate) fn rotating(&self) -> &Mutex<()> {
        &self.inner.rotating
    }

    pub(crate) fn endpoint(&self) -> &Arc<TokenEndpoint> {
        &self.inner.endpoint
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.inner.verifier
    }

    pub(crate) fn proofs(&self) -> &Proofs {
        &self.inner.proofs
    }

    pub(crate) fn clients(&self) -> &Clients {
        &self.inner.control.in_force().clients
    }

    pub(crate) fn people(&self) -> &People {
        &self.inner.control.in_force().people
    }

    pub(crate) fn grants(&self) -> &Grants {
        &self.inner.control.in_force().grants
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.inner.desk
    }

    /// The same server, whose changes are recorded as made by the person of a session, with the reason if one was given.
    #[must_use]
    pub fn acting_for(&self, session: &Session, reason: &str) -> Self {
        let reason = Some(reason.trim()).filter(|reason| !reason.is_empty()).map(str::to_owned);
        self.acting(session.by_because(reason))
    }

    /// Does what blocks where it may.
    pub async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let auth = self.clone();
        let worked = tokio::task::spawn_blocking(move || work(&auth)).await;
        worked.unwrap_or(Err(AuthError::Crypto("a thread that changed something panicked")))
    }

    pub(crate) fn monotonic(&self) -> std::time::Duration {
        self.inner.endpoint.clock.monotonic()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.inner.tally
    }

    pub(crate) fn writing_reads(&self) -> &Mutex<()> {
        &self.inner.writing_reads
    }

    /// The time by the clock of this server.
    pub fn now(&self) -> Timestamp {
        self.inner.endpoint.clock.now()
    }
}

pub(crate) fn invalid<T>(why: &str) -> Result<T, AuthError> {
    Err(AuthError::Invalid(why.to_owned()))
}
