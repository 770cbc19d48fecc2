//! What is stored stays, is looked after, and goes when nobody needs it.

use continuity_base::{Clock, Timestamp};
use futures_util::TryStreamExt;

use super::*;
use crate::BlobError;
use crate::origin::FetchError;
use crate::references::Referenced;
use crate::shelf::Shelf;

/// A small generator with a seed: the same faults each time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn random_faults(state: &mut u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    for _ in 0..next(state) % 3 {
        faults.push(match next(state) % 6 {
            0 => Fault::Error(FetchError::Failed("500".to_owned())),
            1 => Fault::Cut(1_000),
            2 => Fault::Break(2_000),
            3 => Fault::Flip,
            4 => Fault::Short,
            _ => Fault::Again,
        });
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_blobs_arrive_through_faults_and_kills() {
    let world = World::new();
    let (mut seed, mut position) = (42, 0);
    for loan in 0..100_u32 {
        let blobs = (0..20_u32).map(|n| {
            let bytes = [loan.to_le_bytes(), n.to_le_bytes()].concat().repeat(400);
            let (digest, json) = world.offer(&bytes);
            world.faults(digest, &random_faults(&mut seed));
            json
        });
        position = world.references.refer(&format!("L{loan}"), &blobs.collect::<Vec<_>>());
    }
    for life_number in 1..=8_u64 {
        let life = world.start();
        let enough = life_number * 200;
        world
            .pass("some arrive", Duration::from_millis(20), || life.service.lag().unwrap().available.count >= enough)
            .await;
        life.kill().await;
    }
    let life = world.start();
    world.pass("settled", Duration::from_millis(100), || life.settled(position)).await;
    world.pass("all arrive", Duration::from_millis(100), || life.service.lag().unwrap().available.count == 2_000).await;
    let lag = life.service.lag().unwrap();
    assert_eq!(lag.available.bytes, 2_000 * 3_200);
    assert_eq!((lag.pending.count, lag.failed.count, lag.damaged.count), (0, 0, 0));
    let stored: Vec<_> = world.shelf.list().try_collect().await.unwrap();
    assert_eq!(stored.len(), 2_000);
    for (name, size) in stored {
        let bytes = fs::read(world.shelf.place(&name)).unwrap();
        assert_eq!((digest(&bytes), bytes.len() as u64), (name, size));
    }
    assert_eq!(fs::read_dir(world.options.directory.join("incoming")).unwrap().count(), 0);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_was_deleted_is_derived_anew_without_fetching() {
    let world = World::new();
    let blobs: Vec<_> = (0..30_u8).map(|n| world.offer(&[n; 100]).1).collect();
    let position = world.references.refer("L1", &blobs);
    let life = world.start();
    // What is stored is counted a moment later.
    until("settled", || life.settled(position) && life.service.lag().unwrap().pending.count == 0).await;
    let before = life.service.lag().unwrap();
    life.end().await;
    for content in [None, Some("no database at all")] {
        let index = world.options.directory.join("index.redb");
        fs::remove_file(&index).unwrap();
        if let Some(content) = content {
            fs::write(&index, content).unwrap();
        }
        let life = world.start();
        until("settled again", || life.settled(position) && life.service.lag().unwrap() == before).await;
        assert_eq!((life.service.lag().unwrap(), world.asked()), (before.clone(), 30));
        life.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_lost_are_noticed_and_fetched_again() {
    let world = World::new();
    let (digest, json) = world.offer(b"hello");
    let position = world.references.refer("L1", std::slice::from_ref(&json));
    let life = world.start();
    until("settled", || life.settled(position)).await;
    fs::remove_file(world.shelf.place(&digest)).unwrap();
    assert!(matches!(life.service.open(&json).await, Err(BlobError::Damaged { .. })));
    until("fetched again", || life.state(&json) == "AVAILABLE").await;
    life.end().await;
    fs::remove_file(world.shelf.place(&digest)).unwrap();
    let life = world.start();
    until("fetched at the next start", || world.asked() == 3 && life.state(&json) == "AVAILABLE").await;
    assert!(life.service.open(&json).await.is_ok());
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scrubbing_finds_a_flipped_bit_and_repairs_it() {
    for suspected in [false, true] {
        let world = World::new();
        let (digest, json) = world.offer(b"hello");
        let position = world.references.refer("L1", std::slice::from_ref(&json));
        let life = world.start();
        until("settled", || life.settled(position)).await;
        fs::write(world.shelf.place(&digest), b"hellp").unwrap();
        if suspected {
            life.service.suspect(digest);
        } else {
            world.clock.advance(DAY * 30);
        }
        until("repaired", || world.asked() == 2 && life.state(&json) == "AVAILABLE").await;
        assert_eq!(fs::read(world.shelf.place(&digest)).unwrap(), b"hello");
        let evidence = world.evidence();
        assert_eq!(evidence.len(), 2);
        let evidence = world.options.directory.join("quarantine").join(&evidence[0]);
        assert_eq!(fs::read(evidence).unwrap(), b"hellp");
        life.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_hashed_again_when_somebody_wants_it() {
    let world = World::new();
    let (good, bad) = (world.offer(b"hello"), world.offer(b"there"));
    world.references.refer("L2", std::slice::from_ref(&good.1));
    let position = world.references.refer("L1", std::slice::from_ref(&bad.1));
    let life = world.start();
    until("settled", || life.settled(position)).await;
    let position = world.references.refer("L2", &[]);
    until("known", || life.settled(position)).await;
    assert_eq!((life.service.scrubbed(), life.service.stored()), (None, 1), "one is stored that nobody refers to");
    fs::write(world.shelf.place(&bad.0), b"thera").unwrap();
    world.clock.advance(Duration::from_secs(1));
    let begun = life.service.scrub().unwrap().unwrap();
    assert_eq!((begun.since, begun.of), (world.clock.now(), 2));
    until("done", || life.service.scrubbed().unwrap().is_done).await;
    let done = life.service.scrubbed().unwrap();
    assert_eq!((done.good, done.damaged, done.unreadable, done.is_given_up), (1, 1, 0, false));
    until("repaired", || life.state(&bad.1) == "AVAILABLE").await;
    world.clock.advance(Duration::from_secs(1));
    assert!(life.service.scrub().unwrap().is_some(), "as often as somebody wants");
    until("done again", || life.service.scrubbed().is_some_and(|scrub| scrub.is_done && scrub.good == 2)).await;
    world.clock.step_to(Timestamp::from_micros(1));
    assert!(life.service.scrub().unwrap().is_some(), "a clock that went back hides nothing");
    until("done once more", || life.service.scrubbed().is_some_and(|scrub| scrub.is_done)).await;
    assert_eq!(life.service.scrubbed().unwrap().good, 2);
    let service = life.service.clone();
    life.end().await;
    world.clock.advance(Duration::from_secs(1));
    assert!(service.scrub().unwrap().is_some() && service.scrub().unwrap().is_none(), "one at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_read_it_is_given_up_to_hash_everything() {
    let world = World::new();
    let (digests, json): (Vec<_>, Vec<_>) = (0..120_u8).map(|byte| world.offer(&[byte])).unzip();
    let position = world.references.refer("L1", &json);
    let life = world.start();
    until("settled", || life.settled(position)).await;
    for (readable, given_up) in [(119, false), (5, true)] {
        for digest in digests.iter().skip(readable) {
            // A directory can be opened, and not be read.
            let place = world.shelf.place(digest);
            fs::remove_file(&place).ok();
            fs::create_dir(&place).ok();
        }
        world.clock.advance(Duration::from_secs(1));
        life.service.scrub().unwrap().unwrap();
        until("done", || life.service.scrubbed().unwrap().is_done).await;
        let done = life.service.scrubbed().unwrap();
        assert_eq!((done.of, done.damaged, done.is_given_up), (120, 0, given_up), "{done:?}");
        assert_eq!(done.unreadable, if given_up { 100 } else { 1 }, "{done:?}");
    }
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_gone_not_all_is_taken_for_lost() {
    let world = World::new();
    let (digests, json): (Vec<_>, Vec<_>) = (0..120_u8).map(|byte| world.offer(&[byte])).unzip();
    let position = world.references.refer("L1", &json);
    let life = world.start();
    until("settled", || life.settled(position)).await;
    for digest in &digests {
        fs::remove_file(world.shelf.place(digest)).unwrap();
    }
    world.clock.advance(Duration::from_secs(1));
    life.service.scrub().unwrap().unwrap();
    until("given up", || life.service.scrubbed().unwrap().is_done).await;
    let done = life.service.scrubbed().unwrap();
    assert_eq!((done.good, done.damaged, done.is_given_up), (0, 100, true));
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_refers_to_goes_after_its_time() {
    let world = World::new();
    let (digest, json) = world.offer(b"hello");
    world.references.refer("L1", std::slice::from_ref(&json));
    let position = world.references.refer("L2", std::slice::from_ref(&json));
    let life = world.start();
    until("settled", || life.settled(position)).await;
    let position = world.references.refer("L1", &[]);
    until("known", || life.settled(position)).await;
    assert_eq!(life.service.lag().unwrap().available.count, 1, "the other loan holds it");
    let position = world.references.refer("L2", &[]);
    until("nobody holds it", || life.settled(position) && life.service.lag().unwrap().available.count == 0).await;
    world.clock.advance(DAY * 29);
    tokio::task::yield_now().await;
    assert!(world.shelf.place(&digest).exists());
    let hold = life.service.hold();
    *world.references.rebuilding.lock() = true;
    world.clock.advance(DAY * 2);
    assert!(world.shelf.place(&digest).exists());
    drop(hold);
    assert!(world.shelf.place(&digest).exists());
    *world.references.rebuilding.lock() = false;
    until("it goes", || !world.shelf.place(&digest).exists()).await;
    assert_eq!(life.state(&json), "PENDING");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_loan_takes_its_bytes_along_at_once() {
    let world = World::new();
    let ((own, own_json), (shared, shared_json)) = (world.offer(b"own"), world.offer(b"shared"));
    world.faults(own, &[Fault::Flip]);
    world.references.refer("L1", &[own_json.clone(), shared_json.clone()]);
    world.references.refer("L2", std::slice::from_ref(&shared_json));
    let life = world.start();
    world.pass("here", Duration::from_millis(100), || life.service.lag().unwrap().available.count == 2).await;
    assert_eq!(world.evidence().len(), 2);
    world.references.set("L1", Referenced::Gone);
    until("it goes", || !world.shelf.place(&own).exists() && world.evidence().is_empty()).await;
    assert!(world.shelf.place(&shared).exists());
    assert_eq!(life.state(&shared_json), "AVAILABLE");
    // What comes back is fetched again.
    world.references.refer("L3", std::slice::from_ref(&own_json));
    until("it is back", || life.state(&own_json) == "AVAILABLE").await;
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_in_the_store_that_nobody_knew_are_adopted_or_collected() {
    let world = World::new();
    let (digest, json) = world.offer(b"hello");
    let stray = crate::testing::digest(b"stray");
    for (digest, bytes) in [(digest, b"hello"), (stray, b"stray")] {
        fs::create_dir_all(world.shelf.place(&digest).parent().unwrap()).unwrap();
        fs::write(world.shelf.place(&digest), bytes).unwrap();
    }
    let position = world.references.refer("L1", std::slice::from_ref(&json));
    let life = world.start();
    until("adopted", || life.settled(position)).await;
    assert_eq!((life.state(&json), world.asked()), ("AVAILABLE", 0));
    assert_eq!(life.service.lag().unwrap().available.count, 1);
    world.clock.advance(DAY * 31);
    until("collected", || !world.shelf.place(&stray).exists()).await;
    assert!(world.shelf.place(&digest).exists());
    life.end().await;
}

/// The index fails under the service, as on a disk that is full: what is stored is served, and work goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_index_is_opened_again_and_bytes_are_served_meanwhile() {
    let world = World::new();
    let (_, json) = world.offer(&[4; 5_000]);
    let life = world.start();
    let position = world.references.refer("L1", std::slice::from_ref(&json));
    until("settled", || life.settled(position)).await;
    life.service.core.index.fail();
    assert!(life.service.lag().is_err());
    assert_eq!(life.service.open(&json).await.unwrap().size, 5_000);
    assert_eq!(life.state(&json), "PENDING", "nobody knows");
    let (_, other) = world.offer(&[5; 100]);
    let position = world.references.refer("L2", std::slice::from_ref(&other));
    until("settled", || life.service.lag().is_ok() && life.settled(position)).await;
    assert_eq!((life.state(&json), life.state(&other)), ("AVAILABLE", "AVAILABLE"));
    assert_eq!(life.service.lag().unwrap().failing, None);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_is_told_and_nothing_is_asked_for() {
    let mut world = World::new();
    world.options.min_free_bytes = u64::MAX;
    let (_, json) = world.offer(&[6; 100]);
    let life = world.start();
    let position = world.references.refer("L1", std::slice::from_ref(&json));
    until("told", || life.service.lag().unwrap().failing.is_some_and(|why| why.contains("free space on it"))).await;
    assert_eq!((life.state(&json), world.asked()), ("PENDING", 0));
    life.end().await;
    world.options.min_free_bytes = 0;
    let life = world.start();
    world.pass("stored", DAY, || life.settled(position)).await;
    assert_eq!((life.state(&json), life.service.lag().unwrap().failing), ("AVAILABLE", None));
    life.end().await;
}

/// A loan that let go of bytes and is purged then has none of them kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_takes_what_the_loan_held_once() {
    let world = World::new();
    let (first, one) = world.offer(&[1; 10]);
    let (second, two) = world.offer(&[2; 10]);
    let life = world.start();
    let position = world.references.refer("L1", &[one.clone(), two.clone()]);
    until("stored", || life.settled(position)).await;
    let position = world.references.refer("L1", std::slice::from_ref(&two));
    until("let go of", || life.service.lag().unwrap().known_up_to >= Some(position)).await;
    assert!(world.shelf.place(&first).exists(), "it has its time");
    world.references.set("L1", Referenced::Gone);
    until("removed", || !world.shelf.place(&first).exists() && !world.shelf.place(&second).exists()).await;
    life.end().await;
}

/// The log is an older one than before: what it does not refer to is nobody's, and all else is known again.
#[tokio::test(flavor = "multi_thread")]
async fn references_of_another_log_are_read_anew() {
    let mut world = World::new();
    let (_, one) = world.offer(&[1; 10]);
    let (_, two) = world.offer(&[2; 10]);
    let life = world.start();
    world.references.refer("L1", std::slice::from_ref(&one));
    let position = world.references.refer("L2", std::slice::from_ref(&two));
    until("stored", || life.settled(position)).await;
    life.end().await;
    world.references = Arc::default();
    let position = world.references.refer("L1", std::slice::from_ref(&one));
    world.options.log_head = Some(position);
    let life = world.start();
    until("known", || life.settled(position)).await;
    let lag = life.service.lag().unwrap();
    assert_eq!((lag.available.count, lag.known_up_to), (1, Some(position)));
    assert_eq!(world.asked(), 2, "nothing is fetched again");
    assert_eq!(life.service.loan("L2").unwrap(), LoanBlobs::default());
    life.end().await;
}

/// Bytes that are gone from the store are told, not only fetched again.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lost_bytes_is_told() {
    let world = World::new();
    let (digest, json) = world.offer(&[1; 10]);
    let life = world.start();
    let position = world.references.refer("L1", std::slice::from_ref(&json));
    until("stored", || life.settled(position)).await;
    life.end().await;
    fs::remove_file(world.shelf.place(&digest)).unwrap();
    world.faults(digest, &vec![Fault::Error(FetchError::Failed("500".to_owned())); 2]);
    let life = world.start();
    until("told", || life.state(&json) == "DAMAGED").await;
    world.pass("repaired", DAY, || life.state(&json) == "AVAILABLE").await;
    life.end().await;
}

/// A reference that cannot be acted upon is no reason to look complete.
#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_cannot_be_read_counts() {
    let world = World::new();
    let json = format!(
        r#"{{"sha256":"{}","sizeBytes":-1,"fetch":{{"kind":"URL","url":"https://host/x"}}}}"#,
        hex::encode([7; 32])
    );
    let life = world.start();
    world.references.refer("L1", std::slice::from_ref(&json));
    until("told", || life.service.loan("L1").unwrap().failed.count == 1).await;
    assert!(life.service.failures(1).unwrap()[0].reason.contains("sizeBytes"));
    assert_eq!(life.state(&json), "DAMAGED");
    life.end().await;
}
