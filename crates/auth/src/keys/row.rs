//! A signing key over its life: published, then signing, then only checked with, then gone.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use super::algorithm::{PublicKey, SigningAlgorithm};
use crate::control::event::KeyMade;
use crate::control::stamp::{ChangeId, Lost, Stamp, Version};

/// Why a key is retired that nobody retired.
const EXPIRED: &str = "the last token that it signed has expired";

/// Where in its life a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, so that clients know it before it signs.
    Next,
    /// It signs.
    Active,
    /// It signs no more, and is published until the last token that it signed has expired.
    Passive,
    /// It is not published, and what it signed is refused.
    Retired,
}

impl KeyState {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Passive => "passive",
            Self::Retired => "retired",
        }
    }
}

/// A signing key as people see it. Holds no private half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its `kid`: the thumbprint of the public half (RFC 7638).
    pub id: String,
    /// `alg`.
    pub algorithm: String,
    /// Where in its life it is.
    pub state: KeyState,
    /// When it was made, and published.
    #[serde(serialize_with = "crate::client::rfc3339")]
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// When it began to sign.
    #[serde(serialize_with = "crate::client::rfc3339_option")]
    pub activated_at: Option<Timestamp>,
    /// Until when what it signed is accepted, once it signs no more.
    #[serde(serialize_with = "crate::client::rfc3339_option")]
    pub passive_until: Option<Timestamp>,
    /// When it was retired.
    #[serde(serialize_with = "crate::client::rfc3339_option")]
    pub retired_at: Option<Timestamp>,
    /// Why it was retired.
    pub retired_because: Option<String>,
}

/// What there is of a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Material {
    pub(crate) algorithm: String,
    pub(crate) public: PublicKey,
    /// The private half, PKCS #8 in DER, sealed about its id.
    pub(crate) sealed: Vec<u8>,
    made: Stamp,
    made_by: String,
}

/// That a key began to sign somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Activation {
    version: Version,
    /// For how long a key is accepted that learns now that another one signs, in microseconds.
    pub(crate) accepted_for: i64,
}

impl Activation {
    pub(crate) fn new(version: Version, previous_until: i64) -> Self {
        let accepted_for = previous_until.saturating_sub(version.stamp.at.as_micros()).max(0);
        Self { version, accepted_for }
    }

    /// At the first start of a replica, which knew of no other key: nobody decided that it takes another one's place.
    fn is_first(&self) -> bool {
        self.version.after.is_empty()
    }

    /// Which of two keys signs: the one that was rotated to last; of those of first starts, the one that has signed the
    /// longest, as most clients know it.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        match (self.is_first(), other.is_first()) {
            (true, true) => other.version.is_later_than(&self.version),
            (false, false) => self.version.is_later_than(&other.version),
            (first, _) => !first,
        }
    }

    /// Whether two replicas rotated without knowing of each other.
    pub(crate) fn lost(&self, other: &Self) -> Option<Lost> {
        if self.is_first() || other.is_first() {
            return None;
        }
        Lost::of("signing key", &self.version, &other.version)
    }
}

/// A key as the control store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    /// `None` while only later changes have come.
    pub(crate) material: Option<Material>,
    /// The first one.
    pub(crate) activation: Option<Activation>,
    /// Until when what it signed is accepted here, once another key signs: it counts from when this replica learnt of that.
    pub(crate) passive_until: Option<Timestamp>,
    /// By hand, for all replicas.
    retired: Option<(Stamp, String)>,
    /// By time, for this replica.
    expired_at: Option<Timestamp>,
}

impl KeyRow {
    /// One of which nothing is known yet.
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// The same key made twice is one.
    pub(crate) fn make(&mut self, event: KeyMade, actor: &str, stamp: &Stamp) {
        if self.material.as_ref().is_none_or(|known| *stamp < known.made) {
            let KeyMade { algorithm, public, sealed, .. } = event;
            self.material =
                Some(Material { algorithm, public, sealed, made: stamp.clone(), made_by: actor.to_owned() });
        }
    }

    /// The first activation counts: whoever repeats it did not know of what came after.
    pub(crate) fn activate(&mut self, activation: Activation) {
        let first = |known: &Activation| known.version.is_later_than(&activation.version);
        if self.activation.as_ref().is_none_or(first) {
            self.activation = Some(activation);
        }
    }

    pub(crate) fn retire(&mut self, reason: String, stamp: &Stamp) {
        if self.retired.as_ref().is_none_or(|(known, _)| stamp < known) {
            self.retired = Some((stamp.clone(), reason));
        }
    }

    pub(crate) fn expire(&mut self, at: Timestamp) {
        self.expired_at = Some(at);
    }

    /// The change that made it sign.
    pub(crate) fn activated_by(&self) -> Option<ChangeId> {
        self.activation.as_ref().map(|activation| activation.version.stamp.id)
    }

    /// When it was made.
    pub(crate) fn made_at(&self) -> Timestamp {
        self.material.as_ref().map(|material| material.made.at).unwrap_or_default()
    }

    /// When it began to sign.
    pub(crate) fn activated_at(&self) -> Option<Timestamp> {
        self.activation.as_ref().map(|activation| activation.version.stamp.at)
    }

    /// `None` for one that this version does not know.
    pub(crate) fn algorithm(&self) -> Option<SigningAlgorithm> {
        SigningAlgorithm::parse(&self.material.as_ref()?.algorithm)
    }

    /// What it is called by its records; time alone does not retire it here.
    pub(crate) fn state(&self) -> KeyState {
        match (self.is_over(), self.passive_until, &self.activation) {
            (true, ..) => KeyState::Retired,
            (false, Some(_), _) => KeyState::Passive,
            (false, None, Some(_)) => KeyState::Active,
            (false, None, None) => KeyState::Next,
        }
    }

    fn is_over(&self) -> bool {
        self.retired.is_some() || self.expired_at.is_some()
    }

    /// As people see it; `None` while it is not known what it is.
    pub(crate) fn view(&self) -> Option<SigningKey> {
        let material = self.material.as_ref()?;
        let by_hand = self.retired.as_ref().map(|(stamp, reason)| (stamp.at, reason.clone()));
        let by_time = self.expired_at.map(|at| (at, EXPIRED.to_owned()));
        let (retired_at, retired_because) = by_hand.or(by_time).unzip();
        Some(SigningKey {
            id: self.id.clone(),
            algorithm: material.algorithm.clone(),
            state: self.state(),
            made_at: material.made.at,
            made_by: material.made_by.clone(),
            activated_at: self.activated_at(),
            passive_until: self.passive_until,
            retired_at,
            retired_because,
        })
    }
}

/// Of the keys that ever signed somewhere, the one that signs now.
pub(crate) fn signing(rows: &[KeyRow]) -> Option<&KeyRow> {
    let known = rows.iter().filter(|row| row.material.is_some());
    let activated = known.filter_map(|row| Some((row, row.activation.as_ref()?)));
    activated.reduce(|best, next| if next.1.beats(best.1) { next } else { best }).map(|(row, _)| row)
}

/// One key signs, the others that did so are only checked with, `now` at the latest; the ids of those that changed.
pub(crate) fn settle(rows: &mut [KeyRow], now: Timestamp) -> Vec<String> {
    let Some(active) = signing(rows) else { return Vec::new() };
    let (active, newest) = (active.id.clone(), active.activation.as_ref().map_or(0, |it| it.accepted_for));
    let mut changed = Vec::new();
    for row in rows.iter_mut() {
        let Some(activation) = &row.activation else { continue };
        let until = || plus(now, newest.max(activation.accepted_for));
        let passive = (row.id != active).then(|| row.passive_until.unwrap_or_else(until));
        if passive != row.passive_until {
            row.passive_until = passive;
            changed.push(row.id.clone());
        }
    }
    changed
}

fn plus(now: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(now.as_micros().saturating_add(micros))
}
