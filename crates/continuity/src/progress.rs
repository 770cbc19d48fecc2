//! How far long work has come: a bar on a terminal, a line now and then otherwise.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

const TELL_EVERY: Duration = Duration::from_millis(200);

/// Does `work` on a thread of its own and waits for it; meanwhile `tell` is called now and then.
pub(crate) fn telling<T: Send>(work: impl FnOnce() -> T + Send, tell: &mut dyn FnMut()) -> Result<T> {
    thread::scope(|scope| {
        let (working, ended) = sync_channel::<()>(1);
        let worker = scope.spawn(move || {
            let _working = working;
            work()
        });
        while ended.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
            tell();
        }
        worker.join().map_err(|_| anyhow!("the thread that did the work panicked; the log of the process says where"))
    })
}

/// Progress of one piece of work, on standard error.
pub(crate) struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    shown_tenths: u64,
}

impl Progress {
    /// Begins to show `what`.
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let style = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} eta {eta}";
            bar.set_style(ProgressStyle::with_template(style).expect("the template is fixed and tested"));
            bar.set_message(what);
            bar
        });
        Self { what, bar, shown_tenths: 0 }
    }

    /// `done` of `of` is done.
    pub(crate) fn set(&mut self, done: u64, of: u64) {
        if of == 0 {
            return; // A bar without a length would look full.
        }
        let done = done.min(of);
        if let Some(bar) = &self.bar {
            bar.set_length(of);
            bar.set_position(done);
            return;
        }
        let tenths = (done * 10).checked_div(of).unwrap_or_default();
        if tenths > self.shown_tenths {
            self.shown_tenths = tenths;
            output::note(&format!("{}: {}0 % ({done} of {of})", self.what, tenths));
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_told_of_and_waited_for() {
        let (let_go, held) = sync_channel::<()>(1);
        let mut told = 0;
        let done = telling(move || held.recv().map(|()| 7).unwrap(), &mut || {
            told += 1;
            let_go.try_send(()).ok();
        });
        assert_eq!((done.unwrap(), told >= 1), (7, true));
        let error = telling(|| panic!("broken"), &mut || {}).map(|()| 7).unwrap_err();
        assert!(error.to_string().contains("panicked"));
    }

    #[test]
    fn any_numbers_will_do() {
        let mut progress = Progress::new("catching up");
        for (done, of) in [(0, 0), (5, 10), (20, 10), (1, 3), (u64::MAX / 10, u64::MAX)] {
            progress.set(done, of);
        }
        progress.finish();
        assert!(ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} eta {eta}").is_ok());
    }
}
