//! What the tests of this crate share.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::{Clock, ManualClock, Timestamp};
use serde_json::{Value, json};

use crate::authorization::codes::Codes;
use crate::authorization::refresh::RefreshKey;
use crate::control::clients::ClientRow;
use crate::control::event::{Change, ClientCreated, KeyMade};
use crate::control::force::InForce;
use crate::control::stamp::{Stamps, Version};
use crate::keys::algorithm::{PublicKey, SigningAlgorithm};
use crate::keys::assertion::Assertions;
use crate::keys::fleet::FleetKey;
use crate::keys::ring::Ring;
use crate::keys::row::{Activation, KeyRow};
use crate::keys::secret::SecretDigest;
use crate::token::Audiences;
use crate::token_endpoint::{Gate, TokenEndpoint, Wanted};
use crate::verifier::Verifier;
use crate::{AuthOptions, KeyRotation, OAuthError, ScopeSet, TokenRequest, TokenResponse};

pub(crate) const ISSUER: &str = "https://replica.example:8083";
pub(crate) const AUDIENCE: &str = "https://replica.example:8083/api/v1";
/// 2026-11-22T18:00:00Z.
pub(crate) const NOW: i64 = 1_795_370_400;
pub(crate) const CLIENT: &str = "client-1";
pub(crate) const SECRET: &str = "cs_correct horse+%";

/// Endpoint and verifier over one client, without a control log.
pub(crate) struct Server {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) force: InForce,
    pub(crate) endpoint: Arc<TokenEndpoint>,
    pub(crate) verifier: Verifier,
}

impl Server {
    pub(crate) fn new() -> Self {
        let (clock, force) = (manual_clock(), in_force(signing_key()));
        let pepper = fleet_key().pepper().unwrap();
        force.clients.put(client_row(CLIENT, pepper.digest(CLIENT, SECRET)));
        force.stamps.saw(clock.now());
        let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let verifier = Verifier::new(force.clone(), Audiences::new(ISSUER), Arc::clone(&as_clock));
        let endpoint = Arc::new(TokenEndpoint {
            issuer: ISSUER.to_owned(),
            audiences: Audiences::new(ISSUER),
            realm: "test".to_owned(),
            default_token_seconds: 3_600,
            keys: Arc::clone(&force.ring),
            pepper,
            clients: Arc::clone(&force.clients),
            assertions: Assertions::new(as_clock.now()),
            clock: as_clock,
            gate: Gate::new(),
            codes: Codes::default(),
            refresh: RefreshKey::new(b"test"),
            password_client: None,
        });
        Self { clock, force, endpoint, verifier }
    }

    /// What the token endpoint answers to a client that asks for itself.
    pub(crate) async fn answer(&self, request: TokenRequest<'_>) -> Result<TokenResponse, OAuthError> {
        let answer = match self.endpoint.wanted(&request) {
            Ok(Wanted::OfItsOwn(minting)) => self.endpoint.issue(*minting).await,
            Ok(Wanted::ByCode(_) | Wanted::ByRefresh(_) | Wanted::ByPassword(_)) => {
                unreachable!("the bench has clients alone")
            }
            Err(error) => Err(error),
        };
        crate::metrics::token_request(&answer);
        answer
    }

    pub(crate) fn key_id(&self) -> String {
        self.force.ring.set().active().unwrap().0.to_owned()
    }

    /// Applies a change to the clients, as the control log's thread does.
    pub(crate) fn apply(&self, change: Change) {
        let mut row = self.force.clients.row(change.subject()).unwrap();
        let version = self.force.stamps.next(self.clock.now(), row.superseded_by(&change)).unwrap();
        row.apply(change, "test", &version);
        self.force.clients.put(row);
    }

    /// The header that our tokens have.
    pub(crate) fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "RS256", "kid": self.key_id() })
    }
}

/// The claims of a good token for an hour.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": CLIENT, "client_id": CLIENT, "jti": "t1",
        "iat": NOW, "exp": NOW + 3_600, "scope": "loans:read audit:read", "gen": 0,
    })
}

pub(crate) fn manual_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_micros(NOW * 1_000_000)))
}

/// An enabled client with every scope.
pub(crate) fn client_row(id: &str, secret: SecretDigest) -> ClientRow {
    let created = ClientCreated {
        id: id.to_owned(),
        name: "Reporting".to_owned(),
        description: String::new(),
        scopes: ScopeSet::all().to_string().split(' ').map(str::to_owned).collect(),
        token_seconds: None,
        secret,
    };
    let mut row = ClientRow::new(id);
    row.apply(Change::ClientCreated(created), "test", &version());
    row
}

/// That of a change that was made now.
pub(crate) fn version() -> Version {
    Stamps::new("test").next(Timestamp::from_micros(NOW * 1_000_000), Vec::new()).unwrap()
}

/// A server with a directory and a clock of its own, and a key that is made quickly: an RSA key takes long.
pub(crate) fn options(dir: &Path, clock: &Arc<ManualClock>) -> AuthOptions {
    let rotation = KeyRotation { algorithm: SigningAlgorithm::Es256, ..KeyRotation::default() };
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    AuthOptions { rotation, ..AuthOptions::new(dir, ISSUER, clock) }
}

pub(crate) fn fleet_key() -> FleetKey {
    FleetKey::from_bytes(&[7; 32])
}

pub(crate) fn ring() -> Ring {
    Ring::new(fleet_key().sealing("signing keys").unwrap(), ISSUER, Audiences::new(ISSUER))
}

/// A ring with one RS256 key, which signs.
pub(crate) fn in_force(private: &[u8]) -> InForce {
    let force = InForce::new(ring(), "test").unwrap();
    force.ring.put([key_row(SigningAlgorithm::Rs256, private)]);
    force
}

/// An active key.
pub(crate) fn key_row(algorithm: SigningAlgorithm, private: &[u8]) -> KeyRow {
    let public = PublicKey::of(algorithm, private).unwrap();
    let id = public.thumbprint();
    let sealed = fleet_key().sealing("signing keys").unwrap().seal(&id, private).unwrap();
    let made = KeyMade { id, algorithm: algorithm.name().to_owned(), public, sealed };
    let mut row = KeyRow::new(&made.id);
    row.make(made, "test", &version().stamp);
    row.activate(Activation::new(version(), i64::MAX));
    row
}

/// The server's key, PKCS #8 in DER; made once, because making one takes long.
pub(crate) fn signing_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| SigningAlgorithm::Rs256.generate().unwrap().to_vec())
}

/// Somebody else's key.
pub(crate) fn foreign_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| SigningAlgorithm::Rs256.generate().unwrap().to_vec())
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// How a forged token is signed.
#[derive(Clone, Copy)]
pub(crate) enum Padding {
    Rs256,
    Rs512,
    Ps256,
}

/// Signs header and claims as they stand, without any of the care that the real signer takes.
pub(crate) fn forge(header: &str, claims: &str, key: &[u8], padding: Padding) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    let signature = sign_raw(&message, key, padding);
    format!("{message}.{signature}")
}

pub(crate) fn sign_raw(message: &str, key: &[u8], padding: Padding) -> String {
    let pair = KeyPair::from_pkcs8(key).unwrap();
    let encoding: &'static dyn RsaEncoding = match padding {
        Padding::Rs256 => &RSA_PKCS1_SHA256,
        Padding::Rs512 => &RSA_PKCS1_SHA512,
        Padding::Ps256 => &RSA_PSS_SHA256,
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(encoding, &random, message.as_bytes(), &mut signature).unwrap();
    base64url(signature)
}
