//! Every stored shape against its regression file: what was ever written decodes forever.

use std::path::PathBuf;

use super::*;

/// Compares with `fixtures/records/v1/{name}.bin`. With `CONTINUITY_BLESS` set a missing file is written; one that is
/// there is never replaced, for a log somewhere holds the same bytes.
fn check<T: Stored + PartialEq + std::fmt::Debug>(name: &str, sample: &T) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/records/v{VERSION}/{name}.bin"));
    if !path.exists() && std::env::var_os("CONTINUITY_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, encode(sample)).unwrap();
    }
    let stored = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; write it with CONTINUITY_BLESS=1 cargo test -p continuity-events", path.display())
    });
    assert_eq!(decode::<T>(&stored).as_ref(), Ok(sample), "{name}");
    assert_eq!(encode(sample), stored, "{name}: the stored shape changed; give it a new version and an upcast");
}

fn event() -> CloudEvent {
    CloudEvent {
        id: "evt_1".to_owned(),
        source: "/banclo/eu-1/tenants/acme-bank".to_owned(),
        event_type: "com.banclo.TaskAssigned".to_owned(),
        subject: "loan-requests/lr_1".to_owned(),
        time: "2026-03-02T08:15:00.000Z".to_owned(),
        sequence: Some(9_999_999_999_999_999_999),
        actor: Some(r#"{"id":"usr_1","type":"USER"}"#.to_owned()),
        attributes: vec![("partitionkey".to_owned(), r#""lr_1""#.to_owned())],
        data: r#"{"entity":"task","id":"tsk_1","version":1,"after":{"n":1.50}}"#.to_owned(),
    }
}

fn file() -> SourcePosition {
    SourcePosition::File {
        name: "2026-03.ndjson".to_owned(),
        device: 2049,
        inode: 131_072,
        head_len: 4096,
        head_sha256: [7; 32],
        offset: 123_456_789_012,
    }
}

#[test]
fn events_decode_forever() {
    let control = CloudEvent { sequence: None, actor: None, attributes: vec![], data: String::new(), ..event() };
    let stream = SourcePosition::Stream { stream: "BANCLO_CHANGES".to_owned(), sequence: 42, mark: 0xFEED };
    let topic = SourcePosition::Topic { topic: "banclo.changes".to_owned(), partition: 3, offset: 77, mark: 7 };
    let simulator = SourcePosition::Simulator { seed: 1, number: 1000 };
    for (name, event, position) in [
        ("Received-file", event(), file()),
        ("Received-stream", event(), stream),
        ("Received-topic", event(), topic),
        ("Received-simulator", control, simulator),
    ] {
        check(name, &Received { event, position });
    }
}

#[test]
fn markers_decode_forever() {
    check("Released", &Released { from: 4, to: 9 });
    check("GapOpened", &GapOpened { ranges: vec![(2, 3), (7, 7)], held_since: 1_772_439_300_000_000 });
    check("GapClosed-late", &GapClosed { ranges: vec![(2, 3)], by: ClosedBy::Late });
    check("GapClosed-snapshot", &GapClosed { ranges: vec![(7, 7)], by: ClosedBy::Snapshot });
    check("Synchronised", &Synchronised { source: "file:feed".to_owned(), how: "end of file".to_owned() });
    check("SourceProgress", &SourceProgress { source: "file:feed".to_owned(), position: file(), duplicates: 12 });
    let operator = Operator {
        actor: "uid 1000".to_owned(),
        action: "quarantine-dismiss".to_owned(),
        reason: "known bad export".to_owned(),
        detail: "position 17".to_owned(),
    };
    check("Operator", &operator);
}

#[test]
fn quarantined_bytes_decode_forever() {
    let quarantined = Quarantined {
        reason: crate::Reason::NotJson.code().to_owned(),
        detail: "not UTF-8 at byte 1".to_owned(),
        raw: vec![b'{', 0xFF, 0],
        position: file(),
        event_id: None,
        event_type: Some("com.banclo.TaskAssigned".to_owned()),
    };
    check("Quarantined", &quarantined);
}

#[test]
fn what_cannot_be_read_says_why() {
    let body = encode(&Released { from: 1, to: 2 });
    assert_eq!(decode::<Released>(&[]), Err(DecodeError::Empty { kind: "Released" }));
    let newer = decode::<Released>(&[&[9], &body[1..]].concat()).unwrap_err();
    assert_eq!(newer, DecodeError::UnknownVersion { kind: "Released", version: 9 });
    assert!(newer.to_string().contains("format 9") && newer.to_string().contains("newer program"), "{newer}");
    assert!(matches!(decode::<Released>(&body[..2]), Err(DecodeError::Damaged { version: VERSION, .. })));
    let longer = decode::<Released>(&[&body[..], &[0]].concat()).unwrap_err();
    assert!(longer.to_string().contains("1 bytes left over"), "{longer}");
}

#[test]
fn older_shapes_go_through_the_upcast() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        both: (u64, u64),
    }
    impl Stored for Renamed {
        const KIND: &'static str = "Renamed";
        fn upcast(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
            match (version, body) {
                (0, [only]) => Ok(Self { both: (u64::from(*only), 0) }),
                _ => Err(DecodeError::UnknownVersion { kind: Self::KIND, version }),
            }
        }
    }
    assert_eq!(decode::<Renamed>(&[0, 7]), Ok(Renamed { both: (7, 0) }));
    assert_eq!(decode::<Renamed>(&encode(&Renamed { both: (1, 2) })), Ok(Renamed { both: (1, 2) }));
    assert!(decode::<Renamed>(&[200]).is_err());
}

#[test]
fn what_became_of_a_source_decodes_forever() {
    let facts = vec![("created".to_owned(), "2026-03-02T08:15:00Z".to_owned())];
    let event = |change| SourceEvent {
        source: "nats:BANCLO_CHANGES".to_owned(),
        partition: "BANCLO_CHANGES".to_owned(),
        change,
    };
    check("SourceEvent-identified", &event(SourceChange::Identified { facts: facts.clone() }));
    for cause in Divergence::ALL {
        let (point, detail) = ("sequence 41".to_owned(), "it ends at 17".to_owned());
        let name = format!("SourceEvent-diverged-{}", cause.name());
        check(&name, &event(SourceChange::Diverged { cause, point, detail }));
    }
    let (actor, reason) = ("uid 1000".to_owned(), "restored from the copy of Monday".to_owned());
    check(
        "SourceEvent-accepted",
        &event(SourceChange::Accepted { facts, cause: Divergence::Truncated, actor, reason }),
    );
}

#[test]
fn results_of_manifests_decode_forever() {
    let result = Completeness {
        manifest: 77,
        manifest_id: "evt_m1".to_owned(),
        as_of: "2026-03-02T08:15:00Z".to_owned(),
        through: 91,
        again: true,
        complete: false,
        listed: true,
        loans: 3,
        events: 30,
        loans_missing: 1,
        events_missing: 2,
        loans_unlisted: 1,
        loans_ahead: 1,
        presence: false,
        content: None,
        missing: vec![("lr_1".to_owned(), vec![(4, 5)])],
        unlisted: vec!["lr_9".to_owned()],
        ahead: vec![("lr_8".to_owned(), 12, 14)],
        note: "no digest of content".to_owned(),
        content_through: Some((90, [7; 32])),
    };
    check("Completeness", &result);
}
