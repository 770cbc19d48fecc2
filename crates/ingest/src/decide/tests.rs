//! Each rule of the contract's section 6, as a script of arrivals and the records that it leaves.

use crate::testing::{Rig, line};

/// What the arrivals leave in the log; and the same, with a restart and a crash between all of them.
#[track_caller]
fn check(script: &str, expected: &str) {
    let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
    let rig = Rig::new().play(script);
    assert_eq!(rig.logged(), expected, "{script}");
    for pause in ["restart", "crash"] {
        let script = script.split_whitespace().collect::<Vec<_>>().join(&format!(" {pause} "));
        let again = Rig::new().play(&format!("{script} {pause}"));
        assert_eq!(again.logged(), expected, "{script}");
        assert_eq!(again.ledger.totals(), rig.ledger.totals(), "{script}");
        for loan in ["a", "b"] {
            assert_eq!(again.reader().loan(loan).unwrap(), rig.reader().loan(loan).unwrap(), "{script}");
            let events = |rig: &Rig| rig.reader().events(loan, 1..=u64::MAX).unwrap();
            assert_eq!(events(&again), events(&rig), "{script}");
        }
    }
}

#[test]
fn in_order_events_are_appended() {
    check("a1 a2 b1 a3 b2", "E:a1 E:a2 E:b1 E:a3 E:b2");
    check("a1,a2,b1,a3,b2", "E:a1 E:a2 E:b1 E:a3 E:b2");
}

#[test]
fn an_event_ahead_is_held_until_its_gap_is_filled() {
    check("a1 a3 a4 b1 a2 a5", "E:a1 H:a3 H:a4 E:b1 E:a2 R:a3-4 E:a5");
    check("a1,a3,a4,b1,a2,a5", "E:a1 H:a3 H:a4 E:b1 E:a2 R:a3-4 E:a5");
    check("a1 a5 a3 a2 a4", "E:a1 H:a5 H:a3 E:a2 R:a3-3 E:a4 R:a5-5");
    check("a2 a1", "H:a2 E:a1 R:a2-2");
}

#[test]
fn a_gap_that_lasts_is_given_up_and_recorded() {
    check("a1 a3 a5 wait a6", "E:a1 H:a3 H:a5 O:a2-2,4-4 R:a3-5 E:a6");
    check("a4 b1 wait", "H:a4 E:b1 O:a1-3 R:a4-4");
    check("a2 b2 wait", "H:a2 H:b2 O:b1-1 R:b2-2 O:a1-1 R:a2-2");
    check("a1 wait a2", "E:a1 E:a2");
}

#[test]
fn late_events_fill_recorded_gaps() {
    check("a1 a4 wait a2 a3 a5", "E:a1 H:a4 O:a2-3 R:a4-4 E:a2 E:a3 X:a3-3:late E:a5");
    check("a1 a4 wait a6 a3 a5 a2", "E:a1 H:a4 O:a2-3 R:a4-4 H:a6 E:a3 E:a5 R:a6-6 E:a2 X:a2-2:late");
}

#[test]
fn duplicates_are_counted_and_their_position_is_recorded() {
    check("a1 a1 a2,a1,a2 a3", "E:a1 P:1 E:a2 P:2 E:a3");
    check("a1 a3 a3 a2 a3", "E:a1 H:a3 P:1 E:a2 R:a3-3 P:1");
    check("a1,a1 b1", "E:a1 P:1 E:b1");
}

#[test]
fn the_same_sequence_with_another_content_is_a_fork() {
    check("a1 a1x a1y a2", "E:a1 Q:a1:fork Q:a1:fork E:a2");
    check("a1 a3 a3x a2 a3y", "E:a1 H:a3 Q:a3:fork E:a2 R:a3-3 Q:a3:fork");
    check("a1,a1x", "E:a1 Q:a1:fork");
}

#[test]
fn a_loan_belongs_to_the_source_that_first_sent_it() {
    check("a1 a2f a2 b1f b2", "E:a1 Q:a2:foreign-source E:a2 E:b1 Q:b2:foreign-source");
    check("a2 a1f a1", "H:a2 Q:a1:foreign-source E:a1 R:a2-2");
    check("a@4 a5f", "S:a@4 Q:a5:foreign-source");
}

#[test]
fn nothing_comes_after_a_purge() {
    check("a1 a2p a3 a2p a1", "E:a1 E:a2 Q:a3:after-purge P:1 P:1");
    check("a1 a3p a4 a2", "E:a1 H:a3 H:a4 E:a2 R:a3-3 Q:a4:after-purge");
    check("a1 a3p a5 wait a2 a4", "E:a1 H:a3 H:a5 O:a2-2 R:a3-3 Q:a5:after-purge E:a2 X:a2-2:late Q:a4:after-purge");
    check("a1 a4 wait a6 a3p a5", "E:a1 H:a4 O:a2-3 R:a4-4 H:a6 E:a3 Q:a6:after-purge Q:a5:after-purge");
    check("a1 a2p a@3 a@2", "E:a1 E:a2 Q:a3:after-purge S:a@2");
}

#[test]
fn a_snapshot_covers_what_is_below_it() {
    check("a@4 a5 a3 a4 a2x", "S:a@4 E:a5 P:1 P:1 P:1");
    check("a1 a2 a@2 a3", "E:a1 E:a2 S:a@2 E:a3");
    check("a1 a4 wait a@3 a2", "E:a1 H:a4 O:a2-3 R:a4-4 S:a@3 X:a2-3:snapshot P:1");
    check("a1 a6 wait a@3 a4 a5", "E:a1 H:a6 O:a2-5 R:a6-6 S:a@3 X:a2-3:snapshot E:a4 E:a5 X:a5-5:late");
    check("a1 a@3 a@2 a2", "E:a1 S:a@3 S:a@2 P:1");
}

#[test]
fn a_snapshot_releases_what_it_goes_past_and_what_follows() {
    check("a1 a3 a5 a6 a8 a@4", "E:a1 H:a3 H:a5 H:a6 H:a8 S:a@4 R:a3-6");
    check("a1 a5 a@4 a6", "E:a1 H:a5 S:a@4 R:a5-5 E:a6");
    check("a1 a3 a@4 a3 a3x a2", "E:a1 H:a3 S:a@4 R:a3-3 P:1 Q:a3:fork P:1");
    check("a1 a7 a@4 wait", "E:a1 H:a7 S:a@4 O:a5-6 R:a7-7");
}

#[test]
fn a_snapshot_is_known_by_its_id() {
    check("a@4 a@4 a5 a@4", "S:a@4 P:1 E:a5 P:1");
}

#[test]
fn an_erasure_is_an_event_that_covers_like_a_snapshot() {
    check("a1 a2e a3 a2e", "E:a1 E:a2 E:a3 P:1");
    check("a1 a3e a2 a4", "E:a1 H:a3 E:a2 R:a3-3 E:a4");
    check("a1 a3e a5 wait a2", "E:a1 H:a3 H:a5 O:a4-4 R:a3-5 P:1");
    check("a1 a4 wait a7e a6 a5", "E:a1 H:a4 O:a2-3 R:a4-4 H:a7 H:a6 E:a5 R:a6-7 X:a2-3:snapshot");
    check("a1 a@9 a4e a4e a3 a4 a10", "E:a1 S:a@9 E:a4 P:1 P:1 Q:a4:fork E:a10");
    check("a1 a6 wait a4e a2 a5", "E:a1 H:a6 O:a2-5 R:a6-6 E:a4 X:a2-4:snapshot P:1 E:a5 X:a5-5:late");
}

#[test]
fn control_events_are_logged_once_and_heartbeats_not_at_all() {
    check("hb c:SourceRecovered c:SourceRecovered hb c:TotallyNew a1", "C:SourceRecovered P:1 C:TotallyNew E:a1");
}

#[test]
fn what_is_no_event_is_quarantined_and_the_stream_goes_on() {
    check("a1 junk a2", "E:a1 Q:0:not-json E:a2");
}

#[test]
fn the_source_is_caught_up_with_once() {
    check("end a1 end", "Y E:a1");
    check("a1,end a2 end", "E:a1 Y E:a2");
    check("c:SnapshotStarted,end a@3 end c:SnapshotCompleted a4", "C:SnapshotStarted S:a@3 C:SnapshotCompleted Y E:a4");
    check("a2,end a1", "H:a2 Y E:a1 R:a2-2");
}

#[test]
fn an_export_ends_once_it_is_whole_and_not_before() {
    let begun = "C:SnapshotStarted S:a@3";
    check(
        "c:SnapshotStarted*2 a@3 c:SnapshotCompleted*2,end a4,end b@1,end",
        &format!("{begun} C:SnapshotCompleted E:a4 S:b@1 Y"),
    );
    check("c:SnapshotStarted*2 a@3 b@1 c:SnapshotCompleted*2", &format!("{begun} S:b@1 C:SnapshotCompleted Y"));
    check("c:SnapshotStarted*9 a@3 c:SnapshotCompleted*1", &format!("{begun} C:SnapshotCompleted Y"));
    check("c:SnapshotStarted a@3 c:SnapshotCompleted#other end", &format!("{begun} C:SnapshotCompleted"));
    check("a@3 c:SnapshotCompleted b1", "S:a@3 C:SnapshotCompleted E:b1");
    let anew = "c:SnapshotStarted*2 a@3 c:SnapshotStarted*1#anew b@1 c:SnapshotCompleted*1#anew";
    check(anew, &format!("{begun} C:SnapshotStarted S:b@1 C:SnapshotCompleted Y"));
}

#[test]
fn an_export_counts_each_loan_that_it_brings_once() {
    check("c:SnapshotStarted*2 a@3 a@3 c:SnapshotCompleted*2", "C:SnapshotStarted S:a@3 P:1 C:SnapshotCompleted");
    check(
        "a@3 a@3 c:SnapshotStarted a@3 c:SnapshotCompleted a@3",
        "S:a@3 P:1 C:SnapshotStarted S:a@3 C:SnapshotCompleted Y P:1",
    );
    check(
        "a1 a2p c:SnapshotStarted a@3 c:SnapshotCompleted",
        "E:a1 E:a2 C:SnapshotStarted Q:a3:after-purge C:SnapshotCompleted Y",
    );
}

#[test]
fn a_snapshot_or_erasure_of_another_loan_is_refused() {
    let entities = r#"[{"entity":"loanRequest","id":"b","version":1,"after":{"id":"b"}}]"#;
    let snapshot = format!(r#"{{"asOfSequence":4,"entities":{entities}}}"#);
    let erasure = format!(
        r#"{{"entity":"erasure","participantIds":["p"],"legalBasis":"x","requestedAt":"2026-03-05T10:00:00Z","entities":{entities}}}"#
    );
    for (name, data) in [("LoanRequestSnapshot", snapshot), ("DataSubjectErased", erasure)] {
        let mut rig = Rig::new();
        rig.feed(&[line("a", 4, "s", "/banclo/test", name, &data)], false, false);
        assert_eq!(rig.logged(), "Q:a4:bad-data", "{name}");
    }
}
