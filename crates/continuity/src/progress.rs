//! How far long work has come: a bar on a terminal, a line now and then otherwise.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

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
    fn any_numbers_will_do() {
        let mut progress = Progress::new("catching up");
        for (done, of) in [(0, 0), (5, 10), (20, 10), (1, 3), (u64::MAX / 10, u64::MAX)] {
            progress.set(done, of);
        }
        progress.finish();
        assert!(ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} eta {eta}").is_ok());
    }
}
