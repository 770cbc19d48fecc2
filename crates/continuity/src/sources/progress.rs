//! Log lines about how far a bootstrap export has come.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Stop};
use continuity_readmodel::{BootstrapShown, SyncBoard};

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A line at least so often, while it goes on.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Writes a line every ten percent and every ten seconds while an export is under way, whichever source it comes from.
pub(crate) async fn tell_progress(board: SyncBoard, clock: Arc<dyn Clock>, stop: Stop) -> Result<(), String> {
    let mut told = Told::default();
    loop {
        tokio::select! {
            () = stop.stopped() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Some(line) = told.line(board.snapshot().bootstrap, clock.monotonic()) {
            tracing::info!("{line}");
        }
    }
}

/// What was said last.
#[derive(Debug, Default)]
struct Told {
    last: Option<(Duration, BootstrapShown)>,
}

impl Told {
    /// What is to be said now, if anything.
    fn line(&mut self, shown: Option<BootstrapShown>, now: Duration) -> Option<String> {
        let Some(shown) = shown else {
            return self.last.take().map(|_| "the bootstrap export is complete".to_owned());
        };
        let due = match &self.last {
            None => true,
            Some((at, last)) => {
                let moved = last.loans_done != shown.loans_done;
                let ended = last.loans_missing != shown.loans_missing;
                ended || tenths(&shown) != tenths(last) || moved && now.saturating_sub(*at) >= LINE_EVERY
            }
        };
        if !due {
            return None;
        }
        let of = shown.loans_expected.map(|of| format!(" of {of}")).unwrap_or_default();
        let left = shown.eta.map(|eta| format!(", about {} s left", eta.as_secs())).unwrap_or_default();
        let missing = shown.loans_missing.map(|missing| format!("; it ended, and {missing} are missing"));
        let line = format!("bootstrap: {}{of} loans{left}{}", shown.loans_done, missing.unwrap_or_default());
        self.last = Some((now, shown));
        Some(line)
    }
}

fn tenths(shown: &BootstrapShown) -> u64 {
    let of = shown.loans_expected.unwrap_or_default();
    (shown.loans_done.min(of) * 10).checked_div(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_every_ten_percent_and_every_ten_seconds() {
        let mut told = Told::default();
        let mut at = |second: u64, done: Option<u64>| {
            let eta = Some(Duration::from_secs(7));
            let shown = done.map(|loans_done| BootstrapShown {
                loans_done,
                loans_expected: Some(100),
                loans_missing: None,
                eta,
            });
            told.line(shown, Duration::from_secs(second))
        };
        assert_eq!(at(0, None), None);
        assert_eq!(at(1, Some(0)).as_deref(), Some("bootstrap: 0 of 100 loans, about 7 s left"));
        assert_eq!(at(2, Some(9)), None);
        assert!(at(3, Some(10)).is_some());
        assert_eq!(at(12, Some(11)), None);
        assert!(at(13, Some(12)).is_some());
        assert_eq!(at(60, Some(12)), None, "nothing moved");
        assert_eq!(at(61, None).as_deref(), Some("the bootstrap export is complete"));
        assert_eq!(at(62, None), None);
    }
}
