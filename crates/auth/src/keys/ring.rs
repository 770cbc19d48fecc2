//! The signing keys in force.
//!
//! One signs. The next one is published before it does, so that whoever keeps the key set for a while knows it already.
//! Those from before are published until the last token that they signed has expired.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use continuity_base::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::algorithm::{PublicKey, SigningAlgorithm};
use super::fleet::Sealing;
use super::row::{KeyRow, KeyState, signing};
use crate::AuthError;
use crate::control::event::KeyMade;
use crate::control::stamp::ChangeId;
use crate::token::Audiences;

/// What a token that names a key must satisfy.
pub(crate) struct VerificationKey {
    /// Bound to the key: a token that names the key and another algorithm is refused.
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
    pub(crate) validation: Validation,
    /// From when on nothing that it signed is accepted.
    until: Option<Timestamp>,
}

/// The keys as they are at one moment.
#[derive(Default)]
pub(crate) struct KeySet {
    active: Option<(String, Algorithm, EncodingKey)>,
    verification: HashMap<String, VerificationKey>,
    jwks: String,
}

impl KeySet {
    /// The key that new tokens are signed with, and its id.
    pub(crate) fn active(&self) -> Option<(&str, Algorithm, &EncodingKey)> {
        self.active.as_ref().map(|(id, algorithm, key)| (id.as_str(), *algorithm, key))
    }

    /// The key of that id, unless unknown or retired.
    pub(crate) fn get(&self, id: &str, now: Timestamp) -> Option<&VerificationKey> {
        self.verification.get(id).filter(|key| key.until.is_none_or(|until| now < until))
    }

    /// The public keys as a JWK Set (RFC 7517 section 5), the active one first.
    pub(crate) fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// Every key there ever was, and the set of those in force.
pub(crate) struct Ring {
    issuer: String,
    audiences: Audiences,
    sealing: Sealing,
    rows: Mutex<BTreeMap<String, KeyRow>>,
    set: ArcSwap<KeySet>,
}

impl Ring {
    pub(crate) fn new(sealing: Sealing, issuer: &str, audiences: Audiences) -> Self {
        let issuer = issuer.to_owned();
        Self { issuer, audiences, sealing, rows: Mutex::default(), set: ArcSwap::default() }
    }

    /// Enters or replaces keys.
    pub(crate) fn put(&self, changed: impl IntoIterator<Item = KeyRow>) {
        let mut rows = self.rows.lock();
        rows.extend(changed.into_iter().map(|row| (row.id.clone(), row)));
        self.set.store(Arc::new(self.set_of(&rows)));
    }

    /// The keys in force. One look sees all of a rotation or nothing of it.
    pub(crate) fn set(&self) -> arc_swap::Guard<Arc<KeySet>> {
        self.set.load()
    }

    /// Every key of which it is known what it is, the oldest first.
    pub(crate) fn rows(&self) -> Vec<KeyRow> {
        let mut rows: Vec<_> = self.rows.lock().values().cloned().collect();
        rows.retain(|row| row.material.is_some());
        rows.sort_by(|a, b| (a.made_at(), &a.id).cmp(&(b.made_at(), &b.id)));
        rows
    }

    /// The change that made the key sign that signs now; also of one that was retired since, whose place another one takes.
    pub(crate) fn activated_by(&self) -> Option<ChangeId> {
        let rows: Vec<_> = self.rows.lock().values().cloned().collect();
        signing(&rows).and_then(KeyRow::activated_by)
    }

    /// A new key of that algorithm: its row's id, public half and sealed private half.
    pub(crate) fn make(&self, algorithm: SigningAlgorithm) -> Result<KeyMade, AuthError> {
        let private = algorithm.generate()?;
        let public = PublicKey::of(algorithm, &private);
        let public = public.ok_or(AuthError::Crypto("a new signing key cannot be read"))?;
        let id = public.thumbprint();
        let sealed = self.sealing.seal(&id, &private)?;
        Ok(KeyMade { id, algorithm: algorithm.name().to_owned(), public, sealed })
    }

    /// Fails when the private half of the active key cannot be opened: with another fleet key nothing can be signed.
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        let rows = self.rows.lock();
        let active = rows.values().find(|row| row.state() == KeyState::Active);
        match active {
            Some(row) if self.opened(row).is_none() => Err(AuthError::KeySealed { id: row.id.clone() }),
            _ => Ok(()),
        }
    }

    fn set_of(&self, rows: &BTreeMap<String, KeyRow>) -> KeySet {
        let mut set = KeySet::default();
        let mut published: Vec<(KeyState, Value)> = Vec::new();
        for row in rows.values().filter(|row| row.state() != KeyState::Retired) {
            // A key of an algorithm of a later version checks and signs nothing here.
            let Some((material, algorithm)) = row.material.as_ref().zip(row.algorithm()) else { continue };
            let Some(key) = material.public.decoding_key() else { continue };
            let verification = VerificationKey {
                algorithm: algorithm.jwt(),
                key,
                validation: validation(algorithm.jwt(), &self.issuer, &self.audiences),
                until: row.passive_until,
            };
            set.verification.insert(row.id.clone(), verification);
            published.push((row.state(), material.public.jwk(&row.id, algorithm)));
            if row.state() == KeyState::Active {
                set.active = self.opened(row);
            }
        }
        published.sort_by_key(|(state, _)| *state != KeyState::Active);
        let published: Vec<Value> = published.into_iter().map(|(_, key)| key).collect();
        set.jwks = json!({ "keys": published }).to_string();
        set
    }

    fn opened(&self, row: &KeyRow) -> Option<(String, Algorithm, EncodingKey)> {
        let (algorithm, material) = (row.algorithm()?, row.material.as_ref()?);
        let private = self.sealing.open(&row.id, &material.sealed)?;
        Some((row.id.clone(), algorithm.jwt(), algorithm.encoding_key(&private)?))
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

/// The defaults of jsonwebtoken accept a token without `aud` or `iss`. Times are checked by the verifier, against its clock.
fn validation(algorithm: Algorithm, issuer: &str, audiences: &Audiences) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[&audiences.data, &audiences.administration]);
    validation.leeway = 0;
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}
