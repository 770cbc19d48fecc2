//! The stored format: every version decodes for good.

use std::path::PathBuf;

use super::*;

/// One entry of each kind, as the fixtures hold it.
fn entries() -> Vec<(&'static str, Entry)> {
    let entry = |actor: &str, change| Entry { actor: actor.to_owned(), change };
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

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/control/v1/{name}.bin"))
}

#[test]
fn records_of_version_1_decode_and_are_written_as_ever() {
    for (name, entry) in entries() {
        let stored = std::fs::read(fixture(name)).unwrap();
        assert_eq!(Entry::decode(&stored).unwrap(), entry, "{name}");
        assert_eq!(entry.encode(), stored, "{name}");
    }
}

/// Run once for a new kind of record; an existing file must never change.
#[test]
#[ignore = "writes the fixtures of kinds that have none yet"]
fn write_missing_fixtures() {
    for (name, entry) in entries() {
        if !fixture(name).exists() {
            std::fs::write(fixture(name), entry.encode()).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    for (payload, hint) in [(&[][..], "verify"), (&[2, 0], "version 2"), (&[1, 1, b'x', 99], "start the version")] {
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
    let lines: Vec<_> = entries().iter().map(|(_, entry)| describe_control_record(&entry.encode()).unwrap()).collect();
    assert_eq!(
        lines,
        [
            "cli: ClientCreated client-0011223344556677 scopes loans:read audit:read",
            "cli: ClientEnabled client-0011223344556677",
            "demo: ClientDisabled client-0011223344556677",
            "cli: SecretRotated client-0011223344556677 the secret before stays for a while",
            "client-0011223344556677: AccessRecorded lr-1 TASK_ATTACHMENT_READ of task task-1 by client-0011223344556677",
            "client-0011223344556677: DocumentRead lr-1 DOCUMENT_READ of document doc-1 by client-0011223344556677",
            "replica: ReadsRecorded 1001 reads in 2 rows, 60 s from 2026-11-22T19:00:00.000Z",
        ]
    );
    let debug = format!("{:?}", entries());
    assert!(!debug.contains("171") && !debug.contains("205"), "{debug}");
}
