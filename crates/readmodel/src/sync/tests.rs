//! Every way in which the board could be made to show more than is known.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Timestamp};
use continuity_events::record::Divergence;
use proptest::collection::vec;
use proptest::prelude::*;

use super::proofs::PROOFS;
use super::*;

const START: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn export_of(loans_done: u64, loans_expected: Option<u64>) -> ExportSeen {
    ExportSeen { loans_done, loans_expected, loans_missing: None }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A board, its clock, and the log position that ingest is at.
struct Bench {
    clock: Arc<ManualClock>,
    board: SyncBoard,
    position: u64,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(at(START)));
        clock.advance(seconds(1_000));
        clock.step_to(at(START));
        let board = SyncBoard::new(Arc::clone(&clock) as Arc<dyn Clock>);
        Self { clock, board, position: 0 }
    }

    /// Connected, with everything that the source showed.
    fn live() -> Self {
        let mut bench = Self::new();
        bench.board.connected();
        bench.head_held();
        assert_eq!(bench.state(), SourceState::Live);
        bench
    }

    fn head(&self, behind: u64) -> Duration {
        let asked = self.clock.monotonic();
        let asked_at = self.clock.now();
        self.board.head(HeadSeen { number: 7, behind, asked, asked_at, ..HeadSeen::default() });
        asked
    }

    fn head_held(&mut self) {
        let asked = self.head(0);
        self.position += 1;
        self.board.held(asked, self.position);
    }

    fn pass(&self, time: u64) {
        self.clock.advance(seconds(time));
    }

    fn state(&self) -> SourceState {
        self.board.snapshot().state
    }

    fn cause(&self) -> &'static str {
        self.board.snapshot().why.map_or("", |why| why.cause)
    }

    fn since(&self) -> i64 {
        self.board.snapshot().since.as_seconds() - START
    }

    fn lag(&self) -> Option<u64> {
        self.board.lag(self.position).map(|lag| lag.as_secs())
    }

    fn diverge(&self) {
        let (partition, point) = ("A".to_owned(), "sequence 7".to_owned());
        let kind = FaultKind::Diverged { cause: Divergence::Truncated, partition, point, number: Some(7) };
        self.board.failed(Fault { kind, detail: "ends at 5".to_owned() });
    }

    fn disconnect(&self) {
        self.board.failed(Fault { kind: FaultKind::Unreachable, detail: "cable cut".to_owned() });
    }

    fn pause(&self, cause: PauseCause, until: Option<Timestamp>) {
        self.board.paused(Some(Pause { cause, detail: "because".to_owned(), since: None, until }));
    }
}

#[test]
fn a_dead_poller_is_stale_and_its_lag_grows() {
    let bench = Bench::live();
    for passed in [0, 59] {
        bench.clock.advance(seconds(passed));
        assert_eq!((bench.state(), bench.lag()), (SourceState::Live, Some(passed)));
    }
    bench.pass(1);
    assert_eq!((bench.state(), bench.cause(), bench.lag()), (SourceState::Stale, "silent", Some(60)));
    bench.pass(3_600);
    assert_eq!((bench.state(), bench.since(), bench.lag()), (SourceState::Stale, 60, Some(3_660)));
    let seen = bench.board.snapshot();
    assert_eq!((seen.proof_age, seen.last_proof_of_life), (Some(seconds(3_660)), Some(at(START))));
    assert!(!seen.connected && seen.head.unwrap().behind.is_none());
}

#[test]
fn a_poller_that_never_began_is_stale_too() {
    let bench = Bench::new();
    assert_eq!((bench.state(), bench.lag()), (SourceState::Starting, None));
    bench.pass(60);
    assert_eq!((bench.state(), bench.cause()), (SourceState::Stale, "never-heard"));
    bench.board.connected();
    assert_eq!((bench.state(), bench.lag()), (SourceState::CatchingUp, None));
    bench.pass(60);
    assert_eq!((bench.state(), bench.lag()), (SourceState::Stale, None));
}

#[test]
fn silence_that_nobody_looked_at_is_in_since_all_the_same() {
    let mut bench = Bench::live();
    bench.pass(500);
    bench.head_held();
    assert_eq!((bench.state(), bench.since()), (SourceState::Live, 500));
    bench.pass(70);
    bench.head_held();
    bench.pass(5);
    assert_eq!((bench.state(), bench.since()), (SourceState::Live, 570));
}

#[test]
fn a_source_that_delivers_behind_its_head_is_catching_up() {
    let mut bench = Bench::new();
    bench.board.connected();
    for _ in 0..100 {
        bench.pass(5);
        bench.head(1_000);
        bench.board.received(10);
        assert_eq!((bench.state(), bench.lag()), (SourceState::CatchingUp, None));
    }
    assert_eq!(bench.board.snapshot().head.unwrap().behind, Some(1_000));
    bench.head_held();
    assert_eq!((bench.state(), bench.lag()), (SourceState::Live, Some(0)));
    bench.head(3);
    bench.pass(9);
    assert_eq!(bench.state(), SourceState::Live);
    bench.pass(1);
    assert_eq!((bench.state(), bench.lag(), bench.since()), (SourceState::CatchingUp, Some(10), 510));
    bench.board.received(3);
    bench.pass(60);
    assert_eq!(bench.state(), SourceState::Stale);
}

#[test]
fn after_a_lost_connection_only_an_end_of_the_new_one_makes_it_live() {
    let mut bench = Bench::live();
    bench.pass(1);
    bench.disconnect();
    assert_eq!((bench.state(), bench.cause()), (SourceState::Disconnected, "unreachable"));
    bench.pass(100);
    bench.disconnect();
    assert_eq!((bench.since(), bench.lag()), (1, Some(101)));
    bench.board.connected();
    assert_eq!((bench.state(), bench.lag()), (SourceState::CatchingUp, Some(101)));
    bench.head_held();
    assert_eq!(bench.state(), SourceState::Live);
}

#[test]
fn the_platform_is_silent_although_its_broker_answers() {
    let mut bench = Bench::live();
    for _ in 0..20 {
        bench.board.heartbeat(Some(bench.clock.now()));
        bench.pass(10);
        bench.head_held();
        assert_eq!((bench.state(), bench.lag()), (SourceState::Live, Some(0)));
    }
    for _ in 0..8 {
        bench.pass(10);
        bench.head_held();
    }
    assert_eq!((bench.state(), bench.cause()), (SourceState::Stale, "no-heartbeat"));
    assert_eq!((bench.lag(), bench.since()), (Some(90), 280));
    let seen = bench.board.snapshot();
    assert!(seen.connected);
    assert_eq!((seen.proof_age, seen.heartbeat.unwrap().age), (Some(Duration::ZERO), seconds(90)));
    assert!(seen.why.unwrap().reason.ends_with("since 1970-01-12T13:49:50.000Z."));
    bench.board.heartbeat(Some(bench.clock.now()));
    assert_eq!((bench.state(), bench.lag()), (SourceState::Live, Some(0)));
}

#[test]
fn without_any_heartbeat_or_with_none_expected_silence_is_quiet() {
    let mut bench = Bench::live();
    let bounds = SyncBounds { heartbeat_after: Duration::ZERO, ..SyncBounds::default() };
    let board = SyncBoard::with(Arc::clone(&bench.clock) as Arc<dyn Clock>, bounds);
    board.connected();
    board.heartbeat(None);
    for _ in 0..100 {
        bench.pass(50);
        bench.head_held();
        let asked = bench.clock.monotonic();
        board.head(HeadSeen { asked, ..HeadSeen::default() });
        board.held(asked, 1);
        assert_eq!((bench.state(), board.snapshot().state), (SourceState::Live, SourceState::Live));
    }
}

#[test]
fn a_heartbeat_out_of_a_backlog_is_as_old_as_it_is() {
    let mut bench = Bench::new();
    bench.board.connected();
    bench.head(10);
    bench.board.heartbeat(Some(at(START - 7_200)));
    assert_eq!(bench.state(), SourceState::CatchingUp);
    bench.head_held();
    assert_eq!((bench.state(), bench.cause()), (SourceState::Stale, "no-heartbeat"));
    assert_eq!((bench.lag(), bench.board.snapshot().platform_skew), (Some(7_200), None));
    bench.board.heartbeat(Some(at(START - 3_600)));
    assert_eq!((bench.lag(), bench.board.snapshot().platform_skew), (Some(3_600), None));
    for sent in 0..300 {
        bench.board.heartbeat(Some(at(START - 3_000 + sent * 10)));
    }
    assert_eq!((bench.lag(), bench.board.snapshot().platform_skew), (Some(0), None));
}

#[test]
fn stepping_the_clock_makes_nothing_fresher_or_older_and_shows() {
    for step in [-86_400, 86_400] {
        let mut bench = Bench::live();
        bench.pass(30);
        bench.clock.step_to(at(START + step));
        let seen = bench.board.snapshot_at(bench.position);
        assert_eq!((seen.state, seen.lag, seen.proof_age), (SourceState::Live, Some(seconds(30)), Some(seconds(30))));
        assert_eq!(seen.last_proof_of_life, Some(at(START + step - 30)));
        let stepped = seen.clock_step.unwrap();
        assert_eq!((stepped.micros, seen.clock_steps), ((step - 30) * 1_000_000, 1));
        bench.pass(30);
        assert_eq!((bench.state(), bench.lag()), (SourceState::Stale, Some(60)));
        bench.head_held();
        bench.clock.step_to(at(0));
        assert_eq!((bench.state(), bench.lag()), (SourceState::Live, Some(0)));
    }
}

#[test]
fn clocks_that_differ_show_and_freshen_nothing() {
    for skew in [-3_600_i64, 3_600] {
        let mut bench = Bench::live();
        for _ in 0..5 {
            bench.pass(10);
            bench.head_held();
            bench.board.heartbeat(Some(at(bench.clock.now().as_seconds() + skew)));
        }
        let seen = bench.board.snapshot();
        assert_eq!((seen.platform_skew, seen.broker_skew, seen.skewed), (Some(skew * 1_000_000), None, true));
        assert_eq!((seen.state, seen.skew()), (SourceState::Live, Some(skew * 1_000_000)));
        bench.pass(59);
        assert_eq!((bench.state(), bench.lag()), (SourceState::Live, Some(59)));
        let now = bench.clock.now();
        let asked = bench.clock.monotonic();
        let source_clock = Some(Timestamp::from_micros(now.as_micros() - 2_000_000));
        bench.board.head(HeadSeen { asked, asked_at: now, source_clock, ..HeadSeen::default() });
        assert_eq!(bench.board.snapshot().broker_skew, Some(-2_000_000));
    }
}

#[test]
fn a_message_published_in_the_future_tells_of_the_brokers_clock() {
    let bench = Bench::live();
    let (asked, asked_at) = (bench.clock.monotonic(), bench.clock.now());
    for published in [START - 50, START + 60] {
        let published_at = Some(at(published));
        bench.board.head(HeadSeen { asked, asked_at, published_at, ..HeadSeen::default() });
    }
    let seen = bench.board.snapshot();
    assert_eq!(
        (seen.broker_skew, seen.skewed, seen.head.unwrap().published_at),
        (Some(60_000_000), true, Some(at(START + 60)))
    );
}

#[test]
fn a_head_from_the_future_is_no_newer_than_now() {
    let bench = Bench::live();
    let asked = bench.clock.monotonic() + seconds(500);
    bench.board.head(HeadSeen { asked, ..HeadSeen::default() });
    bench.board.held(asked, 1);
    bench.pass(60);
    assert_eq!((bench.state(), bench.lag()), (SourceState::Stale, Some(60)));
}

#[test]
fn a_divergence_stays_whatever_fails_or_answers_later() {
    let bench = Bench::live();
    bench.pass(5);
    bench.diverge();
    bench.pass(5);
    bench.disconnect();
    bench.diverge();
    bench.pause(PauseCause::Bound, None);
    bench.pass(500);
    let seen = bench.board.snapshot();
    assert_eq!((seen.state, bench.since(), bench.lag()), (SourceState::Diverged, 5, Some(510)));
    let why = seen.why.unwrap();
    assert_eq!((why.cause, why.point), ("truncated", Some(7)));
    assert!(why.detail.contains("ends at 5") && !why.reason.contains('A') && why.way_out.contains("source accept"));
    bench.board.paused(None);
    bench.board.accepted();
    assert_eq!(bench.state(), SourceState::Starting);
    bench.diverge();
    bench.board.connected();
    assert_eq!(bench.state(), SourceState::CatchingUp);
}

#[test]
fn a_pause_says_who_and_does_not_outlast_its_end_unnoticed() {
    let mut bench = Bench::live();
    bench.pause(PauseCause::Operator, None);
    bench.pass(5_000);
    bench.pause(PauseCause::Operator, None);
    assert_eq!((bench.state(), bench.cause(), bench.since()), (SourceState::Paused, "operator", 0));
    assert_eq!(bench.lag(), Some(5_000));
    bench.board.released();
    bench.board.paused(None);
    assert_eq!(bench.state(), SourceState::Starting);
    bench.board.connected();
    bench.head_held();
    let until = at(bench.clock.now().as_seconds() + 3_600);
    bench.pause(PauseCause::Schedule, Some(until));
    bench.pass(3_659);
    assert_eq!((bench.state(), bench.cause()), (SourceState::Paused, "schedule"));
    bench.pass(1);
    assert_eq!((bench.state(), bench.cause(), bench.since()), (SourceState::Stale, "overdue", 8_660));
}

#[test]
fn a_schedule_goes_by_the_wall_clock_and_is_judged_by_it() {
    let bench = Bench::live();
    bench.pause(PauseCause::Schedule, Some(at(START + 3_600)));
    bench.pass(600);
    bench.clock.step_to(at(START - 600));
    bench.pass(4_259);
    assert_eq!((bench.state(), bench.cause()), (SourceState::Paused, "schedule"));
    bench.pass(1);
    assert_eq!((bench.state(), bench.cause()), (SourceState::Stale, "overdue"));
}

#[test]
fn what_cannot_write_is_stale_at_once() {
    let mut bench = Bench::live();
    bench.board.broken(Some("no space left on device".to_owned()));
    bench.head_held();
    assert_eq!((bench.state(), bench.cause()), (SourceState::Stale, "cannot-write"));
    bench.board.broken(None);
    assert_eq!(bench.state(), SourceState::Live);
}

#[test]
fn a_read_model_that_stands_still_is_not_live_although_the_log_is() {
    let mut bench = Bench::live();
    let shown = |bench: &Bench| {
        let seen = bench.board.snapshot_at(1);
        (seen.state, seen.lag.map(|lag| lag.as_secs()))
    };
    bench.pass(10);
    bench.head_held();
    assert_eq!(shown(&bench), (SourceState::Live, Some(10)));
    for _ in 0..2 {
        bench.pass(5);
        bench.head_held();
    }
    assert_eq!(shown(&bench), (SourceState::CatchingUp, Some(20)));
    bench.pass(50);
    bench.head_held();
    assert_eq!((shown(&bench), bench.state()), ((SourceState::Stale, Some(70)), SourceState::Live));
    let seen = bench.board.snapshot_at(1);
    assert_eq!((seen.why.unwrap().cause, seen.since), ("read-models", at(START + 70)));
    assert_eq!(bench.board.snapshot_at(0).lag, None);
}

#[test]
fn freshness_counts_from_heads_that_were_applied() {
    let bench = Bench::new();
    let held = |after: u64, position| bench.board.held(seconds(1_000 + after), position);
    bench.pass(40);
    assert_eq!(bench.board.caught_up_at(100), None);
    held(10, 5);
    held(20, 9);
    let seen = [4, 5, 8, 9].map(|applied| bench.board.caught_up_at(applied));
    assert_eq!(seen, [None, Some(at(START + 10)), Some(at(START + 10)), Some(at(START + 20))]);
    held(30, 9);
    held(25, 9);
    assert_eq!(bench.board.caught_up_at(9), Some(at(START + 30)));
}

#[test]
fn forgetting_proofs_makes_the_answer_older_never_younger() {
    let bench = Bench::new();
    bench.pass(10_000);
    for n in 0..5_000 {
        bench.board.held(seconds(1_000 + n), n * 2);
    }
    assert!(bench.board.known.lock().proofs.len() <= PROOFS);
    for applied in 0..10_000_u64 {
        let exact = at(START + i64::try_from(applied / 2).unwrap());
        assert!(bench.board.caught_up_at(applied).is_none_or(|seen| seen <= exact));
    }
}

#[test]
fn a_bootstrap_that_stands_still_never_comes_nearer_to_its_end() {
    let bench = Bench::live();
    let export = || bench.board.snapshot().bootstrap.unwrap();
    bench.board.bootstrap(Some(export_of(100, Some(1_100))));
    assert_eq!(export().eta, None);
    bench.pass(10);
    bench.board.bootstrap(Some(export_of(200, Some(1_100))));
    assert_eq!((export().loans_done, export().eta), (200, Some(seconds(90))));
    bench.pass(10);
    assert_eq!(export().eta, Some(seconds(180)));
    bench.board.bootstrap(Some(export_of(1_100, Some(1_100))));
    assert_eq!(export().eta, Some(Duration::ZERO));
    let short = ExportSeen { loans_done: 1_000, loans_expected: Some(1_100), loans_missing: Some(100) };
    bench.board.bootstrap(Some(short));
    assert_eq!((export().loans_missing, export().eta), (Some(100), None), "nothing more is on its way");
    bench.board.bootstrap(Some(export_of(5, None)));
    assert_eq!((export().loans_expected, export().eta), (None, None));
    bench.board.bootstrap(None);
    assert_eq!(bench.board.snapshot().bootstrap, None);
}

#[test]
fn what_the_ledger_found_at_the_start_is_no_append() {
    let bench = Bench::new();
    bench.board.logged(7);
    bench.board.logged(7);
    assert_eq!((bench.board.snapshot().ledger_position, bench.board.snapshot().last_append), (Some(7), None));
    bench.pass(5);
    bench.board.logged(8);
    bench.pass(5);
    bench.board.logged(8);
    assert_eq!(bench.board.snapshot().last_append, Some(at(START + 5)));
}

#[test]
fn the_end_of_a_pause_proves_nothing() {
    let mut bench = Bench::live();
    bench.pause(PauseCause::Operator, None);
    bench.pass(60);
    bench.board.paused(None);
    assert_eq!((bench.state(), bench.since()), (SourceState::CatchingUp, 60));
    bench.pass(5);
    bench.head_held();
    assert_eq!(bench.state(), SourceState::Live);

    bench.pause(PauseCause::Operator, None);
    bench.pass(59);
    bench.board.paused(None);
    assert_eq!(bench.state(), SourceState::Live);
    bench.pass(1);
    assert_eq!((bench.state(), bench.lag()), (SourceState::CatchingUp, Some(60)));
    bench.pass(59);
    assert_eq!((bench.state(), bench.cause()), (SourceState::Stale, "silent"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever comes in whatever order, and however the wall clock is stepped meanwhile.
    #[test]
    fn nothing_is_ever_shown_as_fresher_than_it_is(inputs in vec((0_u8..10, 0_u64..40), 1..60)) {
        let mut bench = Bench::new();
        let (mut held, mut passed) = (None, 0);
        for (input, time) in inputs {
            bench.pass(time);
            passed += time;
            match input {
                0 => bench.board.connected(),
                1 => bench.disconnect(),
                2 => bench.diverge(),
                3 => bench.pause(PauseCause::Bound, None),
                4 => bench.board.paused(None),
                5 => bench.board.heartbeat(Some(at(START + i64::try_from(time).unwrap() * 100))),
                6 => bench.clock.step_to(at(START * i64::try_from(time).unwrap())),
                7 => bench.board.received(1),
                8 => drop(bench.head(time)),
                _ => {
                    bench.head_held();
                    held = Some(passed);
                }
            }
            let seen = bench.board.snapshot_at(bench.position);
            prop_assert_eq!(seen.lag.is_some(), held.is_some());
            prop_assert!(held.is_none_or(|held| seen.lag >= Some(seconds(passed - held))));
            let live = seen.state == SourceState::Live;
            prop_assert!(!live || (seen.connected && held.is_some() && seen.proof_age < Some(seconds(60))));
            bench.clock.advance(seconds(60));
            passed += 60;
            prop_assert!(!matches!(bench.state(), SourceState::Live | SourceState::CatchingUp | SourceState::Starting));
        }
    }
}

#[test]
fn a_platform_that_was_silent_before_a_restart_still_is() {
    let bench = Bench::live();
    bench.board.heartbeat_before(Some(at(START - 600)), at(START - 590));
    bench.pass(1);
    let seen = bench.board.snapshot();
    assert_eq!((seen.state, seen.why.unwrap().cause), (SourceState::Stale, "no-heartbeat"));
    assert_eq!(seen.heartbeat.unwrap().alive_at, at(START - 600));
    bench.board.heartbeat(Some(bench.clock.now()));
    assert_eq!(bench.board.snapshot().state, SourceState::Live);
    bench.board.heartbeat_before(Some(at(0)), at(0));
    assert_eq!(bench.board.snapshot().state, SourceState::Live, "what this process heard counts for more");
}

#[test]
fn a_record_from_the_future_is_no_skew_for_ever() {
    let bench = Bench::live();
    let show = |published: i64| {
        let now = bench.clock.now();
        bench.board.head(HeadSeen {
            asked: bench.clock.monotonic(),
            asked_at: now,
            published_at: Some(Timestamp::from_micros(now.as_micros() + published * 1_000_000)),
            ..HeadSeen::default()
        });
        bench.board.snapshot().skewed
    };
    assert!(!show(-60) && show(60));
    bench.pass(1);
    assert!(show(59), "the same one, a second later");
    assert!(!show(-1), "another one");
}

#[test]
fn whoever_has_not_applied_the_whole_is_not_told_to_have_it() {
    let board = Bench::new().board;
    assert!(!board.snapshot_at(7).synchronised && board.synchronised_from().is_none());
    board.set_synchronised(7);
    board.set_synchronised(9);
    assert_eq!(board.synchronised_from(), Some(7));
    assert!(board.snapshot().synchronised && board.snapshot_at(7).synchronised && !board.snapshot_at(6).synchronised);
}
