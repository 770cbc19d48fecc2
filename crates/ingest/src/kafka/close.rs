//! Closing clients without waiting for brokers that do not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How long a client that is being replaced is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_millis(5);
/// Clients that may be closing at a time: more are not opened meanwhile.
const AT_MOST: usize = 2;

/// Clients that are being closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Closing {
    open: Arc<AtomicUsize>,
}

/// Counts itself off.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Closing {
    /// Drops it on a thread of its own.
    pub(super) fn close<T: Send + 'static>(&self, client: T) {
        self.open.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(Arc::clone(&self.open));
        let spawned = thread::Builder::new().name("kafka-close".to_owned()).spawn(move || {
            drop(client);
            drop(counted);
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread to close a Kafka client on; it was closed here");
        }
    }

    /// Whether few enough are left, after a short wait.
    pub(super) fn is_done(&self) -> bool {
        let steps = PATIENCE.as_millis() / STEP.as_millis();
        for _ in 0..steps {
            if self.open.load(Ordering::SeqCst) < AT_MOST {
                return true;
            }
            thread::sleep(STEP);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// Something that closes when it is let.
    struct Slow(Receiver<()>);

    impl Drop for Slow {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }

    #[test]
    fn what_hangs_is_not_waited_for_and_not_piled_up() {
        let closing = Closing::default();
        let lets: Vec<_> = (0..AT_MOST)
            .map(|_| {
                let (tell, told) = channel();
                closing.close(Slow(told));
                tell
            })
            .collect();
        assert!(!closing.is_done());
        drop(lets);
        assert!(closing.is_done());
    }
}
