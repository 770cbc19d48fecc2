//! Who waits, since when, as long as there is somebody to answer.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Bench, fold};
use crate::work_lists::projection;

/// Loan, channel, and what is told.
fn told(script: &str) -> Vec<String> {
    let waiting = unanswered(&fold(projection, script), None).unwrap();
    waiting.map(|row| row.map(|row| format!("{} {} {}", row.loan, row.channel, row.json)).unwrap()).collect()
}

/// The first message of those who wait.
fn first(script: &str) -> Vec<String> {
    let id = |row: &String| row.split_once("\"id\":\"").and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned);
    told(script).iter().map(|row| id(row).unwrap()).collect()
}

/// A message, posted in the minute of its number.
fn message(id: &str, seq: u32, author: &str) -> String {
    format!(
        "message {id} @guildId=g @channelId=c {{\"id\":\"{id}\",\"seq\":{seq},\"author\":{author},\"postedAt\":\"2026-11-01T10:{seq:02}:00Z\"}}\n"
    )
}

const OPEN: &str = "loanRequest L {\"id\":\"L\",\"status\":\"BID\"}\n";
const CLIENT: &str = r#"{"id":"u","displayName":"Zoé","role":"client"}"#;
const AGENT: &str = r#"{"id":"v","role":"bankLoanAgent"}"#;

#[test]
fn a_client_waits_since_the_first_message_behind_the_last_answer() {
    let talk = [OPEN.to_owned(), message("a", 1, CLIENT), message("b", 2, AGENT)].concat();
    assert_eq!(told(&talk), [""; 0]);
    let asked = [talk, message("d", 4, CLIENT), message("c", 3, CLIENT)].concat();
    let expected = format!(
        "L c {{\"waitingSince\":\"2026-11-01T10:03:00Z\",\"message\":{{\"id\":\"c\",\"seq\":3,\"author\":{CLIENT}}}}}"
    );
    assert_eq!(told(&asked), [expected]);
    assert_eq!(told(&[asked.clone(), message("e", 5, AGENT)].concat()), [""; 0]);
    assert_eq!(first(&[asked, message("late", 1, AGENT)].concat()), ["c"], "an answer to something earlier");
}

#[test]
fn authors_are_clients_by_type_or_role_and_programs_are_nobody() {
    for (author, asks, answers) in [
        (r#"{"type":"CLIENT"}"#, true, false),
        (r#"{"type":"USER","role":"Client"}"#, true, false),
        (r#"{"role":"client"}"#, true, false),
        (r#"{"type":"USER"}"#, false, true),
        (r#"{"type":"PROFESSIONAL","role":"notary"}"#, false, true),
        (r#"{"role":"bankLoanManager"}"#, false, true),
        (r#"{"type":"SOMETHING_NEW"}"#, false, true),
        (r#"{"type":"SYSTEM","role":"client"}"#, false, false),
        (r#"{"type":"API_CLIENT"}"#, false, false),
        (r#"{"id":"u","displayName":"Zoé"}"#, false, false),
        (r#"{"type":"","role":null}"#, false, false),
        (r#""Zoé""#, false, false),
        ("null", false, false),
    ] {
        let alone = first(&[OPEN, &message("m", 1, author)].concat());
        assert_eq!(!alone.is_empty(), asks, "{author}");
        let behind = first(&[OPEN, &message("q", 1, CLIENT), &message("m", 2, author)].concat());
        assert_eq!(behind.is_empty(), answers, "{author}");
    }
}

#[test]
fn who_waits_longest_stands_first_over_all_loans() {
    let of = |loan: &str, at: &str| {
        format!(
            "#{loan} loanRequest {loan} {{\"id\":\"{loan}\"}}\n#{loan} message m @channelId=c {{\"seq\":1,\"author\":{CLIENT},\"postedAt\":{at}}}\n"
        )
    };
    let script = [
        of("A", "\"2026-11-02T10:00:00Z\""),
        of("B", "\"2026-11-02T10:00:00+01:00\""),
        of("C", "\"2026-11-01T23:00:00.5Z\""),
        of("D", "\"soon\""),
    ];
    let loans = |after: Option<&[u8]>| {
        let waiting = unanswered(&fold(projection, &script.concat()), after).unwrap();
        waiting.map(|row| row.map(|row| (row.loan, row.key)).unwrap()).collect::<Vec<_>>()
    };
    let all = loans(None);
    assert_eq!(all.iter().map(|(loan, _)| loan.as_str()).collect::<Vec<_>>(), ["D", "C", "B", "A"]);
    assert_eq!(loans(Some(&all[1].1)), all[2..], "a walk goes on behind a row");
}

#[test]
fn what_happens_to_messages_and_loans_moves_rows() {
    let talk = [OPEN, &message("a", 1, CLIENT), &message("b", 2, AGENT), &message("c", 3, CLIENT)].concat();
    for (more, expected) in [
        ("", &["c"][..]),
        ("message c {\"id\":\"c\",\"seq\":3,\"deletedAt\":\"2026-11-02T00:00:00Z\"}", &[]),
        ("message c gone", &[]),
        ("message b patch {\"deletedAt\":\"2026-11-02T00:00:00Z\"}", &["a"]),
        ("message b gone", &["a"]),
        ("message b gone\nmessage b {\"seq\":2,\"author\":{\"type\":\"USER\"}}", &["c"]),
        ("message b patch {\"author\":{\"role\":\"client\"}}", &["a"]),
        ("message b patch {\"seq\":4}", &[]),
        ("message b @channelId=d {\"seq\":2,\"author\":{\"type\":\"USER\"}}", &["a"]),
        ("message c @channelId=d {\"seq\":1,\"author\":{\"type\":\"CLIENT\"}}", &["c"]),
        ("loanRequest L patch {\"status\":\"CLOSED\"}", &[]),
        ("loanRequest L patch {\"status\":\"CLOSED\"}\nloanRequest L patch {\"status\":\"BID\"}", &["c"]),
        ("loanRequest L patch {\"status\":\"CLOSED\"}\nmessage c gone\nloanRequest L patch {\"status\":\"BID\"}", &[]),
        ("loanRequest L patch {\"deletedAt\":\"2026-11-01T00:00:00Z\"}", &[]),
        ("#L purge", &[]),
        ("#L clear", &[]),
    ] {
        assert_eq!(first(&format!("{talk}{more}")), expected, "{more}");
    }
    assert_eq!(first(&talk[OPEN.len()..]), [""; 0], "without its loan");
    assert_eq!(first(&[&talk[OPEN.len()..], OPEN].concat()), ["c"], "before its loan");
    let without_channel = format!("{OPEN}message m {{\"seq\":1,\"author\":{CLIENT}}}");
    assert_eq!(first(&without_channel), [""; 0]);
}

#[test]
fn nothing_of_what_a_message_says_is_kept() {
    let mut bench = Bench::new(projection());
    let secret = format!("{{\"seq\":1,\"author\":{CLIENT},\"body\":{{\"text\":\"secret\"}}}}");
    let snapshot = fold(projection, &format!("{OPEN}message m @channelId=c {secret}"));
    let rows = snapshot
        .scan(KEPT, .., Direction::Forward)
        .unwrap()
        .chain(snapshot.scan(WAITING, .., Direction::Forward).unwrap());
    let values: Vec<String> = rows.map(|row| String::from_utf8_lossy(&row.unwrap().1).into_owned()).collect();
    assert_eq!(values.len(), 3);
    assert!(values.iter().all(|value| !value.contains("secret")), "{values:?}");
    bench.commit(|model, rows| model.clear("never", rows).unwrap());
    assert_eq!(bench.rows(), 0);
    let cleared = fold(projection, &format!("{OPEN}message m @channelId=c {secret}\n#L clear"));
    assert_eq!(cleared.rows(), 0);
}

/// One line of a script, and what it does to a state in memory.
type Step = (usize, usize, usize, u32, usize);

const AUTHORS: [&str; 4] = [r#"{"type":"CLIENT"}"#, r#"{"type":"USER"}"#, r#"{"type":"SYSTEM"}"#, CLIENT];
const STATES: [&str; 3] = ["BID", "CLOSED", "DEED"];

fn line((what, id, channel, seq, author): Step) -> String {
    match what {
        0 => format!("loanRequest L {{\"id\":\"L\",\"status\":\"{}\"}}", STATES[id % 3]),
        1 => format!("message m{id} gone"),
        2 => format!("message m{id} {{\"seq\":{seq},\"deletedAt\":\"2026-11-01T00:00:00Z\"}}"),
        3 => format!("message m{id} patch {{\"seq\":{seq},\"author\":{}}}", AUTHORS[author]),
        4 => "#L clear".to_owned(),
        _ => format!(
            "message m{id} @channelId=c{channel} {{\"seq\":{seq},\"author\":{},\"postedAt\":\"2026-11-01T10:{seq:02}:00Z\"}}",
            AUTHORS[author]
        ),
    }
}

/// The same from the contract alone: everything in memory, looked through from the beginning.
fn naive(steps: &[Step]) -> Vec<(String, String)> {
    let (mut status, mut channels, mut messages) = (None, BTreeMap::new(), BTreeMap::<usize, Value>::new());
    for &(what, id, channel, seq, author) in steps {
        let author: Value = serde_json::from_str(AUTHORS[author]).unwrap();
        match what {
            0 => status = Some(STATES[id % 3]),
            1 => drop(messages.remove(&id)),
            2 => drop(messages.insert(id, json!({"seq": seq, "deletedAt": "2026-11-01T00:00:00Z"}))),
            3 => {
                let message = messages.entry(id).or_insert_with(|| json!({}));
                message["seq"] = json!(seq);
                for (name, value) in author.as_object().unwrap() {
                    message["author"][name] = value.clone();
                }
            }
            4 => (status, channels, messages) = (None, BTreeMap::new(), BTreeMap::new()),
            _ => {
                channels.insert(id, channel);
                let at = format!("2026-11-01T10:{seq:02}:00Z");
                messages.insert(id, json!({"seq": seq, "author": author, "postedAt": at}));
            }
        }
    }
    let mut found = Vec::new();
    for channel in 0..3 {
        let mut talk: Vec<_> = messages.iter().filter(|(id, _)| channels.get(id) == Some(&channel)).collect();
        talk.sort_by_key(|(id, message)| (message["seq"].as_u64(), format!("m{id}")));
        talk.retain(|(_, message)| message["deletedAt"].is_null() && message["author"]["type"] != "SYSTEM");
        let is_client =
            |message: &Value| message["author"]["type"] == "CLIENT" || message["author"]["role"] == "client";
        talk.retain(|(_, message)| !message["author"].is_null());
        let asked: Vec<_> = talk.iter().rev().take_while(|(_, message)| is_client(message)).collect();
        if let Some((id, message)) = asked.last().filter(|_| matches!(status, Some("BID" | "DEED"))) {
            let since = message["postedAt"].as_str().unwrap_or_default();
            found.push((since.to_owned(), format!("L c{channel} m{id}")));
        }
    }
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_it_is_what_a_naive_look_finds(
        steps in proptest::collection::vec((0..12_usize, 0..5_usize, 0..3_usize, 1..9_u32, 0..4_usize), 0..40)
    ) {
        let script: Vec<String> = steps.iter().copied().map(line).collect();
        let snapshot = fold(projection, &script.join("\n"));
        let found = unanswered(&snapshot, None).unwrap().map(|row| {
            let row = row.unwrap();
            let told: Value = serde_json::from_str(&row.json).unwrap();
            let since = told["waitingSince"].as_str().unwrap_or_default().to_owned();
            (since, format!("{} {} {}", row.loan, row.channel, told["message"]["id"].as_str().unwrap()))
        });
        prop_assert_eq!(found.collect::<Vec<_>>(), naive(&steps));
    }
}
