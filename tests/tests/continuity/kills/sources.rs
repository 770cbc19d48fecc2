//! Replica, broker and connection die in turn while events are published: in the end the log holds each of them once,
//! and every read model agrees with the independent fold.

use std::collections::BTreeSet;
use std::time::Duration;

use continuity_simulator::{Emitted, Faults};
use continuity_tests::brokers::Sort;
use continuity_tests::harness::{Failure, poll};

use super::witness;
use crate::feeds;
use crate::rig::{LIMIT, Rig, events, fold, published};

const DEATHS: [Death; 6] = [Death::Replica, Death::Broker, Death::Cut, Death::Delay, Death::HalfOpen, Death::BlackHole];
/// Events in a round, and how many a second: the round lasts about as long as what happens in it.
const EVENTS: usize = 130;
const RATE: f64 = 200.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    Replica,
    Broker,
    Cut,
    Delay,
    HalfOpen,
    BlackHole,
}

/// One of each in short, 102 in full.
#[tokio::test(flavor = "multi_thread")]
async fn nats_survives_kills() -> Result<(), Failure> {
    survives(Sort::Nats, 41).await
}

/// One of each in short, 102 in full.
#[tokio::test(flavor = "multi_thread")]
async fn kafka_survives_kills() -> Result<(), Failure> {
    survives(Sort::Kafka, 42).await
}

#[expect(clippy::print_stdout, reason = "the figures of the long form")]
async fn survives(sort: Sort, seed: u64) -> Result<(), Failure> {
    let kills = usize::try_from(feeds::size(6, 102))?;
    // A fork is judged by what arrives first, which is not the same here and there when messages are sent again.
    let faults = Faults { forks: 0.0, ..feeds::rough() };
    let all = events(seed, feeds::size(8, 115), faults);
    let rounds: Vec<&[Emitted]> = all.chunks(EVENTS).collect();
    assert!(rounds.len() > kills, "{} rounds of events", rounds.len());
    let mut rig = Rig::start(sort, rounds[0], "").await?;
    let (mut position, mut diverged, mut forgotten) = (0, 0, 0);
    let mut durable = BTreeSet::new();
    for (kill, round) in rounds[1..=kills].iter().enumerate() {
        let death = DEATHS[kill % DEATHS.len()];
        let forgets = death == Death::Broker && !rig.broker.keeps_over_kill();
        if forgets {
            rig.broker.settle()?;
        }
        let publisher = rig.publish(round, RATE)?;
        die(&mut rig, death, kill).await?;
        published(publisher).await?;
        if forgets {
            let held = witness::held_by(&rig.broker).await?;
            forgotten += rig.places().await?.difference(&held).count();
            // What a platform does when its broker lost what it had acknowledged.
            published(rig.publish(round, 0.0)?).await?;
        }
        diverged += u64::from(follows_again(&rig).await?);
        let now = rig.status("logPosition").await?;
        assert!(now >= position, "the log was at {position} and is at {now} after {death:?} {kill}");
        position = now;
        durable = still_there(&durable, rig.places().await?);
    }
    published(rig.publish(&all[(kills + 1) * EVENTS..], 0.0)?).await?;
    let fold = fold(&all);
    let wanted = fold.counts().events;
    let held = witness::held_by(&rig.broker).await?;
    let came = poll(LIMIT, async || {
        diverged += u64::from(follows_again(&rig).await?);
        Ok(rig.places().await?.is_superset(&held))
    });
    let came = came.await?;
    let places = still_there(&durable, rig.places().await?);
    let missing: Vec<_> = held.difference(&places).take(5).collect();
    assert!(came, "the broker holds {missing:?}, the log does not\n{}", rig.replica.errors());
    assert!(
        diverged == 0 || !rig.broker.keeps_over_kill(),
        "the broker lost nothing, and {diverged} times it was said"
    );
    assert!(diverged > 0 || forgotten == 0, "the broker forgot {forgotten} events that were read, and nobody said so");
    // What the broker lost before anybody read it: its platform tells it once more.
    let lost = |event: &&Emitted| witness::place(event.line.as_bytes()).is_some_and(|place| !places.contains(&place));
    let lost: Vec<Emitted> = all.iter().filter(lost).cloned().collect();
    assert!(lost.is_empty() || !rig.broker.keeps_over_kill(), "{} events are nowhere", lost.len());
    published(rig.publish(&lost, 0.0)?).await?;
    rig.until_events(wanted).await?;
    rig.until("live").await?;
    let (all, lost) = (all.len(), lost.len());
    println!(
        "{kills} kills, {all} messages; the source diverged {diverged} times; it lost {lost} before anybody read them"
    );
    rig.agrees(fold).await
}

/// The places of now, which are those of before and more: what was durable once stays.
fn still_there(before: &BTreeSet<witness::Place>, now: BTreeSet<witness::Place>) -> BTreeSet<witness::Place> {
    let gone: Vec<_> = before.difference(&now).take(5).collect();
    assert!(gone.is_empty(), "the log had {gone:?}, and has not now");
    now
}

/// Something dies at a moment of the round, and lives again.
async fn die(rig: &mut Rig, death: Death, kill: usize) -> Result<(), Failure> {
    let kill = u64::try_from(kill)?;
    let moment = Duration::from_millis(20 + kill * 7_919 % 500);
    let length = Duration::from_millis(150 + kill * 104_729 % 450);
    tokio::time::sleep(moment).await;
    match death {
        Death::Replica => rig.replica.kill()?,
        Death::Broker => rig.broker.kill()?,
        Death::Cut if kill.is_multiple_of(4) => rig.proxy.refuse(),
        Death::Cut => rig.proxy.cut(),
        Death::Delay => rig.proxy.delay(length / 4),
        Death::HalfOpen => rig.proxy.half_open(),
        Death::BlackHole => rig.proxy.black_hole(),
    }
    tokio::time::sleep(length).await;
    match death {
        Death::Replica => rig.replica.restart().await,
        Death::Broker => rig.broker.restart(),
        _ => {
            rig.proxy.heal();
            Ok(())
        }
    }
}

/// Waits until the replica follows again; whether a divergence had to be accepted for that.
async fn follows_again(rig: &Rig) -> Result<bool, Failure> {
    let mut diverged = false;
    let follows = poll(LIMIT, async || {
        let state = rig.state().await?;
        if state == "diverged" {
            diverged = true;
            rig.accept().await?;
        }
        Ok(state == "live")
    });
    let follows = follows.await?;
    assert!(follows, "{}\n{}", rig.replica.health().await?.to_text(), rig.replica.errors());
    Ok(diverged)
}
