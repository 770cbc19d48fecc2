//! What the options come to.

use clap::Parser;
use continuity_simulator::publish::Position;
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
    let json = summary::as_json(&summary, &counts);
    assert_eq!(json["positions"], json!({ "banclo.changes": { "0": 7, "2": 9 } }));
    assert_eq!((&json["events"], &json["faults"]["gaps"]), (&json!(1_100), &json!(3)));
    let text = summary::as_text(&Target::parse("kafka://h:1").unwrap(), &summary, &counts);
    for said in ["1,100 events of 9 loans to kafka://h:1", "never told", "not acknowledged", "banclo.changes: {\"0\":7"]
    {
        assert!(text.contains(said), "{text}");
    }
}
