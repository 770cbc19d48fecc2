//! For each state: the sentence, how bad it is, and what to do.

use serde_json::{Value, json};

use super::{Said, but, healthy, sentence};

/// Of a source in that state, for that reason.
fn source(state: &str, cause: &str, lag: Value) -> Value {
    but(&[
        ("/status", json!("degraded")),
        ("/components/source/state", json!(state)),
        ("/components/source/cause", json!(cause)),
        ("/components/source/reason", json!(format!("Because of {cause}."))),
        ("/components/source/wayOut", json!(format!("`mend {cause}`"))),
        ("/components/source/lagSeconds", lag),
    ])
}

/// What the page says in that state.
async fn shown(cases: Vec<(&str, Value, Option<&'static str>, &str, &str)>) {
    let said = Said::default();
    let bench = said.bench();
    let mut browser = bench.signed_in().await;
    for (name, health, not_ready, level, expected) in cases {
        let cause = health["components"]["source"]["cause"].as_str().map(str::to_owned);
        said.say(health, not_ready);
        let page = browser.get("/console/status/now").await;
        assert_eq!(sentence(&page), expected, "{name}");
        assert!(page.says(&format!("<section class=\"verdict {level}\"")), "{name}: {}", page.text);
        if let Some(cause) = cause {
            assert!(page.says(&format!("<strong>Because of {cause}.</strong>")), "{name}: {}", page.text);
            assert!(page.says(&format!("<code>mend {cause}</code>")), "{name}");
        }
    }
}

#[tokio::test]
async fn an_outage_says_since_when_and_what_is_served() {
    let cut = |cause, lag: u64| source("disconnected", cause, json!(lag));
    let stale = |cause| source("stale", cause, json!(16_800));
    let known = "serving what was known at 13:20 UTC";
    let cases = [
        ("cut off", cut("unreachable", 16_800), "Cloud cut off since 13:20 UTC"),
        ("refused", cut("refused", 16_800), "The source is there but cannot be followed, since 13:20 UTC"),
        ("silent", stale("silent"), "The source is silent since 13:20 UTC"),
        ("platform", stale("no-heartbeat"), "The platform is silent since 13:20 UTC, although its broker answers"),
        ("read models", stale("read-models"), "The read models stand still since 13:20 UTC"),
        ("disk", stale("cannot-write"), "This replica cannot write any more since 13:20 UTC"),
        ("overdue", stale("overdue"), "Reading should have gone on at 13:20 UTC and did not"),
        (
            "diverged",
            source("diverged", "recreated", json!(16_800)),
            "The source is not the one that was followed, since 13:20 UTC; nothing more is taken from it",
        ),
    ];
    let whole: Vec<_> =
        cases.into_iter().map(|(name, health, begin)| (name, health, format!("{begin}; {known}."))).collect();
    shown(whole.iter().map(|(name, health, text)| (*name, health.clone(), None, "bad", text.as_str())).collect()).await;
}

#[tokio::test]
async fn an_age_that_is_not_known_is_not_made_up() {
    let dark = |synchronised| {
        let mut health = source("disconnected", "unreachable", Value::Null);
        health["components"]["source"]["synchronised"] = json!(synchronised);
        health
    };
    let before = "Cloud cut off since 13:20 UTC; serving what was received so far, and how old that is is not known.";
    let never = "Cloud cut off since 13:20 UTC; this replica never had everything that the platform has.";
    let not_yet = but(&[("/components/source/lagSeconds", Value::Null)]);
    let live = "Following live, how far behind is not known, complete to 14:03 UTC.";
    let cases = vec![
        ("restarted", dark(true), None, "bad", before),
        ("never whole", dark(false), Some("never-synchronised"), "bad", never),
        ("live without a lag", not_yet, None, "careful", live),
    ];
    shown(cases).await;
}

#[tokio::test]
async fn a_pause_names_its_end() {
    let mut scheduled = source("paused", "schedule", json!(60));
    scheduled["components"]["source"]["until"] = json!("2026-11-22T19:30:00.000Z");
    let paused = |cause| source("paused", cause, json!(60));
    let ends = "Reading rests since 13:20 UTC, as the schedule says; serving what was known at 17:59 UTC. It goes on at 19:30 UTC.";
    let cases = [
        ("operator", paused("operator"), "careful", "Reading was paused by an operator at 13:20 UTC"),
        ("full", paused("space"), "bad", "Reading is paused since 13:20 UTC, because the disk is almost full"),
        (
            "bound",
            paused("bound"),
            "bad",
            "Reading is paused since 13:20 UTC, because too much is held back or quarantined",
        ),
        (
            "missed",
            paused("missed-window"),
            "bad",
            "Reading rests since 13:20 UTC, and its last window ended before everything was read",
        ),
        ("bandwidth", paused("bandwidth"), "careful", "Reading rests since 13:20 UTC, as the bandwidth is used up"),
    ];
    let whole: Vec<_> = cases
        .into_iter()
        .map(|(name, health, level, begin)| {
            (name, health, level, format!("{begin}; serving what was known at 17:59 UTC."))
        })
        .collect();
    let mut cases: Vec<_> =
        whole.iter().map(|(name, health, level, text)| (*name, health.clone(), None, *level, text.as_str())).collect();
    cases.push(("schedule", scheduled, None, "careful", ends));
    shown(cases).await;
}

#[tokio::test]
async fn while_it_follows_it_says_how_far_behind_and_how_complete() {
    let proof = |value: Value| but(&[("/components/completeness", value)]);
    let incomplete = but(&[("/components/loans/incomplete", json!(3)), ("/status", json!("degraded"))]);
    let failing = proof(json!({"failing": true, "complete": true}));
    let missing = proof(json!({"failing": false, "complete": false, "loansMissing": 2, "eventsMissing": 5}));
    let behind = but(&[
        ("/components/source/state", json!("catching-up")),
        ("/components/source/lagSeconds", json!(130)),
        ("/components/source/behind", json!(1_234)),
    ]);
    let looking = but(&[
        ("/components/source/state", json!("catching-up")),
        ("/components/source/lagSeconds", Value::Null),
        ("/components/source/head", Value::Null),
        ("/components/source/synchronised", json!(false)),
    ]);
    let cases = vec![
        ("live", healthy(), None, "good", "Following live, 2 s behind, complete to 14:03 UTC."),
        ("unproved", proof(Value::Null), None, "good", "Following live, 2 s behind, nothing known to be missing."),
        ("incomplete", incomplete, None, "careful", "Following live, 2 s behind, but 3 loans are not complete."),
        ("failing", failing, None, "careful", "Following live, 2 s behind, but completeness cannot be checked."),
        ("missing", missing, None, "careful", "Following live, 2 s behind, but not complete."),
        ("behind", behind, None, "careful", "Catching up with the platform, 2 min behind. 1,234 messages wait there."),
        (
            "looking",
            looking,
            Some("never-synchronised"),
            "careful",
            "Looking for the platform; this replica never had everything that the platform has.",
        ),
    ];
    shown(cases).await;
}

#[tokio::test]
async fn a_start_a_rebuild_an_export_and_an_end_are_told() {
    let rebuilt = but(&[(
        "/components/readModels",
        json!([{"name": "tasks", "state": "rebuilding", "position": 1, "progress": {"done": 10, "of": 20}}]),
    )]);
    let export = |missing: Value| {
        let export = json!({"loansDone": 120, "loansExpected": 400, "loansMissing": missing, "etaSeconds": 180});
        but(&[("/components/bootstrap", export)])
    };
    let unhealthy = but(&[("/status", json!("unhealthy")), ("/database", json!("error"))]);
    let starting = Some("starting");
    let down = "This replica cannot write any more since 13:20 UTC; serving what was known at 17:59 UTC.";
    let cut = source("disconnected", "unreachable", json!(60));
    let reading = "Starting: the read models are still taking in the log.";
    let exporting =
        "Taking in the platform&#39;s export: 120 of 400 loans. Not everything is here yet. About 3 min left.";
    let short = "The platform&#39;s export ended, and 7 loans of it are missing.";
    let remade = "Following live, 2 s behind, complete to 14:03 UTC. Being rebuilt and not served meanwhile: tasks.";
    let cases = vec![
        ("starting", healthy(), starting, "careful", reading),
        ("starting without a source", cut, starting, "careful", reading),
        ("starting on a bad disk", source("stale", "cannot-write", json!(60)), starting, "bad", down),
        ("rebuilding", rebuilt, None, "careful", remade),
        ("export", export(Value::Null), Some("never-synchronised"), "careful", exporting),
        ("short export", export(json!(7)), None, "bad", short),
        ("unhealthy", unhealthy, None, "bad", "The read models cannot be read: no loan can be shown."),
        ("stopping", healthy(), Some("stopping"), "bad", "This replica is stopping."),
    ];
    shown(cases).await;
}
