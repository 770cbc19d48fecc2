//! What the options come to.

use clap::Parser;
use continuity_simulator::publish::Position;
use continuity_simulator::{BlobMode, Sizes};
use serde_json::json;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    simulate: Simulate,
}

fn options(line: &str) -> Simulate {
    Line::try_parse_from(std::iter::once("simulate").chain(line.split_whitespace())).unwrap().simulate
}

fn plan(line: &str) -> Result<(Options, PublishOptions, Option<String>)> {
    let options = options(line);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let plan = Plan::new(&options, &clock)?;
    Ok((plan.platform.clone(), plan.publish.clone(), plan.manifests.as_ref().map(|every| format!("{every:?}"))))
}

#[test]
fn a_history_ends_now_unless_it_is_told_when_to_begin() {
    let clock = SystemClock::new();
    let (platform, publish, manifests) = plan("--to file:x --loans 10").unwrap();
    let end = platform.start.plus(platform.history_span());
    assert!(clock.now().since(end) < Duration::from_mins(1) && !publish.linger && manifests.is_none());
    let (platform, publish, _) = plan("--to file:x --start 1767600000 --rate 0 --heartbeat 0.5").unwrap();
    assert_eq!(platform.start.as_micros(), 1_767_600_000_000_000);
    assert_eq!((platform.seed, platform.first_loan), (2012, 0));
    assert!(publish.linger && publish.heartbeat == Some(Duration::from_millis(500)));
    assert!(!plan("--to file:x --rate 0 --once").unwrap().1.linger);
}

#[test]
fn two_runs_share_no_id() {
    let ids = |start: &str| {
        let (platform, ..) = plan(&format!("--to file:x --loans 3 {start}")).unwrap();
        let id = |emitted: Emitted| emitted.line.split("\"id\":\"").nth(1).map(|rest| rest[..36].to_owned());
        Simulator::new(platform).history().filter_map(id).collect::<std::collections::BTreeSet<_>>()
    };
    let (first, second) = (ids(""), ids(""));
    assert!(first.len() > 200 && first.is_disjoint(&second));
    assert_eq!(ids("--start 1767600000"), ids("--start 1767600000"));
}

#[test]
fn manifests_come_by_events_or_by_time() {
    assert_eq!(plan("--to file:x --manifest-every 1000").unwrap().2.as_deref(), Some("Events(1000)"));
    assert_eq!(plan("--to file:x --manifest-every 60s").unwrap().2.as_deref(), Some("Time(60s, ..)"));
    for wrong in ["0", "s", "x", "-1", "0s"] {
        assert!(plan(&format!("--to file:x --manifest-every={wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for wrong in ["--rate=-1", "--rate=NaN", "--history-rate=1e9", "--heartbeat=0", "--start=9223372036854775807"] {
        assert!(plan(&format!("--to file:x {wrong}")).is_err(), "{wrong}");
    }
    for wrong in ["--gaps=2", "--forks=-0.1", "--duplicates=x", "--nothing"] {
        assert!(Line::try_parse_from(["simulate", "--to", "file:x", wrong]).is_err(), "{wrong}");
    }
    assert!(Line::try_parse_from(["simulate"]).is_err());
}

#[test]
fn faults_and_names_arrive() {
    let options =
        options("--to file:x --gaps 0.1 --reorder 0.2 --window 7 --stream S --changes c --control k --binary");
    assert_eq!(faults(&options.faults), Faults { gaps: 0.1, reordering: 0.2, window: 7, ..Faults::default() });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let publish = Plan::new(&options, &clock).unwrap().publish;
    assert_eq!((publish.names.stream.as_str(), publish.names.changes.as_str()), ("S", "c"));
    assert_eq!((publish.names.control.as_str(), publish.mode), ("k", Mode::Binary));
}

#[test]
fn a_summary_says_the_same_to_people_and_machines() {
    let mut summary = Summary { messages: 1_203, acknowledged: 1_200, events: 1_100, loans: 9, ..Summary::default() };
    summary.positions.insert("banclo.changes".to_owned(), Position::Offsets([(0, 7), (2, 9)].into()));
    let counts = FaultCounts { gaps: 3, ..FaultCounts::default() };
    let json = summary::as_json(&summary, &counts, None);
    assert_eq!(json["positions"], json!({ "banclo.changes": { "0": 7, "2": 9 } }));
    assert_eq!((&json["events"], &json["faults"]["gaps"]), (&json!(1_100), &json!(3)));
    let text = summary::as_text(&Target::parse("kafka://h:1").unwrap(), &summary, &counts, None);
    for said in ["1,100 events of 9 loans to kafka://h:1", "never told", "not acknowledged", "banclo.changes: {\"0\":7"]
    {
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn files_are_where_they_were_asked_for() {
    let mode = |line: &str| plan(&format!("--to file:x/feed.ndjson {line}")).map(|(platform, ..)| platform.blobs);
    assert_eq!(mode("").unwrap(), BlobMode::Inline);
    assert_eq!(mode("--blobs files").unwrap(), BlobMode::Files);
    let wrong =
        ["--blobs http://0.0.0.0:1", "--blobs http://127.0.0.1", "--blobs disk", "--blobs files:", "--large-blobs"];
    for wrong in wrong {
        assert!(mode(wrong).is_err(), "{wrong}");
    }
    assert!(plan("--to nats://h:1 --blobs files").is_err() && plan("--to nats://h:1 --blobs files:x").is_ok());
    assert!(Line::try_parse_from(["simulate", "--to", "file:x", "--blob-faults", "late=1"]).is_err());
}

#[test]
fn files_come_before_the_events_that_name_them() {
    let directory = tempfile::tempdir().unwrap();
    let feed = directory.path().join("feed.ndjson");
    let options = options(&format!("--to file:{} --once --loans 2 --blobs files", feed.display()));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let plan = Plan::new(&options, &clock).unwrap();
    plan.carry_out(&Target::parse(&options.to).unwrap(), &Stop::new(), &mut |_| {}).unwrap();
    let text = std::fs::read_to_string(feed).unwrap();
    let keys: Vec<_> = text
        .split("\"bucket\":\"banclo-documents\",\"key\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(keys.len() > 3, "{keys:?}");
    assert!(keys.iter().all(|key| directory.path().join("blobs/banclo-documents").join(key).exists()));
}

#[test]
fn a_server_runs_beside_and_its_answers_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let feed = directory.path().join("feed.ndjson");
    let line = "--once --loans 1 --blobs http://127.0.0.1:0 --large-blobs --blob-faults 404=100 --blob-url-hours 2";
    let options = options(&format!("--to file:{} {line}", feed.display()));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let plan = Plan::new(&options, &clock).unwrap();
    let BlobMode::Served(served) = plan.files.mode() else { panic!("no server") };
    assert_eq!((served.sizes, served.valid), (Sizes::Large, Duration::from_hours(2)));
    let (summary, counts) = plan.carry_out(&Target::parse(&options.to).unwrap(), &Stop::new(), &mut |_| {}).unwrap();
    let text = std::fs::read_to_string(feed).unwrap();
    assert!(text.contains(&format!("\"url\":\"{}/objects/blb_", served.base_url)));
    let mut stream = std::net::TcpStream::connect(served.base_url.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /objects/x HTTP/1.0\r\n\r\n").unwrap();
    std::io::Read::read_to_end(&mut stream, &mut vec![]).unwrap();
    let json = summary::as_json(&summary, &counts, plan.files.counts().as_ref());
    assert_eq!(json["objects"], json!({ "requests": { "unknown": 1 }, "bytes": 0 }));
}
