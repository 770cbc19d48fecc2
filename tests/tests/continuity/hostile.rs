//! Histories that no sane platform sends and the contract allows all the same: wrong versions, patches on nothing, moves,
//! returns, ties, sort members of any type, snapshots that say something else, disorder over everything.

mod chance;
mod history;

use std::time::Duration;

use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{Demo, Failure};
use tempfile::TempDir;

use crate::{feeds, simulated};
use chance::Chance;

/// In short, 3 feeds of 200 loans (some 21,000 lines, 10 seconds unoptimised); in full, 100.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_histories_agree() -> Result<(), Failure> {
    for seed in 1..=feeds::size(3, 100) {
        hostile_feed_agrees(seed, 200).await?;
    }
    Ok(())
}

async fn hostile_feed_agrees(seed: u64, loans: u64) -> Result<(), Failure> {
    println!("seed {seed}");
    let mut chance = Chance::new(seed);
    let histories = (0..loans).map(|loan| history::of(loan, &mut chance)).collect();
    let lines = delivered(histories, &mut chance);
    let fold = Fold::of(Gaps::Held, lines.iter().map(String::as_str));
    let parked = fold.loan_ids().filter(|id| fold.loan(id).is_some_and(|loan| loan.parked().is_some())).count();
    assert!(parked > 1, "only {parked} loans are parked: too tame");
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    std::fs::write(&feed, lines.join("\n") + "\n")?;
    std::fs::copy(&feed, "/tmp/hostile.ndjson")?;
    let demo = Demo::new().feed(&feed).within(Duration::from_mins(5)).start().await?;
    simulated::agrees(&demo, fold).await
}

/// One line of some loan in turn, as chance has it; some late, some twice, some never.
fn delivered(mut histories: Vec<Vec<String>>, chance: &mut Chance) -> Vec<String> {
    let mut keyed = Vec::new();
    let mut place = 0_u64;
    for history in &mut histories {
        history.reverse();
    }
    while !histories.is_empty() {
        let loan = chance.below(histories.len());
        let Some(line) = histories[loan].pop() else {
            histories.swap_remove(loan);
            continue;
        };
        place += 1;
        if chance.one_in(250) {
            continue;
        }
        if chance.one_in(12) {
            keyed.push((place + chance.number(2_000), line.clone()));
        }
        let late = if chance.one_in(6) { chance.number(800) } else { 0 };
        keyed.push((place + late, line));
    }
    keyed.sort_by_key(|(place, _)| *place);
    keyed.into_iter().map(|(_, line)| line).collect()
}
