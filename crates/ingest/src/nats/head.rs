//! Where the streams end, as they showed it, and whether everything up to there was handed over.

use continuity_base::Timestamp;

use super::judge::Point;
use crate::source::{Retention, SourceHead};

/// One look at all streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Just before the first one was asked.
    pub(super) asked_at: Timestamp,
    /// The first one's server's clock.
    pub(super) source_clock: Option<Timestamp>,
    /// When the newest message was published.
    pub(super) published_at: Option<Timestamp>,
    /// Each stream's end, in the order of the configuration.
    pub(super) ends: Vec<End>,
    /// What all of them may drop before it was read, as they are configured and filled now.
    pub(super) retention: Retention,
}

/// Where one stream ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// The last sequence.
    pub(super) last: u64,
    /// Behind this sequence there was nothing to deliver up to the end: it was deleted, or the filters leave it out.
    /// Never above `last`.
    pub(super) reached_at: u64,
    /// Messages to come, as of the moment when `arrived` had arrived.
    pub(super) to_come: u64,
    /// Messages that had arrived since the connect.
    pub(super) arrived: u64,
    /// The last message, when it is worth noting that everything up to it was passed although none of it was for us.
    pub(super) passed: Option<Point>,
}

/// How much of a stream was handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Handed {
    /// The last sequence, counting what was before the connect.
    pub(super) sequence: u64,
    /// Messages since the connect.
    pub(super) count: u64,
}

impl End {
    /// Whether everything up to it was handed over.
    pub(super) fn is_reached(&self, handed: Handed) -> bool {
        handed.sequence >= self.reached_at
    }

    fn behind(&self, handed: Handed) -> u64 {
        if self.is_reached(handed) {
            return 0;
        }
        (self.arrived + self.to_come).saturating_sub(handed.count).max(1)
    }
}

impl Seen {
    /// Whether everything up to these ends was handed over.
    pub(super) fn is_reached(&self, handed: &[Handed]) -> bool {
        self.ends.iter().zip(handed).all(|(end, handed)| end.is_reached(*handed))
    }

    /// What the ingester is told.
    pub(super) fn head(&self, streams: &[String], handed: &[Handed]) -> SourceHead {
        let texts: Vec<_> =
            streams.iter().zip(&self.ends).map(|(stream, end)| format!("{stream} {}", end.last)).collect();
        SourceHead {
            text: texts.join(", "),
            number: self.ends.iter().map(|end| end.last).sum(),
            behind: self.ends.iter().zip(handed).map(|(end, handed)| end.behind(*handed)).sum(),
            asked_at: Some(self.asked_at),
            source_clock: self.source_clock,
            published_at: self.published_at,
            retention: Some(self.retention),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handed(sequence: u64, count: u64) -> Handed {
        Handed { sequence, count }
    }

    fn end(last: u64, reached_at: u64) -> End {
        End { last, reached_at, to_come: 3, arrived: 2, passed: None }
    }

    #[test]
    fn an_end_is_reached_with_its_last_message() {
        let seen = Seen { ends: vec![end(10, 10)], ..Seen::default() };
        assert!(!seen.is_reached(&[handed(9, 4)]));
        assert!(seen.is_reached(&[handed(10, 5)]) && seen.is_reached(&[handed(12, 7)]));
    }

    #[test]
    fn what_nobody_will_deliver_is_not_waited_for() {
        let seen = Seen { ends: vec![end(10, 7)], ..Seen::default() };
        assert!(!seen.is_reached(&[handed(6, 4)]));
        assert!(seen.is_reached(&[handed(7, 5)]));
        assert!(Seen { ends: vec![end(0, 0)], ..Seen::default() }.is_reached(&[handed(0, 0)]));
    }

    #[test]
    fn the_end_of_all_is_the_end_of_each() {
        let streams = ["A".to_owned(), "B".to_owned()];
        let seen = Seen { ends: vec![end(10, 10), end(20, 20)], ..Seen::default() };
        let all = [handed(10, 5), handed(19, 4)];
        assert!(!seen.is_reached(&all));
        let head = seen.head(&streams, &all);
        assert_eq!((head.text.as_str(), head.number, head.behind), ("A 10, B 20", 30, 1));
        assert_eq!(seen.head(&streams, &[handed(5, 1), handed(20, 9)]).behind, 4);
        assert_eq!(seen.head(&streams, &[handed(5, 9), handed(20, 9)]).behind, 1, "not at the end is never 0");
    }
}
