//! What the tests of this crate share.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::{Clock, ManualClock, Timestamp};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::ScopeSet;
use crate::control::clients::{ClientRow, Clients, fold};
use crate::control::event::{Change, ClientCreated, Entry};
use crate::keys::private_file;
use crate::keys::secret::{Pepper, SecretDigest};
use crate::keys::signing::KeySet;
use crate::token_endpoint::{Gate, TokenEndpoint};
use crate::verifier::Verifier;

pub(crate) const ISSUER: &str = "https://replica.example:8083";
pub(crate) const AUDIENCE: &str = "https://replica.example:8083/api/v1";
/// 2026-11-22T18:00:00Z.
pub(crate) const NOW: i64 = 1_795_370_400;
pub(crate) const CLIENT: &str = "client-1";
pub(crate) const SECRET: &str = "cs_correct horse+%";

/// Endpoint and verifier over one client, without a control log.
pub(crate) struct Server {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: Arc<KeySet>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) endpoint: Arc<TokenEndpoint>,
    pub(crate) verifier: Verifier,
}

impl Server {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, clients) = (manual_clock(), Arc::new(Clients::new().unwrap()));
        let keys = key_set(dir.path(), "signing.pem", signing_pem());
        let pepper = Pepper::open(&dir.path().join("pepper"), true).unwrap();
        clients.put(client_row(CLIENT, pepper.digest(CLIENT, SECRET)));
        let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let verifier = Verifier::new(Arc::clone(&keys), Arc::clone(&clients), Arc::clone(&as_clock));
        let endpoint = Arc::new(TokenEndpoint {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            realm: "test".to_owned(),
            default_token_seconds: 3_600,
            keys: Arc::clone(&keys),
            pepper,
            clients: Arc::clone(&clients),
            clock: as_clock,
            gate: Gate::new(),
        });
        Self { clock, keys, clients, endpoint, verifier }
    }

    pub(crate) fn key_id(&self) -> &str {
        self.keys.active().0
    }

    /// Applies a change to the clients, as the control log's thread does.
    pub(crate) fn apply(&self, change: Change) {
        let before = self.clients.row(change.subject());
        let entry = Entry { actor: "test".to_owned(), change };
        self.clients.put(fold(before, entry, self.clock.now()).unwrap().unwrap());
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
    let entry = Entry { actor: "test".to_owned(), change: Change::ClientCreated(created) };
    fold(None, entry, Timestamp::from_micros(NOW * 1_000_000)).unwrap().unwrap()
}

pub(crate) fn key_set(dir: &Path, name: &str, pem: &str) -> Arc<KeySet> {
    private_file::create(&dir.join(name), pem.as_bytes()).unwrap();
    Arc::new(KeySet::open(&dir.join(name), ISSUER, AUDIENCE).unwrap())
}

/// The server's key; made once, because making one takes long.
pub(crate) fn signing_pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(new_pem)
}

/// Somebody else's key.
pub(crate) fn foreign_pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(new_pem)
}

fn new_pem() -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new.pem");
    KeySet::open(&path, ISSUER, AUDIENCE).unwrap();
    fs::read_to_string(path).unwrap()
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
pub(crate) fn forge(header: &str, claims: &str, pem: &str, padding: Padding) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    let signature = sign_raw(&message, pem, padding);
    format!("{message}.{signature}")
}

pub(crate) fn sign_raw(message: &str, pem: &str, padding: Padding) -> String {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
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
