//! Turns, shares, and who gives way.

use std::time::Duration;

use super::*;

fn gate(running: usize, running_each: usize, waiting: usize) -> Arc<Gate> {
    let bounds = Bounds { running, running_each, waiting, patience: Duration::from_secs(5) };
    Gate::new(bounds, [Gauge::noop(), Gauge::noop()])
}

#[expect(clippy::disallowed_methods, reason = "a test's own task: it is awaited")]
fn ask(gate: &Arc<Gate>, who: u64) -> tokio::task::JoinHandle<Result<Permit, Refusal>> {
    let gate = Arc::clone(gate);
    tokio::spawn(async move { gate.enter(who).await })
}

/// Until so many wait.
async fn waiting(gate: &Gate, wanted: usize) {
    while gate.state.lock().waiting != wanted {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_beyond_its_share_waits_and_lets_others_pass() {
    let gate = gate(4, 2, 10);
    let (first, second) = (gate.enter(1).await.unwrap(), gate.enter(1).await.unwrap());
    let third = ask(&gate, 1);
    waiting(&gate, 1).await;
    let other = gate.enter(2).await.unwrap();
    assert_eq!(gate.state.lock().waiting, 1, "the other client did not wait");
    drop(first);
    let third = third.await.unwrap().unwrap();
    drop((second, third, other));
    let state = gate.state.lock();
    assert_eq!((state.running, state.waiting, state.clients.len()), (0, 0, 0));
}

#[tokio::test]
async fn clients_take_turns() {
    let gate = gate(1, 1, 100);
    let inside = gate.enter(0).await.unwrap();
    let mut greedy = Vec::new();
    for _ in 0..20 {
        greedy.push(ask(&gate, 1));
        waiting(&gate, greedy.len()).await;
    }
    let modest = ask(&gate, 2);
    waiting(&gate, 21).await;
    drop(inside);
    let first = greedy.remove(0).await.unwrap().unwrap();
    drop(first);
    let modest = modest.await.unwrap().unwrap();
    assert_eq!(gate.state.lock().waiting, 19, "it came second, not twenty-first");
    drop(modest);
    for turn in greedy {
        drop(turn.await.unwrap().unwrap());
    }
    assert_eq!(gate.state.lock().clients.len(), 0);
}

#[tokio::test]
async fn whoever_has_most_in_a_full_queue_gives_way() {
    let gate = gate(1, 1, 10);
    let inside = gate.enter(0).await.unwrap();
    let mut greedy = Vec::new();
    for _ in 0..10 {
        greedy.push(ask(&gate, 1));
        waiting(&gate, greedy.len()).await;
    }
    assert_eq!(gate.enter(1).await.err(), Some(Refusal::Full), "its own queue is the longest");
    let modest = ask(&gate, 2);
    assert_eq!(greedy.pop().unwrap().await.unwrap().err(), Some(Refusal::Full), "its newest gave way");
    drop(inside);
    drop(greedy.remove(0).await.unwrap().unwrap());
    drop(modest.await.unwrap().unwrap());
    for turn in greedy {
        drop(turn.await.unwrap().unwrap());
    }
}

#[tokio::test]
async fn nobody_waits_for_ever_and_whoever_goes_leaves_the_queue() {
    let bounds = Bounds { running: 1, running_each: 1, waiting: 1, patience: Duration::from_millis(20) };
    let gate = Gate::new(bounds, [Gauge::noop(), Gauge::noop()]);
    let inside = gate.enter(0).await.unwrap();
    assert_eq!(gate.enter(1).await.err(), Some(Refusal::Late));
    let gone = ask(&gate, 2);
    waiting(&gate, 1).await;
    gone.abort();
    waiting(&gate, 0).await;
    assert!(gate.state.lock().turns.is_empty());
    drop(inside);
    drop(gate.enter(3).await.unwrap());
}
