//! Whose turn it is to have a digest made: one at a time, each network its share, and all of them after the API's readers.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use super::guard::network;
use crate::AuthError;

/// Sign-ins that may wait for their turn; one more is told to come again.
const MAX_WAITING: usize = 64;
/// Of these, those from one network.
const MAX_OF_NETWORK: usize = 16;
/// Whoever waited as long as this for a turn is ranked like the readers: on a machine without a free core a
/// digest that comes last takes seconds, and people who sign in must not wait for all of those before them.
const PATIENCE: Duration = Duration::from_secs(2);

/// The turns of one process.
pub(crate) struct Turns {
    waiting: Semaphore,
    working: Arc<Semaphore>,
    /// How many wait from each network.
    from: Mutex<HashMap<Option<IpAddr>, usize>>,
    patience: Duration,
}

/// There are too many sign-ins at once.
#[derive(Debug)]
pub(crate) struct Busy;

/// How the operating system shares its cores between a digest and the API's readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// It runs while no reader wants the core.
    Last,
    /// As readers do.
    Equal,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let (waiting, working) = (Semaphore::new(MAX_WAITING), Arc::new(Semaphore::new(1)));
        Self { waiting, working, from: Mutex::default(), patience: PATIENCE }
    }

    /// Waits for a turn at `work`, which is done on a thread of its own.
    pub(crate) async fn take<T: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
    ) -> Result<Result<T, AuthError>, Busy> {
        let _from = self.enter(address.map(network))?;
        let _waiting = self.waiting.try_acquire().map_err(|_| Busy)?;
        let (turn, rank) = self.turn().await?;
        // Whoever goes away meanwhile makes no room: the turn ends with the work.
        let work = || {
            let worked = work();
            drop(turn);
            worked
        };
        Ok(apart(rank, work).await)
    }

    async fn turn(&self) -> Result<(OwnedSemaphorePermit, Rank), Busy> {
        let mut turn = pin!(Arc::clone(&self.working).acquire_owned());
        let (turn, rank) = match timeout(self.patience, turn.as_mut()).await {
            Ok(turn) => (turn, Rank::Last),
            Err(_) => (turn.await, Rank::Equal),
        };
        Ok((turn.map_err(|_| Busy)?, rank))
    }

    /// A place among those that wait, of which one network has no more than its share.
    fn enter(&self, network: Option<IpAddr>) -> Result<Place<'_>, Busy> {
        let mut from = self.from.lock();
        let waiting = from.entry(network).or_default();
        if *waiting >= MAX_OF_NETWORK {
            return Err(Busy);
        }
        *waiting += 1;
        Ok(Place { turns: self, network })
    }
}

struct Place<'a> {
    turns: &'a Turns,
    network: Option<IpAddr>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut from = self.turns.from.lock();
        if let Some(waiting) = from.get_mut(&self.network) {
            *waiting -= 1;
            if *waiting == 0 {
                from.remove(&self.network);
            }
        }
    }
}

/// Does `work` on a thread of its own.
async fn apart<T: Send + 'static>(
    rank: Rank,
    work: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
) -> Result<T, AuthError> {
    let (done, worked) = oneshot::channel();
    let thread = Builder::new().name("passwords".into()).spawn(move || {
        if rank == Rank::Last {
            come_last();
        }
        // Whoever asked may have gone away meanwhile.
        done.send(work()).ok();
    });
    thread.map_err(|_| AuthError::Crypto("there is no thread to digest a password on"))?;
    worked.await.unwrap_or(Err(AuthError::Crypto("the thread that digests passwords panicked")))
}

/// Lets this thread run while no other one wants the core (`SCHED_IDLE`, see `sched(7)`). A low priority is not enough: a
/// thread of one keeps the core for its slice of some milliseconds before a reader gets it back.
#[cfg(target_os = "linux")]
fn come_last() {
    use thread_priority::ThreadPriority;
    use thread_priority::unix::{
        NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
        thread_schedule_policy,
    };

    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
    // In a process that was made nice the policy is set and its priority is refused, which has no meaning then.
    if thread_schedule_policy() != Ok(idle) {
        tracing::warn!(error = ?set, "passwords are digested at the priority of the API's readers");
    }
}

/// Elsewhere readers share the core with digests.
#[cfg(not(target_os = "linux"))]
const fn come_last() {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_again() {
        let turns = Turns::new();
        let places: Vec<_> = (0..MAX_OF_NETWORK).map(|_| turns.enter(None).unwrap()).collect();
        assert!(turns.take(None, || Ok(())).await.is_err(), "one network has its share");
        assert!(turns.take("192.0.2.1".parse().ok(), || Ok(())).await.is_ok());
        drop(places);
        assert!(turns.take(None, || Ok(())).await.is_ok() && turns.from.lock().is_empty());
        let _all = turns.waiting.try_acquire_many(64).unwrap();
        assert!(turns.take(None, || Ok(())).await.is_err());
    }

    #[tokio::test]
    async fn whoever_goes_away_makes_no_room_for_another_digest() {
        let turns = Turns::new();
        let (end, ended) = mpsc::channel::<()>();
        let (begin, begun) = oneshot::channel();
        let work = move || {
            begin.send(()).unwrap();
            ended.recv().unwrap();
            Ok(())
        };
        tokio::select! {
            _ = turns.take(None, work) => panic!("it waits to be ended"),
            begun = begun => begun.unwrap(),
        }
        assert_eq!(turns.working.available_permits(), 0);
        end.send(()).unwrap();
        turns.take(None, || Ok(())).await.unwrap().unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn digests_are_made_while_nobody_else_wants_the_core() {
        use thread_priority::unix::{NormalThreadSchedulePolicy, ThreadSchedulePolicy, thread_schedule_policy};

        let policy = || Ok(thread_schedule_policy().unwrap());
        let of = |policy| ThreadSchedulePolicy::Normal(policy);
        let mut turns = Turns::new();
        assert_eq!(turns.take(None, policy).await.unwrap().unwrap(), of(NormalThreadSchedulePolicy::Idle));
        assert_eq!(policy().unwrap(), of(NormalThreadSchedulePolicy::Other), "that thread alone");
        turns.patience = Duration::ZERO;
        let busy = Arc::clone(&turns.working).acquire_owned().await.unwrap();
        let mut waits = pin!(turns.take(None, policy));
        assert!(timeout(Duration::from_millis(1), waits.as_mut()).await.is_err());
        drop(busy);
        assert_eq!(waits.await.unwrap().unwrap(), of(NormalThreadSchedulePolicy::Other), "it waited long enough");
    }
}
