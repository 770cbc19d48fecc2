//! Bytes come, whatever happens on the way.

use super::*;
use crate::origin::FetchError;
use crate::scan::Verdict;
use crate::{BlobError, BlobState};

const STEP: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_referred_to_is_fetched_verified_and_served() {
    let world = World::new();
    let bytes = vec![7; 700_000];
    let (_, json) = world.offer(&bytes);
    let life = world.start();
    assert_eq!(life.state(&json), "PENDING");
    assert!(matches!(life.service.open(&json).await, Err(BlobError::NotSynced(_))));
    let position = world.references.refer("L1", std::slice::from_ref(&json));
    until("settled", || life.settled(position)).await;
    assert_eq!(life.state(&json), "AVAILABLE");
    // Figures follow the commit that they are of.
    until("counted", || life.service.lag().unwrap().available.count == 1).await;
    let lag = life.service.lag().unwrap();
    assert_eq!((lag.available, lag.pending.count), (BlobAmount { count: 1, bytes: 700_000 }, 0));
    assert_eq!((lag.oldest_pending, lag.known_up_to), (None, Some(position)));
    assert_eq!(life.service.loan("L1").unwrap().available.count, 1);
    // What is read whole is asked for at its origin: it may be what no loan refers to.
    let (service, wanted) = (life.service.clone(), json.clone());
    let blob = tokio::task::spawn_blocking(move || service.read(&wanted, 1 << 20)).await.unwrap().unwrap();
    assert_eq!(blob, bytes);
    assert_eq!(world.asked(), 2);
    assert_eq!(life.service.state("null"), BlobState::Erased);
    life.end().await;
}

/// Each fault, how often it is asked for the bytes then, and how many pieces of evidence there are.
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_ends_well() {
    let failed = || FetchError::Failed("500".to_owned());
    let busy = || FetchError::Busy { detail: "429".to_owned(), retry_after: Some(Duration::from_secs(7)) };
    let cases = [
        (vec![Fault::Error(failed()), Fault::Error(failed())], 3, 0),
        (vec![Fault::Error(FetchError::Missing("404".to_owned()))], 2, 0),
        (vec![Fault::Error(busy())], 2, 0),
        (vec![Fault::Cut(1_500)], 2, 0),
        (vec![Fault::Break(1_500), Fault::Again], 2, 0),
        (vec![Fault::Flip], 2, 1),
        (vec![Fault::Short], 2, 1),
        (vec![Fault::Long], 2, 1),
        (vec![Fault::Flip, Fault::Flip, Fault::Short, Fault::Long, Fault::Flip], 6, 3),
    ];
    for (faults, asked, evidence) in cases {
        let world = World::new();
        let (digest, json) = world.offer(&[3; 5_000]);
        world.faults(digest, &faults);
        let life = world.start();
        let position = world.references.refer("L1", std::slice::from_ref(&json));
        world.pass("available", STEP, || life.state(&json) == "AVAILABLE").await;
        until("settled", || life.settled(position)).await;
        assert_eq!((world.asked(), world.evidence().len()), (asked, 2 * evidence), "{faults:?}");
        assert_eq!(fs::read(world.shelf.place(&digest)).unwrap(), [3; 5_000]);
        life.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_goes_on_where_it_was_cut_off() {
    let world = World::new();
    let (digest, json) = world.offer(&(0..=255).cycle().take(900_000).collect::<Vec<u8>>());
    world.faults(digest, &[Fault::Break(400_000)]);
    world.references.refer("L1", std::slice::from_ref(&json));
    let life = world.start();
    world.pass("available", STEP, || life.state(&json) == "AVAILABLE").await;
    assert_eq!(*world.origin.asked.lock(), [(digest, 0), (digest, 400_000)]);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_missing_for_long_fails_and_is_tried_daily() {
    let mut world = World::new();
    world.options.max_bytes = 10;
    let refused = FetchError::Refused("host".to_owned());
    let (big, ok, host) = (world.offer(&[1; 11]), world.offer(&[2; 10]), world.offer(&[3; 10]));
    world.faults(host.0, &[Fault::Error(refused)]);
    let missing = digest(b"missing");
    let missing_json = json(&missing, Some(7), "https://host/x");
    let page = ok.1.replace("text/plain", "text/html").replace(&hex::encode(ok.0), &hex::encode([9; 32]));
    world.options.deny_types = vec!["text/html".to_owned()];
    let all = [big.1.clone(), ok.1.clone(), host.1.clone(), missing_json.clone(), page.clone()];
    let position = world.references.refer("L1", &all);
    let life = world.start();
    world.pass("settled", Duration::from_secs(5), || life.settled(position)).await;
    let states: Vec<_> = all.iter().map(|json| life.state(json)).collect();
    assert_eq!(states, ["FAILED", "AVAILABLE", "FAILED", "FAILED", "FAILED"]);
    let failures = life.service.failures(10).unwrap();
    assert_eq!(failures.len(), 4);
    assert!(failures.iter().all(|failure| failure.loans == ["L1"] && !failure.reason.is_empty()));
    let tries = world.origin.asked.lock().iter().filter(|(asked, _)| *asked == missing).count();
    assert_eq!(tries, 8);
    world.offer(b"missing");
    world.pass("the daily try", Duration::from_hours(1), || life.state(&missing_json) == "AVAILABLE").await;
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_reference_is_renewed_or_another_loans_is_taken() {
    let world = World::new();
    let (digest, _) = world.offer(b"hello");
    let old = json(&digest, Some(5), "https://host/old");
    let position = world.references.refer("L1", std::slice::from_ref(&old));
    let life = world.start();
    until("settled", || life.settled(position)).await;
    assert_eq!((life.state(&old), world.origin.renewed.load(Ordering::SeqCst)), ("AVAILABLE", 1));
    let (other, fine) = world.offer(b"other");
    world.faults(other, &[Fault::Error(FetchError::Missing("404".to_owned()))]);
    let stale = json(&other, Some(5), "https://host/stale");
    world.references.refer("L2", std::slice::from_ref(&fine));
    let position = world.references.refer("L3", &[stale]);
    until("settled without any wait", || life.settled(position)).await;
    assert_eq!(life.state(&fine), "AVAILABLE");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_fails_closed() {
    let world = World::new();
    let (digest, json) = world.offer(b"hello");
    *world.scanner.0.lock() =
        [Err("no answer".to_owned()), Ok(Verdict::Infected("Eicar".to_owned())), Ok(Verdict::Clean)].into();
    world.references.refer("L1", std::slice::from_ref(&json));
    let life = world.start();
    until("scanned", || world.scanner.0.lock().len() == 2).await;
    assert_eq!(life.state(&json), "PENDING");
    assert!(!world.shelf.place(&digest).exists());
    world.pass("damaged", STEP, || life.state(&json) == "DAMAGED").await;
    assert!(life.service.failures(1).unwrap()[0].reason.contains("Eicar"));
    world.pass("available", STEP, || life.state(&json) == "AVAILABLE").await;
    assert_eq!(world.evidence().len(), 2);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_passes_a_closed_window_and_a_full_queue() {
    let mut world = World::new();
    world.options.open = Arc::new(|_| false);
    let blobs: Vec<_> = (0..50_u8).map(|n| world.offer(&[n]).1).collect();
    world.references.refer("L1", &blobs);
    let life = world.start();
    until("known", || life.service.lag().unwrap().pending.count == 50).await;
    life.service.want(&blobs[31]);
    until("available", || life.state(&blobs[31]) == "AVAILABLE").await;
    assert_eq!(world.asked(), 1);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_authority_does_not_hold_up_another() {
    let world = World::new();
    let slow: Vec<_> = (0..20_u8).map(|n| world.offer(&[n; 2])).collect();
    for (digest, _) in &slow {
        world.faults(*digest, &[Fault::Hang]);
    }
    let (digest, _) = world.offer(b"quick");
    let quick = json(&digest, Some(5), "https://other/x");
    world.references.refer("L1", &slow.iter().map(|(_, json)| json.clone()).collect::<Vec<_>>());
    world.references.refer("L2", std::slice::from_ref(&quick));
    let life = world.start();
    until("available", || life.state(&quick) == "AVAILABLE").await;
    until("4 hang", || world.asked() == 5).await;
    life.end().await;
}

/// One host that wants to be left alone, with more than may be held ready, keeps no other from its turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_host_does_not_stand_in_the_way_of_others() {
    let world = World::new();
    let busy = || FetchError::Busy { detail: "429".to_owned(), retry_after: Some(Duration::from_hours(1)) };
    let mut references = Vec::new();
    for n in 0..2_500_u32 {
        let (digest, _) = world.offer(&n.to_le_bytes());
        world.faults(digest, &vec![Fault::Error(busy()); 9]);
        references.push(json(&digest, Some(4), "https://busy/x"));
    }
    world.references.refer("L1", &references);
    let life = world.start();
    until("busy", || world.asked() > 0).await;
    let (_, other) = world.offer(&[9; 9]);
    let position = world.references.refer("L2", std::slice::from_ref(&other.replace("host", "other")));
    until("known", || life.service.lag().unwrap().known_up_to >= Some(position)).await;
    until("the other one", || life.state(&other) == "AVAILABLE").await;
    assert!(world.asked() < 20, "{}", world.asked());
    life.end().await;
}

/// What does not come is told, whatever the reason; it does not look well for ever.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_is_told() {
    let world = World::new();
    let (digest, json) = world.offer(&[1; 10]);
    world.faults(digest, &vec![Fault::Error(FetchError::Failed("it answers with 500".to_owned())); 9]);
    let life = world.start();
    let position = world.references.refer("L1", std::slice::from_ref(&json));
    world.pass("stuck", DAY, || life.service.lag().unwrap().stuck == 1).await;
    let failures = life.service.failures(9).unwrap();
    assert_eq!((failures[0].state, failures[0].reason.as_str()), ("PENDING", "it answers with 500"));
    assert_eq!(failures[0].loans, ["L1"]);
    world.pass("it comes", DAY, || life.settled(position)).await;
    assert_eq!((life.state(&json), life.service.lag().unwrap().stuck), ("AVAILABLE", 0));
    life.end().await;
}

/// A renewed reference stays the one that is used, whatever else happens to the loan.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_loan_alone_does_not_begin_again() {
    let world = World::new();
    let (digest, _) = world.offer(&[1; 10]);
    let old = json(&digest, Some(10), "https://old/x");
    world.faults(digest, &vec![Fault::Error(FetchError::Missing("404".to_owned())); 30]);
    let life = world.start();
    world.references.refer("L1", std::slice::from_ref(&old));
    world.pass("given up", DAY, || life.state(&old) == "FAILED").await;
    let renewed = world.origin.renewed.load(Ordering::SeqCst);
    let position = world.references.refer("L1", std::slice::from_ref(&old));
    until("known", || life.service.lag().unwrap().known_up_to >= Some(position)).await;
    assert_eq!(life.state(&old), "FAILED");
    assert_eq!(renewed, 1, "a fresh reference is asked for once");
    life.end().await;
}
