//! What replicas tell each other, carried by hand.

use std::sync::Arc;

use continuity_base::ManualClock;
use continuity_log::{Kind, Log, MemoryDisk, Options};

use super::*;
use crate::control::event::{ClientCreated, TokenRevoked};
use crate::keys::secret::SecretDigest;
use crate::testing::{fleet_key, manual_clock, options};
use crate::{AuthOptions, ClientSettings, KeyState, ScopeSet};

struct Bench {
    clock: Arc<ManualClock>,
    auth: Auth,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new(name: &str) -> Self {
        Self::on(MemoryDisk::new(), name)
    }

    fn on(disk: MemoryDisk, name: &str) -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), manual_clock());
        std::fs::create_dir_all(dir.path().join("keys")).unwrap();
        let key = dir.path().join("keys/fleet-key");
        crate::keys::private_file::create(&key, "07".repeat(32).as_bytes()).unwrap();
        let options = AuthOptions { replica: Some(name.to_owned()), shared: true, ..options(dir.path(), &clock) };
        Self { auth: Auth::open_on(Arc::new(disk), options).unwrap(), clock, _dir: dir }
    }

    fn stream(&self) -> ControlStream {
        self.auth.control_stream()
    }

    fn outgoing(&self, all: bool) -> Vec<Vec<u8>> {
        let pending = self.stream().pending(0, all, 1_000).unwrap();
        assert_eq!(pending.until, self.stream().head());
        pending.messages.into_iter().map(|message| message.bytes).collect()
    }

    fn take_all_of(&self, other: &Self) -> Vec<Taken> {
        self.stream().take(&other.outgoing(false)).unwrap()
    }

    fn create(&self) -> String {
        self.auth.create_client(ClientSettings::named("Reporting", ScopeSet::all())).unwrap().client.id
    }

    fn states(&self) -> Vec<&'static str> {
        self.auth.signing_keys().into_iter().map(|key| key.state.name()).collect()
    }
}

#[test]
fn what_comes_again_is_known_and_what_came_is_sent_only_where_all_is_asked_for() {
    let (a, b) = (Bench::new("a"), Bench::new("b"));
    a.create();
    let first = b.take_all_of(&a);
    assert!(first.len() == 3 && first.iter().all(|taken| *taken == Taken::Applied), "{first:?}");
    let records = b.stream().head();
    assert!(b.take_all_of(&a).iter().all(|taken| *taken == Taken::Known));
    let twice = [a.outgoing(false), a.outgoing(false)].concat();
    assert!(b.stream().take(&twice).unwrap().iter().all(|taken| *taken == Taken::Known));
    assert_eq!(b.stream().head(), records);
    assert_eq!((b.outgoing(false).len(), b.outgoing(true).len()), (2, 5));
    let c = Bench::new("c");
    c.stream().take(&b.outgoing(true)).unwrap();
    assert_eq!(c.auth.export_clients().unwrap(), a.auth.export_clients().unwrap(), "told by another one");
    let record = c.auth.control_log().get(c.stream().head()).unwrap();
    assert_eq!(crate::ControlRecord::read(&record.payload).unwrap().replica.as_deref(), Some("a"));
}

#[test]
fn what_stays_on_a_replica_is_not_sent_nor_what_is_over() {
    let a = Bench::new("a");
    let sent = a.outgoing(false).len();
    let revoked = |expires| Change::TokenRevoked(TokenRevoked { id: "t".into(), client_id: "c".into(), expires });
    let now = a.auth.now().as_seconds();
    for change in [Change::ClientsUsed(Vec::new()), revoked(now - 1), revoked(now + 60)] {
        a.auth.control().append_blocking(By::actor("c"), change).unwrap();
    }
    assert_eq!(a.outgoing(false).len(), sent + 1);
}

#[test]
fn records_of_version_1_are_shared_too() {
    let disk = MemoryDisk::new();
    let mut writer = Log::open(Arc::new(disk.clone()), Options::default(), &[]).unwrap().writer;
    let id = || "client-1".to_owned();
    let created = ClientCreated {
        id: id(),
        name: "Old".to_owned(),
        description: String::new(),
        scopes: vec!["loans:read".to_owned()],
        token_seconds: None,
        secret: SecretDigest::from_bytes([7; 32]),
    };
    let changes =
        [Change::ClientCreated(created), Change::ClientDisabled { id: id() }, Change::ClientEnabled { id: id() }];
    for (at, change) in (1..).zip(changes) {
        // As version 1 wrote it: an actor and the change.
        let payload = postcard::to_extend(&("cli", change), vec![1]).unwrap();
        let record = Record { kind: Kind::Operator, subject: id(), sequence: 0, arrived_at: at, payload };
        writer.append(vec![record]).unwrap().wait().unwrap();
    }
    drop(writer);
    let (a, b) = (Bench::on(disk, "a"), Bench::new("b"));
    b.take_all_of(&a);
    let row = |bench: &Bench| bench.auth.clients().row("client-1").unwrap();
    assert_eq!(row(&a), row(&b));
    assert!(row(&b).is_enabled() && row(&b).generation() != 0);
    a.auth.set_enabled("client-1", false).unwrap();
    b.take_all_of(&a);
    assert_eq!((row(&a), row(&b).is_enabled()), (row(&b), false));
    assert_eq!(a.stream().conflicts(9).unwrap().1 + b.stream().conflicts(9).unwrap().1, 0);
}

#[test]
fn what_a_later_version_made_is_told_from_what_proves_nothing() {
    let a = Bench::new("a");
    let seal = fleet_key().sealing("control stream").unwrap();
    let sealed = |about: &str, payload: &[u8]| {
        let mut message = vec![1];
        message.extend(seal.seal(about, payload).unwrap());
        message
    };
    let foreign = crate::keys::fleet::FleetKey::from_bytes(&[8; 32]).sealing("control stream").unwrap();
    let mut of_others = vec![1];
    of_others.extend(foreign.seal("control stream v1", &[3, 1]).unwrap());
    let local = Entry { by: By::actor("x"), origin: None, change: Change::ClientsUsed(Vec::new()) };
    let unshared = sealed("control stream v1", &local.encode());
    let (mut unstorable, version) = (local.clone(), crate::testing::version());
    unstorable.change = Change::ClientDeleted { id: "x".repeat(70_000) };
    unstorable.origin = Some(Origin { version, received: false });
    let unstorable = sealed("control stream v1", &unstorable.encode());
    let messages =
        [unstorable, sealed("control stream v1", &[3, 1]), sealed("control stream v2", &[3]), of_others, unshared];
    let (unsealed, malformed) = (Taken::Refused(Refusal::Unsealed), Taken::Refused(Refusal::Malformed));
    let expected = [malformed, Taken::Later, unsealed, unsealed, malformed];
    assert_eq!(a.stream().take(&messages).unwrap(), expected);
}

#[test]
fn a_fast_clock_elsewhere_does_not_win_over_what_is_made_in_knowledge_of_it() {
    let (a, b) = (Bench::new("a"), Bench::new("b"));
    let id = a.create();
    a.clock.advance(Duration::from_hours(1));
    b.take_all_of(&a);
    let named = |bench: &Bench, name: &str| {
        let settings = ClientSettings { name: name.to_owned(), ..bench.auth.client_settings(&id).unwrap() };
        bench.auth.change_client(&id, settings).unwrap();
    };
    named(&a, "from a fast clock");
    b.take_all_of(&a);
    named(&b, "later");
    a.take_all_of(&b);
    for bench in [&a, &b] {
        assert_eq!(bench.auth.client_settings(&id).unwrap().name, "later");
        assert_eq!(bench.stream().conflicts(9).unwrap().1, 0);
    }
}

#[test]
fn changes_of_one_client_at_the_same_time_are_told_where_one_does_not_count() {
    let (a, b) = (Bench::new("a"), Bench::new("b"));
    let id = a.create();
    b.take_all_of(&a);
    for (bench, name) in [(&a, "by a"), (&b, "by b")] {
        bench.clock.advance(Duration::from_secs(5));
        let settings = ClientSettings { name: name.to_owned(), ..bench.auth.client_settings(&id).unwrap() };
        bench.auth.change_client(&id, settings).unwrap();
    }
    b.take_all_of(&a);
    a.take_all_of(&b);
    for bench in [&a, &b] {
        assert_eq!(bench.auth.client_settings(&id).unwrap().name, "by b", "the same time: the greater name");
        let (conflicts, count) = bench.stream().conflicts(9).unwrap();
        assert_eq!((conflicts[0].what.as_str(), conflicts[0].lost_replica.as_str(), count), ("settings", "a", 1));
        assert_eq!(conflicts[0].subject, id);
    }
}

#[test]
fn keys_of_two_first_starts_become_one_that_signs() {
    let (a, b) = (Bench::new("a"), Bench::new("b"));
    a.clock.advance(Duration::from_mins(1));
    b.take_all_of(&a);
    a.take_all_of(&b);
    assert_eq!(a.states(), b.states());
    let count = |state| a.states().iter().filter(|one| **one == state).count();
    assert_eq!((count("active"), count("passive")), (1, 1));
    assert_eq!(a.auth.jwks(), b.auth.jwks());
    let conflicts = a.stream().conflicts(9).unwrap().1;
    assert_eq!(conflicts, 0, "nobody decided anything");
    // A leak: the key that signs is retired on one, and so on the other, which signs with the next one.
    let active = a.auth.signing_keys().into_iter().find(|key| key.state == KeyState::Active).unwrap().id;
    a.auth.retire_key(&active, "it leaked").unwrap();
    b.take_all_of(&a);
    assert_eq!(a.states(), b.states());
    assert!(b.auth.signing_keys().iter().any(|key| key.id == active && key.state == KeyState::Retired));
    // Long after, keys that sign no more are given up.
    for bench in [&a, &b] {
        bench.clock.advance(Duration::from_hours(20 * 24));
        bench.auth.look_after_keys().unwrap();
        assert!(bench.states().contains(&"passive"), "somebody who is cut off may still sign with it");
        bench.clock.advance(Duration::from_hours(20 * 24));
        bench.auth.look_after_keys().unwrap();
        assert!(!bench.states().contains(&"passive"));
    }
}

#[test]
fn retired_on_both_sides_another_key_signs_at_once() {
    let (a, b) = (Bench::new("a"), Bench::new("b"));
    b.take_all_of(&a);
    a.take_all_of(&b);
    a.auth.look_after_keys().unwrap();
    b.take_all_of(&a);
    // While they are cut off, a rotates to the next key, which b retires.
    let next = b.auth.signing_keys().into_iter().find(|key| key.state == KeyState::Next).unwrap().id;
    a.auth.rotate_key(None, true).unwrap();
    b.auth.retire_key(&next, "it leaked").unwrap();
    a.take_all_of(&b);
    b.take_all_of(&a);
    a.take_all_of(&b);
    b.take_all_of(&a);
    assert_eq!(a.states(), b.states());
    assert_eq!(a.states().iter().filter(|state| **state == "active").count(), 1, "{:?}", a.states());
}

#[test]
fn a_rotation_that_another_replica_makes_late_revives_no_key() {
    let (a, b) = (Bench::new("a"), Bench::new("b"));
    a.auth.look_after_keys().unwrap();
    b.take_all_of(&a);
    a.take_all_of(&b);
    // While b is cut off, a rotates twice; then b rotates to the key that a gave up long ago.
    a.auth.rotate_key(None, true).unwrap();
    let signs = a.auth.rotate_key(None, true).unwrap().id;
    b.clock.advance(Duration::from_hours(1));
    b.auth.rotate_key(None, true).unwrap();
    b.take_all_of(&a);
    a.take_all_of(&b);
    for bench in [&a, &b] {
        let active = bench.auth.signing_keys().into_iter().find(|key| key.state == KeyState::Active);
        assert_eq!(active.map(|key| key.id).as_ref(), Some(&signs));
    }
    assert_eq!(a.states(), b.states());
}

#[test]
fn the_bookmark_is_kept_beside_the_log() {
    let a = Bench::new("a");
    assert_eq!(a.stream().bookmark().unwrap(), None);
    a.stream().keep_bookmark(vec![1, 2]).unwrap();
    a.create();
    assert_eq!(a.stream().bookmark().unwrap(), Some(vec![1, 2]));
}
