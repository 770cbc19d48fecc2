//! Whatever several replicas change while they are cut off from each other, and in whatever order they hear of it: in the
//! end they agree, and what was taken away stays away.

use continuity_base::Timestamp;
use continuity_readmodel::{Batch, Place, Store};
use proptest::prelude::*;

use super::clients::ClientRow;
use super::event::{By, Change, ClientRegistered, Entry, KeyMade, SecretRotated, TokenRevoked};
use super::projection::{CLIENTS, KEYS, TABLES, VERSION, apply, decode, get, rows_of};
use super::record;
use super::settings::{FirstSettings, Settings};
use super::stamp::{Origin, Stamps, Version};
use crate::keys::algorithm::PublicKey;
use crate::keys::row::{self, KeyRow, KeyState};
use crate::keys::secret::SecretDigest;

const REPLICAS: usize = 3;
const START: i64 = 1_795_370_400_000_000;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody wants something on a replica, of a client or key, by a clock that is off by seconds.
    Change { on: usize, want: Want, of: u8, clock: i64 },
    /// A message arrives: the newest of what one knows, but for some.
    Deliver { from: usize, to: usize, but: usize },
}

#[derive(Clone, Copy, Debug)]
enum Want {
    Register(bool),
    Settings(u8),
    Keys,
    Enable,
    Disable,
    Delete,
    Rotate(u8, bool),
    Revoke,
    MakeKey,
    Activate,
    Retire,
}

/// A replica without disks and threads.
struct Replica {
    _store: Store,
    batch: Batch,
    stamps: Stamps,
    /// Every shared change that it knows.
    known: Vec<Entry>,
    records: u64,
}

impl Replica {
    fn new(number: usize) -> Self {
        let store = Store::open(Place::memory(), "control", VERSION, TABLES, 1 << 20).unwrap();
        let stamps = Stamps::new(&format!("replica-{number}"));
        Self { batch: store.batch(), _store: store, stamps, known: Vec::new(), records: 0 }
    }

    fn client(&mut self, id: &str) -> Option<ClientRow> {
        get(&self.batch.rows(), CLIENTS, id.as_bytes()).unwrap()
    }

    fn keys(&mut self) -> Vec<KeyRow> {
        let rows = rows_of(KEYS, &self.batch.rows()).unwrap();
        rows.iter().map(|row| decode(KEYS, row).unwrap()).collect()
    }

    fn take(&mut self, entry: &Entry) {
        self.stamps.saw(version(entry).stamp.at);
        self.records += 1;
        let record = record(entry, Timestamp::from_micros(START));
        apply(&record, self.records, &mut self.batch.rows()).unwrap();
        if !self.known.iter().any(|known| known.origin == entry.origin) {
            self.known.push(entry.clone());
        }
    }

    /// As the administration decides it: nothing is changed that is not there.
    fn decide(&mut self, want: Want, of: u8) -> Option<Change> {
        let id = format!("client-{of}");
        let row = self.client(&id);
        let there = row.as_ref().is_some_and(ClientRow::is_there);
        let enabled = row.as_ref().is_some_and(ClientRow::is_enabled);
        let taken = row.is_some_and(|row| row.is_taken());
        match want {
            Want::Register(enabled) if !taken => {
                let (settings, secret) = (settings(of, "client_secret"), Some(SecretDigest::from_bytes([of; 32])));
                Some(Change::ClientRegistered(ClientRegistered { id, enabled, settings, secret }))
            }
            Want::Settings(name) if there => {
                Some(Change::ClientChanged { id, settings: settings(name, "client_secret") })
            }
            Want::Keys if there => Some(Change::ClientChanged { id, settings: settings(of, "private_key_jwt") }),
            Want::Enable if there && !enabled => Some(Change::ClientEnabled { id }),
            Want::Disable if there && enabled => Some(Change::ClientDisabled { id }),
            Want::Delete if there => Some(Change::ClientDeleted { id }),
            Want::Rotate(byte, keeps) if there => {
                let previous_until = keeps.then_some(START + 1_000_000);
                let secret = SecretDigest::from_bytes([byte; 32]);
                Some(Change::SecretRotated(SecretRotated { id, secret, previous_until }))
            }
            Want::Revoke => {
                Some(Change::TokenRevoked(TokenRevoked { id: format!("token-{of}"), client_id: id, expires: START }))
            }
            Want::MakeKey | Want::Activate | Want::Retire => self.decide_key(want, of),
            _ => None,
        }
    }

    fn decide_key(&mut self, want: Want, of: u8) -> Option<Change> {
        let id = format!("key-{of}");
        let state = self.keys().into_iter().find(|row| row.id == id).map(|row| row.state());
        match (want, state) {
            (Want::MakeKey, None) => {
                let public = PublicKey::Ed25519 { x: id.clone() };
                Some(Change::KeyMade(KeyMade { id, algorithm: "EdDSA".to_owned(), public, sealed: vec![of] }))
            }
            (Want::Activate, Some(KeyState::Next)) => {
                Some(Change::KeyActivated { id, previous_until: START + 1_000_000 })
            }
            (Want::Retire, Some(_)) => Some(Change::KeyRetired { id, reason: "it leaked".to_owned() }),
            _ => None,
        }
    }

    fn change(&mut self, want: Want, of: u8, clock: i64) {
        let Some(change) = self.decide(want, of) else { return };
        let after = match &change {
            Change::KeyActivated { .. } => {
                row::signing(&self.keys()).and_then(KeyRow::activated_by).into_iter().collect()
            }
            other => self.client(other.subject()).map(|row| row.superseded_by(other)).unwrap_or_default(),
        };
        let now = Timestamp::from_micros(START + clock * 1_000_000);
        let version = self.stamps.next(now, after).unwrap();
        let origin = Some(Origin { version, received: false });
        self.take(&Entry { by: By::actor("somebody"), origin, change });
    }

    /// What all have to agree on: the rows without what each replica saw for itself.
    fn shown(&mut self) -> (Vec<Option<ClientRow>>, Vec<KeyRow>) {
        let clients = (0..3).map(|of| self.client(&format!("client-{of}"))).collect();
        let mut keys = self.keys();
        for key in &mut keys {
            // Each counts from when it learnt that another one signs; whether it did, all agree.
            key.passive_until = key.passive_until.map(|_| Timestamp::default());
        }
        (clients, keys)
    }
}

fn settings(name: u8, authentication: &str) -> Settings {
    FirstSettings { name: name.to_string(), authentication: authentication.to_owned(), ..FirstSettings::default() }
        .into()
}

fn wants() -> impl Strategy<Value = Want> {
    prop_oneof![
        2 => any::<bool>().prop_map(Want::Register),
        2 => any::<u8>().prop_map(Want::Settings),
        1 => Just(Want::Keys),
        4 => Just(Want::Enable),
        4 => Just(Want::Disable),
        1 => Just(Want::Delete),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(byte, keeps)| Want::Rotate(byte, keeps)),
        1 => Just(Want::Revoke),
        2 => Just(Want::MakeKey),
        2 => Just(Want::Activate),
        1 => Just(Want::Retire),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let change = (0..REPLICAS, wants(), 0..3_u8, -60..60_i64).prop_map(|(on, want, of, clock)| Step::Change {
        on,
        want,
        of,
        clock,
    });
    let deliver = (0..REPLICAS, 0..REPLICAS, 0..8_usize).prop_map(|(from, to, but)| Step::Deliver { from, to, but });
    // Few deliveries: long partitions. Any message, in any order, more than once.
    prop::collection::vec(prop_oneof![3 => change, 2 => deliver], 1..80)
}

fn version(entry: &Entry) -> &Version {
    &entry.origin.as_ref().unwrap().version
}

/// What was taken away, judged from the changes alone.
fn check(replica: &mut Replica, all: &[Entry]) {
    for entry in all {
        let id = entry.change.subject().to_owned();
        match &entry.change {
            Change::ClientDeleted { .. } => {
                let row = replica.client(&id).unwrap();
                assert!(!row.is_there() && row.is_taken(), "{id} is deleted for good");
            }
            Change::ClientDisabled { .. } => {
                let names = |other: &&Entry| {
                    matches!(&other.change, Change::ClientEnabled { .. })
                        && version(other).after.contains(&version(entry).stamp.id)
                };
                if !all.iter().any(|other| names(&other)) {
                    assert!(!replica.client(&id).unwrap().is_enabled(), "nobody who knew enabled {id} again");
                }
            }
            Change::KeyRetired { .. } => {
                let state = replica.keys().into_iter().find(|row| row.id == id).map(|row| row.state());
                assert_eq!(state, Some(KeyState::Retired), "{id}");
            }
            _ => {}
        }
    }
    let signing = replica.keys().into_iter().filter(|row| row.state() == KeyState::Active).count();
    assert!(signing <= 1, "{signing} keys sign");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn replicas_agree_in_the_end_and_what_was_taken_away_stays_away(
        steps in steps(),
        seeds in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        let mut replicas: Vec<_> = (0..REPLICAS).map(Replica::new).collect();
        for step in steps {
            match step {
                Step::Change { on, want, of, clock } => replicas[on].change(want, of, clock),
                Step::Deliver { from, to, but } => {
                    let entry = replicas[from].known.iter().rev().nth(but).cloned();
                    if let Some(entry) = entry {
                        replicas[to].take(&entry);
                    }
                }
            }
        }
        let mut all: Vec<Entry> = Vec::new();
        for entry in replicas.iter().flat_map(|replica| &replica.known) {
            if !all.iter().any(|known| known.origin == entry.origin) {
                all.push(entry.clone());
            }
        }
        // The cut is over: each gets everything, in an order of its own, some of it twice.
        for (number, replica) in replicas.iter_mut().enumerate() {
            let mut order = all.clone();
            for (at, seed) in seeds.iter().skip(number * 60).take(60).enumerate() {
                if !order.is_empty() {
                    let (at, other) = (at % order.len(), seed.index(order.len()));
                    order.swap(at, other);
                }
            }
            for entry in &order {
                replica.take(entry);
            }
            check(replica, &all);
        }
        let first = replicas[0].shown();
        for replica in &mut replicas[1..] {
            prop_assert_eq!(&replica.shown(), &first);
        }
    }
}
