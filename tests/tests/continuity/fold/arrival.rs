//! Duplicates, forks, broken lines, order of arrival.

use super::*;

#[test]
fn the_state_follows_the_sequence_whatever_the_order_of_arrival() {
    let lines = [loan(1, 1), patch(2, "loanRequest", "l1", 2, r#"{"n":2.50,"new":true}"#), loan(3, 3)];
    let want = shown(fold(Gaps::Held, &lines).loan("l1").unwrap().loan_request());
    assert_eq!(want, r#"{"id":"l1","n":3,"createdAt":"2026-01-01T00:00:01Z"}"#);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let lines = order.map(|i| lines[i].clone());
        assert_eq!(shown(fold(Gaps::Held, &lines).loan("l1").unwrap().loan_request()), want);
    }
}

#[test]
fn every_line_is_counted_once() {
    let fork = loan(1, 1).replace("\"e1\"", "\"other\"");
    let foreign = loan(2, 2).replace("\"/s\"", "\"/t\"");
    let beat = r#"{"specversion":"1.0","id":"h","source":"/s","type":"com.banclo.SourceHeartbeat","subject":"control","time":"2026-01-01T00:00:00Z","data":{}}"#;
    let lines = [loan(1, 1), loan(1, 1), fork, foreign, "nonsense".to_owned(), beat.to_owned(), "{}".to_owned()];
    let counts = fold(Gaps::Held, &lines).counts();
    assert_eq!((counts.events, counts.duplicates, counts.forks, counts.refused, counts.controls), (1, 1, 1, 3, 1));
}

#[test]
fn bad_sequences_times_and_members_are_refused() {
    for (from, to) in [
        ("\"sequence\":\"1\"", "\"sequence\":\"01\""),
        ("\"sequence\":\"1\"", "\"sequence\":1"),
        ("\"sequence\":\"1\"", "\"sequence\":\"-1\""),
        ("00:00:01Z\",\"seq", "00:00:01\",\"seq"),
        ("\"specversion\":\"1.0\"", "\"specversion\":\"0.3\""),
        ("\"n\":1", "\"n\":\"\\udc00\""),
        ("\"n\":1", "\"n\":1,\"n\":1"),
        ("com.banclo.", "com.other."),
    ] {
        let line = loan(1, 1).replacen(from, to, 1);
        assert_ne!(line, loan(1, 1), "{from}");
        assert_eq!(fold(Gaps::Held, &[line]).counts().refused, 1, "{to}");
    }
}

#[test]
fn an_unknown_loan_is_none_and_one_without_its_request_is_not_found() {
    let folded = fold(Gaps::Held, &[after(1, "comment", "c1", 1, "")]);
    assert!(folded.loan("l2").is_none());
    assert_eq!(folded.loan("l1").unwrap().plain("comment"), Answer::NotFound);
}

#[test]
fn instants_order_whatever_their_precision_or_offset() {
    use continuity_tests::instant::parse;
    let same = [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T01:30:00.0+01:30",
        "2025-12-31T23:00:00-01:00",
    ];
    assert!(same.iter().all(|text| parse(text) == parse(same[0]) && parse(text).is_some()));
    let rising = [
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "2024-02-29T00:00:00.0001Z",
        "2024-02-29T00:00:00.01Z",
        "2024-03-01T00:00:00Z",
    ];
    assert!(rising.windows(2).all(|pair| parse(pair[0]) < parse(pair[1])));
    assert_eq!(parse("1970-01-02T00:00:01Z"), Some((86_401, String::new())));
    assert!(
        ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "yesterday, at least"]
            .iter()
            .all(|t| parse(t).is_none())
    );
}
