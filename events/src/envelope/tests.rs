//! Whole events, good and bad, in both modes.

use proptest::prelude::*;

use super::*;

const EVENT: &str = r#"{"specversion":"1.0","id":"e-1","source":"/banclo/eu-1","type":"com.banclo.TaskAssigned",
    "subject":"loan-requests/l/1 é","time":"2024-05-17T09:30:00.5+02:00","datacontenttype":"application/json; charset=utf-8",
    "partitionkey":"l","sequence":"7","actor":"{\"id\":\"u\"}","x":[1.50,null],
    "data": {"entity":"task","id":"t","version":1,"after":{"n": 1.50, "n2":1e400,"z":"\u0000"}} }"#;

fn parse(text: &str) -> Result<CloudEvent, Rejection> {
    CloudEvent::parse_structured(text.as_bytes(), &Limits::default())
}

fn refused(text: &str) -> &'static str {
    parse(text).map_or_else(|rejection| rejection.reason.code(), |_| "accepted")
}

#[test]
fn an_event_keeps_all_that_it_came_with() {
    let event = parse(EVENT).unwrap();
    assert_eq!((event.id.as_str(), event.source.as_str(), event.name()), ("e-1", "/banclo/eu-1", "TaskAssigned"));
    assert_eq!((event.loan_id(), event.sequence, event.role()), (Some("l/1 é"), Some(7), Role::Loan));
    assert_eq!(event.actor.as_deref(), Some(r#"{"id":"u"}"#));
    assert_eq!(event.time, "2024-05-17T09:30:00.5+02:00");
    let kept: Vec<_> = event.attributes.iter().map(|(name, raw)| (name.as_str(), raw.as_str())).collect();
    let media_type = r#""application/json; charset=utf-8""#;
    assert_eq!(kept, [("datacontenttype", media_type), ("partitionkey", r#""l""#), ("x", "[1.50,null]")]);
    assert_eq!(event.data, r#"{"entity":"task","id":"t","version":1,"after":{"n": 1.50, "n2":1e400,"z":"\u0000"}}"#);
    assert!(EVENT.contains(&event.data));
    assert_eq!(parse(&event.to_structured()), Ok(event));
}

#[test]
fn the_digest_is_of_data_as_received() {
    let mut event = parse(EVENT).unwrap();
    event.data = "abc".to_owned();
    assert_eq!(event.data_sha256()[..6], [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01]);
}

#[test]
fn text_that_is_no_event_is_refused() {
    let table = [
        ("not-json", ""),
        ("not-json", "hello"),
        ("not-json", "{\"specversion\":\"1.0\""),
        ("not-cloudevents", "[]"),
        ("not-cloudevents", "7"),
        ("not-json", "[] x"),
        ("not-cloudevents", "{}"),
        ("duplicate-member", r#"{"id":"a","\u0069d":"b"}"#),
        ("duplicate-member", r#"{"data":{"after":{"x":1,"x":1}}}"#),
        ("lone-surrogate", r#"{"x":"\udead"}"#),
    ];
    for (reason, text) in table {
        assert_eq!(refused(text), reason, "{text}");
    }
    let not_utf8 = CloudEvent::parse_structured(b"{\"id\":\"\xff\"}", &Limits::default()).unwrap_err();
    assert_eq!((not_utf8.reason, not_utf8.detail.as_str()), (Reason::NotJson, "not UTF-8 at byte 7"));
    let deep = EVENT.replace("1.50,null", &format!("{}{}", "[".repeat(63), "]".repeat(63)));
    assert_eq!(refused(&deep), "too-deep");
    let just_deep_enough = EVENT.replace("1.50,null", &format!("{}{}", "[".repeat(62), "]".repeat(62)));
    assert_eq!(refused(&just_deep_enough), "accepted");
}

#[test]
fn attributes_are_checked_one_by_one() {
    let table = [
        ("not-cloudevents", r#""specversion":"1.0""#, r#""specversion":"0.3""#),
        ("not-cloudevents", r#""specversion":"1.0""#, r#""specversion":1.0"#),
        ("missing-attribute", r#""id":"e-1""#, r#""idd":"e-1""#),
        ("missing-attribute", r#""id":"e-1""#, r#""id":null"#),
        ("bad-attribute", r#""id":"e-1""#, r#""id":"""#),
        ("bad-attribute", r#""id":"e-1""#, r#""id":7"#),
        ("missing-attribute", r#""source":"/banclo/eu-1""#, r#""s":1"#),
        ("bad-attribute", r#""source":"/banclo/eu-1""#, r#""source":["x"]"#),
        ("missing-attribute", r#""type":"com.banclo.TaskAssigned""#, r#""typ":"x""#),
        ("bad-attribute", r#""type":"com.banclo.TaskAssigned""#, r#""type":{}"#),
        ("accepted", "com.banclo.TaskAssigned", "com.banclo.OfTomorrow"),
        ("accepted", "com.banclo.TaskAssigned", "org.example.LoanRequestSnapshot"),
        ("bad-data", "com.banclo.TaskAssigned", "com.banclo.EventCorrected"),
        ("missing-attribute", r#""subject":"loan-requests/l/1 é""#, r#""sub":"x""#),
        ("bad-subject", "loan-requests/l/1 é", "loan-requests/"),
        ("bad-subject", "loan-requests/l/1 é", "loans/1"),
        ("bad-subject", "loan-requests/l/1 é", "control"),
        ("bad-subject", "loan-requests/l/1 é", ""),
        ("bad-subject", r#""loan-requests/l/1 é""#, "7"),
        ("missing-attribute", r#""time":"2024-05-17T09:30:00.5+02:00""#, r#""at":"x""#),
        ("bad-time", "2024-05-17T09:30:00.5+02:00", "2024-05-17 09:30"),
        ("bad-time", "2024-05-17T09:30:00.5+02:00", ""),
        ("bad-time", r#""2024-05-17T09:30:00.5+02:00""#, "1715931000"),
        ("missing-attribute", r#""sequence":"7""#, r#""seq":"7""#),
        ("missing-attribute", r#""sequence":"7""#, r#""sequence":null"#),
        ("bad-sequence", r#""sequence":"7""#, r#""sequence":7"#),
        ("bad-sequence", r#""sequence":"7""#, r#""sequence":"0""#),
        ("bad-sequence", r#""sequence":"7""#, r#""sequence":"07""#),
        ("bad-sequence", r#""sequence":"7""#, r#""sequence":"+7""#),
        ("bad-sequence", r#""sequence":"7""#, r#""sequence":"7.0""#),
        ("bad-sequence", r#""sequence":"7""#, r#""sequence":"""#),
        ("bad-sequence", r#""sequence":"7""#, r#""sequence":"12345678901234567890""#),
        ("accepted", r#""sequence":"7""#, r#""sequence":"9999999999999999999""#),
        ("bad-attribute", r#""actor":"{\"id\":\"u\"}""#, r#""actor":{"id":"u"}"#),
        ("accepted", r#""actor":"{\"id\":\"u\"}""#, r#""actor":"somebody""#),
        ("accepted", r#""actor":"{\"id\":\"u\"}""#, r#""actor":null"#),
        ("bad-attribute", r#""partitionkey":"l""#, r#""partitionkey":7"#),
        ("bad-attribute", "application/json; charset=utf-8", "text/plain"),
        ("accepted", "application/json; charset=utf-8", "Application/CloudEvents+JSON"),
        ("bad-data", r#""data":"#, r#""dat":"#),
        ("bad-data", r#""x":"#, r#""data_base64":"#),
        ("bad-data", r#""version":1"#, r#""version":"1""#),
        ("accepted", r#""entity":"task""#, r#""entity":"ofTomorrow""#),
    ];
    for (reason, from, to) in table {
        assert!(EVENT.contains(from), "{from}");
        let text = EVENT.replacen(from, to, 1);
        assert_eq!(refused(&text), reason, "{to}");
        if let Ok(event) = parse(&text) {
            assert_eq!(parse(&event.to_structured()), Ok(event), "{to}");
        }
    }
}

fn of(event_type: &str, subject: &str, more: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"c","source":"/s","type":"com.banclo.{event_type}","time":"2024-01-01T00:00:00Z","subject":{subject}{more}}}"#
    )
}

#[test]
fn control_events_need_no_sequence() {
    let beat = r#","data":{"at":"2024-01-01T00:00:00Z"}"#;
    let event = parse(&of("SourceHeartbeat", r#""control""#, beat)).unwrap();
    assert_eq!((event.role(), event.sequence, event.loan_id()), (Role::Control, None, None));
    assert!(event.change().is_err() && event.snapshot().is_err());
    assert_eq!(parse(&of("SourceHeartbeat", "null", beat)).unwrap().subject, "control");
    let odd = parse(&of("SourceHeartbeat", r#""control""#, &format!(r#","sequence":"00"{beat}"#))).unwrap();
    assert_eq!((odd.sequence, &odd.attributes[..]), (None, &[("sequence".to_owned(), r#""00""#.to_owned())][..]));
    assert_eq!(parse(&odd.to_structured()), Ok(odd));
    let unknown = parse(&of("OfTomorrow", r#""control""#, "")).unwrap();
    assert_eq!((unknown.role(), unknown.data.as_str()), (Role::Control, ""));
    assert_eq!(parse(&unknown.to_structured()), Ok(unknown));
    assert_eq!(refused(&of("SourceHeartbeat", r#""control""#, "")), "bad-data");
    assert_eq!(refused(&of("SourceHeartbeat", r#""control""#, r#","data":7"#)), "bad-data");
    assert_eq!(refused(&of("SourceHeartbeat", r#""loan-requests/1""#, beat)), "bad-subject");
    assert_eq!(refused(&of("OfTomorrow", "null", beat)), "missing-attribute");
}

#[test]
fn snapshots_and_erasures_carry_a_loan() {
    let loan = r#""loan-requests/l""#;
    let data = r#","data":{"asOfSequence":9,"entities":[]}"#;
    let event = parse(&of("LoanRequestSnapshot", loan, &format!(r#","sequence":"9"{data}"#))).unwrap();
    assert_eq!((event.role(), event.snapshot().unwrap().as_of_sequence), (Role::Snapshot, 9));
    assert_eq!(refused(&of("LoanRequestSnapshot", loan, &format!(r#","sequence":"8"{data}"#))), "bad-sequence");
    assert_eq!(refused(&of("LoanRequestSnapshot", loan, data)), "missing-attribute");
    assert_eq!(refused(&of("LoanRequestSnapshot", r#""control""#, data)), "bad-subject");
    let erased = r#","sequence":"5","data":{"entity":"erasure","participantIds":["p"],"entities":[]}"#;
    let event = parse(&of("DataSubjectErased", loan, erased)).unwrap();
    assert_eq!((event.role(), event.snapshot().unwrap().as_of_sequence), (Role::Erasure, 5));
}

#[test]
fn the_larger_limit_is_for_snapshots_erasures_and_manifests() {
    let limits = Limits { max_event_bytes: 400, max_snapshot_bytes: 600, ..Limits::default() };
    let reason = |name: &str, subject: &str, padding: usize, more: &str| {
        let text = of(name, subject, &format!(r#","pad":"{}"{more}"#, "x".repeat(padding)));
        CloudEvent::parse_structured(text.as_bytes(), &limits).map_or_else(|r| r.reason.code(), |_| "accepted")
    };
    let snapshot = r#","sequence":"9","data":{"asOfSequence":9,"entities":[]}"#;
    assert_eq!(reason("LoanRequestSnapshot", r#""loan-requests/l""#, 250, snapshot), "accepted");
    assert_eq!(reason("LoanRequestSnapshot", r#""loan-requests/l""#, 600, snapshot), "too-large");
    assert_eq!(reason("OfTomorrow", r#""control""#, 300, ""), "too-large");
    assert_eq!(reason("OfTomorrow", r#""control""#, 100, ""), "accepted");
    let headers = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-type", "com.banclo.OfTomorrow")];
    let binary = CloudEvent::parse_binary(&headers, &[b' '; 500], &limits).unwrap_err();
    assert_eq!(binary.reason, Reason::TooLarge);
}

#[test]
fn both_modes_give_the_same_event() {
    let structured = parse(EVENT).unwrap();
    let headers = [
        ("Ce-Specversion", "1.0"),
        ("ce_id", "e-1"),
        ("ce-source", "/banclo/eu-1"),
        ("type", "com.banclo.TaskAssigned"),
        ("ce-subject", "loan-requests/l/1 é"),
        ("ce-time", "2024-05-17T09:30:00.5+02:00"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("ce-partitionkey", "l"),
        ("ce-sequence", "7"),
        ("ce-actor", r#"{"id":"u"}"#),
    ];
    let body = format!(" {}\n", structured.data);
    let binary = CloudEvent::parse_binary(&headers, body.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(binary.data, structured.data);
    assert_eq!(binary.attributes, structured.attributes[..2]);
    assert_eq!((binary.id, binary.actor, binary.sequence), (structured.id, structured.actor, structured.sequence));
}

#[test]
fn binary_mode_has_faults_of_its_own() {
    let reason = |headers: &[(&str, &str)], body: &[u8]| {
        CloudEvent::parse_binary(headers, body, &Limits::default()).map_or_else(|r| r.reason.code(), |_| "accepted")
    };
    let fine = [
        ("specversion", "1.0"),
        ("id", "c"),
        ("source", "/s"),
        ("type", "x"),
        ("subject", "control"),
        ("time", "2024-01-01T00:00:00Z"),
    ];
    assert_eq!(reason(&fine, b""), "accepted");
    assert_eq!(reason(&fine, b"{"), "not-json");
    assert_eq!(reason(&fine, b"\xff"), "not-json");
    assert_eq!(reason(&fine, b"{\"a\":1,\"a\":2}"), "duplicate-member");
    assert_eq!(reason(&fine, "[".repeat(64).as_bytes()), "too-deep");
    assert_eq!(reason(&[&fine[..], &[("ce_id", "d")]].concat(), b""), "duplicate-member");
    assert_eq!(reason(&[&fine[..], &[("ce-data", "d")]].concat(), b""), "bad-attribute");
    assert_eq!(reason(&[], b"{}"), "not-cloudevents");
}

#[test]
fn hints_help_to_find_what_was_refused() {
    let hints = |text: &[u8]| CloudEvent::hints(text);
    assert_eq!(hints(br#"{"id":"a","type":"t","time":}"#), (Some("a".to_owned()), Some("t".to_owned())));
    assert_eq!(hints(b"{\"id\":\"a\",\"x\":\"\xff\"}").0.as_deref(), Some("a"));
    assert_eq!(hints(b"[]"), (None, None));
    assert_eq!(hints(br#"{"id":7}"#), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_parses_to_the_same_event(
        id in ".{1,8}", source in ".{1,8}", loan in ".{1,12}", sequence in 1..=9_999_999_999_999_999_999_u64,
        actor in proptest::option::of(".{0,12}"), keys in proptest::collection::btree_set("[a-c\"é\u{0}]{1,3}", 0..4),
        value in json::value_strategy(), after in json::value_strategy(), pretty in any::<bool>(),
    ) {
        let raw = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let after = format!("{{\"x\": {}}}", serde_json::to_string_pretty(&after).unwrap());
        let event = CloudEvent {
            id, source, event_type: "com.banclo.TaskStarted".to_owned(), subject: format!("loan-requests/{loan}"),
            time: "2024-01-01T00:00:00.000Z".to_owned(), sequence: Some(sequence), actor,
            attributes: keys.into_iter().map(|name| (name, raw.clone())).collect(),
            data: format!(r#"{{"entity":"task","id":"t","version":1,"after":{after}}}"#),
        };
        let back = parse(&event.to_structured()).unwrap();
        prop_assert_eq!(back.change().unwrap().form, crate::Form::After(&after));
        prop_assert_eq!(back, event);
    }

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), cut in 0..EVENT.len(), with in any::<u8>()) {
        let _ = CloudEvent::parse_structured(&bytes, &Limits::default());
        let _ = CloudEvent::parse_binary(&[("id", "x")], &bytes, &Limits::default());
        let _ = CloudEvent::hints(&bytes);
        let mut nearly = EVENT.as_bytes().to_vec();
        nearly[cut] = with;
        if let Ok(event) = CloudEvent::parse_structured(&nearly, &Limits::default()) {
            prop_assert_eq!(CloudEvent::parse_structured(event.to_structured().as_bytes(), &Limits::default()), Ok(event));
        }
    }
}
