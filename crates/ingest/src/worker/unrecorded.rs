//! Positions that were read and are in no record: heartbeats alone are worth one only now and then.

use std::collections::HashMap;
use std::time::Duration;

use continuity_events::record::SourcePosition;

use crate::decide::Progress;

/// The newest such position of each partition, and since when there has been one.
///
/// Each partition has a clock of its own. One that brings heartbeats alone would else never be recorded beside a busy
/// one, and seem to have lost what it had when the source drops messages that were read long ago.
#[derive(Debug, Default)]
pub(super) struct Unrecorded(HashMap<Vec<u8>, (SourcePosition, Duration)>);

impl Unrecorded {
    /// Takes over how far a group brought its partitions.
    pub(super) fn note(&mut self, progress: &HashMap<Vec<u8>, Progress>, now: Duration) {
        for (partition, progress) in progress {
            if progress.recorded {
                self.0.remove(partition);
            } else if let Some((position, _)) = self.0.get_mut(partition) {
                position.clone_from(&progress.position);
            } else {
                self.0.insert(partition.clone(), (progress.position.clone(), now));
            }
        }
    }

    /// Those that have waited for `limit`.
    pub(super) fn overdue(&self, now: Duration, limit: Duration) -> Vec<SourcePosition> {
        let waited = |(_, since): &&(SourcePosition, Duration)| now.saturating_sub(*since) >= limit;
        self.0.values().filter(waited).map(|(position, _)| position.clone()).collect()
    }

    /// The connection is at an end: what comes next begins behind what is recorded.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use continuity_readmodel::ledger::partition;

    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    fn at(stream: &str, sequence: u64) -> SourcePosition {
        SourcePosition::Stream { stream: stream.to_owned(), sequence, mark: 1 }
    }

    fn group(reached: &[(SourcePosition, bool)]) -> HashMap<Vec<u8>, Progress> {
        let progress = |(position, recorded): &(SourcePosition, bool)| {
            let progress = Progress { position: position.clone(), duplicates: 0, recorded: *recorded, passed: false };
            (partition(position), progress)
        };
        reached.iter().map(progress).collect()
    }

    #[test]
    fn a_quiet_partition_is_due_however_busy_another_one_is() {
        let mut unrecorded = Unrecorded::default();
        for second in 0..60 {
            assert_eq!(unrecorded.overdue(Duration::from_secs(second), LIMIT), []);
            let reached = group(&[(at("control", second + 1), false), (at("changes", second + 1), true)]);
            unrecorded.note(&reached, Duration::from_secs(second));
        }
        assert_eq!(unrecorded.overdue(LIMIT, LIMIT), [at("control", 60)]);
        unrecorded.note(&group(&[(at("control", 60), true)]), LIMIT);
        assert_eq!(unrecorded.overdue(LIMIT * 9, LIMIT), []);
    }

    #[test]
    fn with_the_connection_it_is_forgotten() {
        let mut unrecorded = Unrecorded::default();
        unrecorded.note(&group(&[(at("control", 1), false)]), Duration::ZERO);
        unrecorded.forget();
        assert_eq!(unrecorded.overdue(LIMIT, LIMIT), []);
    }
}
