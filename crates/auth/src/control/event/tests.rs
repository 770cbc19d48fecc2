//! The stored format: every version decodes for good.

use std::path::PathBuf;

use super::*;
use crate::authorization::event::GrantStarted;
use crate::control::stamp::{ChangeId, Stamp, Version};
use crate::people::event::{AccountStored, PasswordHash, PasswordSet, Used};

/// One entry of each kind that version 1 knew, as the fixtures hold it.
fn entries_v1() -> Vec<(&'static str, Entry)> {
    let entry = |actor: &str, change| Entry { by: By::actor(actor), origin: None, change };
    let id = || "client-0011223344556677".to_owned();
    let created = ClientCreated {
        id: id(),
        name: "Reporting \u{2013} nightly".to_owned(),
        description: "Reads loans".to_owned(),
        scopes: vec!["loans:read".to_owned(), "audit:read".to_owned()],
        token_seconds: Some(900),
        secret: SecretDigest::from_bytes([0xab; 32]),
    };
    let rotated = SecretRotated {
        id: id(),
        secret: SecretDigest::from_bytes([0xcd; 32]),
        previous_until: Some(1_795_374_000_000_000),
    };
    let access = AccessRecorded {
        id: "00112233-4455-4677-8899-aabbccddeeff".to_owned(),
        loan: "lr-1".to_owned(),
        task: "task-1".to_owned(),
        item: Some("item-1".to_owned()),
        action: "TASK_ATTACHMENT_READ".to_owned(),
        client_id: id(),
        client_name: Some("Reporting".to_owned()),
        scope: "tasks:read".to_owned(),
        request_id: "r-1".to_owned(),
    };
    let document = DocumentRead {
        id: "99112233-4455-4677-8899-aabbccddeeff".to_owned(),
        loan: "lr-1".to_owned(),
        document: "doc-1".to_owned(),
        version: Some(3),
        endpoint: "downloadDocument".to_owned(),
        client_id: id(),
        client_name: Some("Reporting".to_owned()),
        scope: "documents:read".to_owned(),
        request_id: "r-2".to_owned(),
    };
    let counted = |loan: Option<&str>, endpoint: &str, count| CountedRead {
        client_id: id(),
        client_name: Some("Reporting".to_owned()),
        loan: loan.map(str::to_owned),
        endpoint: endpoint.to_owned(),
        count,
    };
    let reads = ReadsRecorded {
        id: *b"sixteen bytes id",
        from: 1_795_374_000,
        seconds: 60,
        reads: vec![counted(Some("lr-1"), "getLoanRequest", 1_000), counted(None, "listLoanRequests", 1)],
    };
    vec![
        ("client-created", entry("cli", Change::ClientCreated(created))),
        ("client-enabled", entry("cli", Change::ClientEnabled { id: id() })),
        ("client-disabled", entry("demo", Change::ClientDisabled { id: id() })),
        ("secret-rotated", entry("cli", Change::SecretRotated(rotated))),
        ("access-recorded", entry("client-0011223344556677", Change::AccessRecorded(access))),
        ("document-read", entry("client-0011223344556677", Change::DocumentRead(document))),
        ("reads-recorded", entry("replica", Change::ReadsRecorded(reads))),
    ]
}

fn first_settings() -> FirstSettings {
    FirstSettings {
        name: "Nightly".to_owned(),
        description: "Reads loans".to_owned(),
        scopes: vec!["loans:read".to_owned()],
        token_seconds: Some(900),
        grant_types: vec!["client_credentials".to_owned()],
        authentication: "private_key_jwt".to_owned(),
        redirect_uris: Vec::new(),
        jwks: Some("{\"keys\":[]}".to_owned()),
        allowed_networks: vec!["10.0.0.0/8".to_owned()],
        rate_limit: Some((5, 10)),
        may_introspect: true,
        teams: vec!["branch-north".to_owned(), "Key accounts, Vienna".to_owned()],
        channel_kinds: vec!["GENERAL".to_owned(), "LEGAL".to_owned()],
    }
}

fn settings() -> Settings {
    let more = [("may-administer", "yes"), ("owner", ACCOUNT), ("said-by-a-later-version", "yes")];
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Settings { first: first_settings(), more }
}

fn administrator() -> By {
    By {
        actor: "admin@bank.example".to_owned(),
        address: Some("192.0.2.7".to_owned()),
        reason: Some("it leaked".to_owned()),
    }
}

/// Kinds that are not written any more, as they are read.
fn entries_read_as_others() -> Vec<(&'static str, Entry)> {
    let client = || "client-0011223344556677".to_owned();
    let registered = ClientRegistered {
        id: client(),
        enabled: true,
        settings: first_settings().into(),
        secret: Some(SecretDigest::from_bytes([0xef; 32])),
    };
    let kinds = [
        ("client-registered", Change::ClientRegistered(registered)),
        ("client-changed", Change::ClientChanged { id: client(), settings: first_settings().into() }),
    ];
    kinds.map(|(name, change)| (name, Entry { by: administrator(), origin: origin(&change), change })).into()
}

/// One entry of each kind as they are written now.
fn entries() -> Vec<(&'static str, Entry)> {
    let key = || "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned();
    let made = KeyMade {
        id: key(),
        algorithm: "EdDSA".to_owned(),
        public: PublicKey::Ed25519 { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned() },
        sealed: vec![1, 2, 3],
    };
    let revoked =
        TokenRevoked { id: "t1".to_owned(), client_id: "client-0011223344556677".to_owned(), expires: 1_795_374_000 };
    let client = || "client-0011223344556677".to_owned();
    let registered = ClientRegistered {
        id: client(),
        enabled: true,
        settings: settings(),
        secret: Some(SecretDigest::from_bytes([0xef; 32])),
    };
    let used = ClientUsed { id: client(), secret: Some(1_795_370_400_000_000), at: 1_795_374_000_000_000 };
    let new = [
        ("key-made", Change::KeyMade(made)),
        ("key-activated", Change::KeyActivated { id: key(), previous_until: 1_795_374_000_000_000 }),
        ("key-retired", Change::KeyRetired { id: key(), reason: "it leaked".to_owned() }),
        ("token-revoked", Change::TokenRevoked(revoked)),
        ("client-registered-2", Change::ClientRegistered(registered)),
        ("client-changed-2", Change::ClientChanged { id: client(), settings: settings() }),
        ("client-deleted", Change::ClientDeleted { id: client() }),
        ("clients-used", Change::ClientsUsed(vec![used])),
        ("key-expired", Change::KeyExpired { id: key() }),
    ];
    let new = new.into_iter().chain(of_people()).chain(of_grants());
    let new = new.map(|(name, change)| (name, Entry { by: administrator(), origin: origin(&change), change }));
    let of_old_kinds = entries_v1().into_iter().map(|(name, entry)| {
        let origin = origin(&entry.change);
        (name, Entry { origin, ..entry })
    });
    of_old_kinds.chain(new).collect()
}

/// Of what is shared: made elsewhere, in knowledge of another change.
fn origin(change: &Change) -> Option<Origin> {
    let id = |byte| ChangeId::from_bytes([byte; 16]);
    let at = Timestamp::from_micros(1_795_370_400_000_000);
    let stamp = Stamp { at, replica: "north".to_owned(), id: id(0x11) };
    let version = Version { stamp, after: vec![id(0x22)] };
    change.is_shared().then_some(Origin { version, received: true })
}

const ACCOUNT: &str = "4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f";

fn of_people() -> Vec<(&'static str, Change)> {
    let stored = || AccountStored {
        email: "jane@bank.example".to_owned(),
        name: "Jane Doering".to_owned(),
        roles: vec!["viewer".to_owned()],
        scopes: vec!["loans:read".to_owned()],
        teams: vec!["branch-north".to_owned()],
        channel_kinds: vec!["LEGAL".to_owned()],
    };
    let issuer = || "https://login.bank.example".to_owned();
    let digest = || SecretDigest::from_bytes([0xab; 32]);
    let set =
        PasswordSet { hash: PasswordHash("$argon2id$x".to_owned()), temporary: true, keeps: Some("s1".to_owned()) };
    let passkey =
        AccountEvent::PasskeyAdded { id: "cred".to_owned(), name: "Key".to_owned(), credential: "{}".to_owned() };
    let until = 1_795_374_000_000_000;
    let accounts = [
        ("account-created", AccountEvent::Created(stored())),
        ("account-changed", AccountEvent::Changed(stored())),
        ("account-enabled", AccountEvent::Enabled),
        ("account-disabled", AccountEvent::Disabled),
        ("account-deleted", AccountEvent::Deleted),
        ("account-link-made", AccountEvent::LinkMade { digest: digest(), until }),
        ("password-set", AccountEvent::PasswordSet(set)),
        ("totp-set", AccountEvent::TotpSet { sealed: vec![1, 2, 3] }),
        ("totp-removed", AccountEvent::TotpRemoved),
        ("passkey-added", passkey),
        ("passkey-removed", AccountEvent::PasskeyRemoved { id: "cred".to_owned() }),
        ("recovery-codes-made", AccountEvent::RecoveryCodesMade { digests: vec![digest(), digest()] }),
        ("sign-ins-failed", AccountEvent::SignInsFailed { count: 7 }),
        ("factors-reset", AccountEvent::FactorsReset),
        ("account-linked", AccountEvent::Linked { issuer: issuer(), subject: "00u1".to_owned() }),
        ("account-unlinked", AccountEvent::Unlinked),
        (
            "account-created-linked",
            AccountEvent::CreatedLinked { stored: stored(), issuer: issuer(), subject: "00u1".to_owned() },
        ),
    ];
    let started = |used| SessionStarted {
        id: "s1".to_owned(),
        account: ACCOUNT.to_owned(),
        generation: 3,
        digest: digest(),
        methods: vec!["pwd".to_owned(), "otp".to_owned()],
        agent: "A browser".to_owned(),
        until,
        used,
    };
    let ended =
        SessionEvent::Ended { id: "s1".to_owned(), account: ACCOUNT.to_owned(), until, why: "signed out".to_owned() };
    let proved = SessionProved {
        id: "s1".to_owned(),
        account: ACCOUNT.to_owned(),
        until,
        method: "otp".to_owned(),
        used: Used::TotpStep(59_845_681),
    };
    let passkey = Used::Passkey { id: "cred".to_owned(), credential: "{}".to_owned() };
    let sessions = [
        ("signed-in", SessionEvent::Started(started(Used::Nothing))),
        ("signed-in-by-code", SessionEvent::Started(started(Used::TotpStep(59_845_680)))),
        ("signed-in-by-recovery-code", SessionEvent::Started(started(Used::RecoveryCode(digest())))),
        ("signed-in-by-passkey", SessionEvent::Started(started(passkey))),
        ("signed-out", ended),
        ("proved", SessionEvent::Proved(proved)),
        ("signed-in-elsewhere", SessionEvent::StartedElsewhere { started: started(Used::Nothing), proved_at: until }),
    ];
    let accounts = accounts.map(|(name, what)| (name, Change::Account { id: ACCOUNT.to_owned(), what }));
    accounts.into_iter().chain(sessions.map(|(name, what)| (name, Change::Session(what)))).collect()
}

fn of_grants() -> Vec<(&'static str, Change)> {
    let (account, client, id) = (|| ACCOUNT.to_owned(), || "client-0011223344556677".to_owned(), || "g1".to_owned());
    let started = GrantStarted {
        id: id(),
        account: account(),
        account_generation: 3,
        client: client(),
        client_generation: 1,
        session: Some("s1".to_owned()),
        scopes: "openid loans:read".to_owned(),
        methods: vec!["pwd".to_owned()],
        authenticated_at: 1_795_370_400,
        refreshes: true,
        until: 1_795_374_000_000_000,
    };
    let scopes = vec!["openid".to_owned(), "loans:read".to_owned()];
    let grants = [
        ("consented", GrantEvent::Consented { account: account(), client: client(), scopes }),
        ("consent-withdrawn", GrantEvent::Withdrawn { account: account(), client: client() }),
        ("grant-started", GrantEvent::Started(started)),
        ("grant-refreshed", GrantEvent::Refreshed { account: account(), id: id(), number: 2 }),
        ("grant-ended", GrantEvent::Ended { account: account(), id: id(), why: "its code was used again".to_owned() }),
        (
            "grant-bound",
            GrantEvent::Bound {
                account: account(),
                id: id(),
                key: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".to_owned(),
            },
        ),
    ];
    grants.map(|(name, what)| (name, Change::Grant(what))).into_iter().collect()
}

fn fixture(version: u8, name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/control/v{version}/{name}.bin"))
}

#[test]
fn records_of_version_1_decode() {
    for (name, entry) in entries_v1() {
        let stored = std::fs::read(fixture(1, name)).unwrap();
        assert_eq!(Entry::decode(&stored).unwrap(), entry, "{name}");
    }
}

#[test]
fn records_decode_and_are_written_as_ever() {
    for (name, entry) in entries() {
        let stored = std::fs::read(fixture(2, name)).unwrap();
        assert_eq!(Entry::decode(&stored).unwrap(), entry, "{name}");
        assert_eq!(entry.encode(), stored, "{name}");
    }
}

#[test]
fn kinds_that_are_not_written_any_more_are_read_as_others() {
    for (name, entry) in entries_read_as_others() {
        let stored = std::fs::read(fixture(2, name)).unwrap();
        assert_eq!(Entry::decode(&stored).unwrap(), entry, "{name}");
    }
}

/// Run once for a new kind of record; an existing file must never change.
#[test]
#[ignore = "writes the fixtures of kinds that have none yet"]
fn write_missing_fixtures() {
    for (name, entry) in entries() {
        let path = fixture(2, name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !path.exists() {
            std::fs::write(path, entry.encode()).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    for (payload, hint) in
        [(&[][..], "verify"), (&[3, 0], "version 3"), (&[2, 1, b'x', 0, 0, 0, 99], "start the version")]
    {
        let error = Entry::decode(payload).unwrap_err().to_string();
        assert!(error.contains(hint), "{error}");
    }
}

#[test]
fn every_prefix_of_a_record_is_refused_without_a_panic() {
    for (name, entry) in entries() {
        let stored = entry.encode();
        for cut in 0..stored.len() {
            assert!(Entry::decode(&stored[..cut]).is_err(), "{name} cut at {cut}");
        }
    }
}

#[test]
fn a_description_is_one_line_and_shows_no_digest() {
    let lines: Vec<_> =
        entries().iter().map(|(_, entry)| ControlRecord::read(&entry.encode()).unwrap().to_string()).collect();
    assert_eq!(
        lines,
        [
            "cli on north: ClientCreated client-0011223344556677 scopes loans:read audit:read",
            "cli on north: ClientEnabled client-0011223344556677",
            "demo on north: ClientDisabled client-0011223344556677",
            "cli on north: SecretRotated client-0011223344556677 the secret before stays for a while",
            "client-0011223344556677: AccessRecorded lr-1 TASK_ATTACHMENT_READ of task task-1 by client-0011223344556677",
            "client-0011223344556677: DocumentRead lr-1 DOCUMENT_READ of document doc-1 by client-0011223344556677",
            "replica: ReadsRecorded 1001 reads in 2 rows, 60 s from 2026-11-22T19:00:00.000Z",
            "admin@bank.example from 192.0.2.7 on north: KeyMade kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k EdDSA (it leaked)",
            "admin@bank.example from 192.0.2.7 on north: KeyActivated kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k \
             tokens of the key before are accepted until 2026-11-22T19:00:00.000Z (it leaked)",
            "admin@bank.example from 192.0.2.7 on north: KeyRetired kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k it leaked (it leaked)",
            "admin@bank.example from 192.0.2.7 on north: TokenRevoked client-0011223344556677 token t1 (it leaked)",
            "admin@bank.example from 192.0.2.7 on north: ClientRegistered client-0011223344556677 \"Nightly\", scopes loans:read, \
             grants client_credentials, by private_key_jwt (no key), from 10.0.0.0/8, teams \"branch-north\" \"Key accounts, Vienna\", \
             channels GENERAL LEGAL, 5/s, may introspect, may administer, \
             looked after by 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7 on north: ClientChanged client-0011223344556677 \"Nightly\", scopes loans:read, \
             grants client_credentials, by private_key_jwt (no key), from 10.0.0.0/8, teams \"branch-north\" \"Key accounts, Vienna\", \
             channels GENERAL LEGAL, 5/s, may introspect, may administer, \
             looked after by 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7 on north: ClientDeleted client-0011223344556677 (it leaked)",
            "admin@bank.example from 192.0.2.7: ClientsUsed 1 clients (it leaked)",
            "admin@bank.example from 192.0.2.7: KeyExpired kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountCreated 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f jane@bank.example \"Jane Doering\", roles viewer, scopes loans:read, teams [\"branch-north\"], channels LEGAL (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountChanged 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f jane@bank.example \"Jane Doering\", roles viewer, scopes loans:read, teams [\"branch-north\"], channels LEGAL (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountEnabled 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountDisabled 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountDeleted 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountLinkMade 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: PasswordSet 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f for one sign-in (it leaked)",
            "admin@bank.example from 192.0.2.7: TotpSet 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: TotpRemoved 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: PasskeyAdded 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f \"Key\" (it leaked)",
            "admin@bank.example from 192.0.2.7: PasskeyRemoved 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f cred (it leaked)",
            "admin@bank.example from 192.0.2.7: RecoveryCodesMade 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f 2 codes (it leaked)",
            "admin@bank.example from 192.0.2.7: SignInsFailed 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f 7 times (it leaked)",
            "admin@bank.example from 192.0.2.7: FactorsReset 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountLinked 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f subject \"00u1\" of https://login.bank.example (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountUnlinked 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f (it leaked)",
            "admin@bank.example from 192.0.2.7: AccountCreatedLinked 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f jane@bank.example \"Jane Doering\", roles viewer, scopes loans:read, teams [\"branch-north\"], channels LEGAL, subject \"00u1\" of https://login.bank.example (it leaked)",
            "admin@bank.example from 192.0.2.7: SignedIn 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f session s1 by pwd otp (it leaked)",
            "admin@bank.example from 192.0.2.7: SignedIn 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f session s1 by pwd otp (it leaked)",
            "admin@bank.example from 192.0.2.7: SignedIn 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f session s1 by pwd otp (it leaked)",
            "admin@bank.example from 192.0.2.7: SignedIn 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f session s1 by pwd otp (it leaked)",
            "admin@bank.example from 192.0.2.7: SignedOut 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f session s1: signed out (it leaked)",
            "admin@bank.example from 192.0.2.7: Proved 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f session s1 by otp (it leaked)",
            "admin@bank.example from 192.0.2.7: SignedIn 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f session s1 by pwd otp (it leaked)",
            "admin@bank.example from 192.0.2.7: Consented 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f client-0011223344556677 may have openid loans:read (it leaked)",
            "admin@bank.example from 192.0.2.7: ConsentWithdrawn 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f from client-0011223344556677 (it leaked)",
            "admin@bank.example from 192.0.2.7: GrantStarted 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f g1 to client-0011223344556677: openid loans:read (it leaked)",
            "admin@bank.example from 192.0.2.7: GrantRefreshed 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f g1: refresh token 2 (it leaked)",
            "admin@bank.example from 192.0.2.7: GrantEnded 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f g1: its code was used again (it leaked)",
            "admin@bank.example from 192.0.2.7: GrantBound 4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f g1: refresh tokens with proofs of a key alone (it leaked)",
        ]
    );
    let debug = format!("{:?}", entries());
    assert!(!debug.contains("171") && !debug.contains("205") && !debug.contains("239"), "{debug}");
}
