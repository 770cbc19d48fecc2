//! Waiting with a limit for what may never answer, such as a directory on a share that is gone.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

/// Asks one question at a time, on a thread of its own. While one is open, no other is asked.
pub(crate) struct Patience<T> {
    open: Mutex<Option<Receiver<T>>>,
}

impl<T: Send + 'static> Patience<T> {
    /// The answer to `question`, or to the one that is still open; `None` when there is none within `limit`.
    pub(crate) fn ask(&self, limit: Duration, question: impl FnOnce() -> T + Send + 'static) -> io::Result<Option<T>> {
        let mut open = self.open.lock();
        // An answer that came when nobody waited any more may be old.
        let is_answered = open.as_ref().is_some_and(|answer| answer.try_recv().is_ok());
        if is_answered || open.is_none() {
            let (tell, answer) = sync_channel(1);
            // Nobody may wait for it any more by then.
            thread::Builder::new().name("asking".to_owned()).spawn(move || tell.send(question()).ok())?;
            *open = Some(answer);
        }
        let answer = open.as_ref().map(|answer| answer.recv_timeout(limit));
        match answer {
            Some(Ok(answer)) => {
                *open = None;
                Ok(Some(answer))
            }
            Some(Err(RecvTimeoutError::Timeout)) => Ok(None),
            Some(Err(RecvTimeoutError::Disconnected)) | None => {
                *open = None;
                Err(io::Error::other("what was asked for panicked; the log says where"))
            }
        }
    }
}

impl<T> Default for Patience<T> {
    fn default() -> Self {
        Self { open: Mutex::default() }
    }
}

impl<T> fmt::Debug for Patience<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patience")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_TIME: Duration = Duration::from_millis(1);
    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn what_does_not_answer_is_asked_once_and_a_late_answer_is_asked_for_again() {
        let patience = Patience::default();
        let (go_on, waits) = sync_channel::<()>(0);
        let (done, is_done) = sync_channel::<()>(0);
        let slow = move || {
            waits.recv().ok();
            drop(done);
            1
        };
        assert_eq!(patience.ask(NO_TIME, slow).unwrap(), None);
        assert_eq!(patience.ask(NO_TIME, || unreachable!("one at a time")).unwrap(), None);
        go_on.send(()).unwrap();
        is_done.recv().unwrap_err();
        // The late answer is either on its way, and then taken, or here, and then asked for again.
        let answer = patience.ask(LIMIT, || 2).unwrap();
        assert!(matches!(answer, Some(1 | 2)), "{answer:?}");
        assert_eq!(patience.ask(LIMIT, || 3).unwrap(), Some(3));
    }

    #[test]
    fn a_question_that_panics_is_an_error_and_the_next_one_is_asked() {
        let patience = Patience::<u8>::default();
        assert!(patience.ask(LIMIT, || panic!("as meant")).is_err());
        assert_eq!(patience.ask(LIMIT, || 4).unwrap(), Some(4));
    }
}
