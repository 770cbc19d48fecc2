//! Whether a partition is still the one that was read; pure, so that every case has a test.

use continuity_events::record::Divergence;

use super::known::Point;
use super::look::{At, Seen};

/// What a look at a partition showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Its first offset.
    pub(super) low: i64,
    /// The offset behind its last committed record.
    pub(super) high: i64,
    /// What is at our position; `None`: not looked at, or nothing came.
    pub(super) at: Option<At>,
    /// What is behind our position, where the partition seems to begin later.
    pub(super) next: Option<At>,
    /// The newest record up to our position, where there is none right at it.
    pub(super) last: Option<Seen>,
    /// What is where the oldest record was when the partition was first seen.
    pub(super) first: Option<At>,
}

/// How a partition differs from what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) cause: Divergence,
    pub(super) point: String,
    pub(super) detail: String,
}

impl Finding {
    fn new(cause: Divergence, point: String, detail: String) -> Self {
        Self { cause, point, detail }
    }
}

/// Whether a partition that was read up to `point` still holds it, and all that follows.
///
/// A partition does not say when it was made, so one that was deleted and made anew under the same name is known by its
/// oldest record: another one in its place, or an end before it, is `recreated`.
pub(super) fn judge(point: Point, first: Option<(i64, u64)>, found: &Found) -> Option<Finding> {
    let finding = other_first(point, first, found).or_else(|| compare(point, found))?;
    // It ends before the oldest record that it ever showed: nothing of what it was is left.
    match first {
        Some((oldest, _)) if finding.cause == Divergence::Truncated && found.high <= oldest => {
            let detail =
                format!("it ends at offset {}, before the oldest record that it had: it was made anew", found.high);
            Some(Finding::new(Divergence::Recreated, finding.point, detail))
        }
        _ => Some(finding),
    }
}

fn other_first(point: Point, first: Option<(i64, u64)>, found: &Found) -> Option<Finding> {
    let (oldest, mark) = first?;
    match found.first {
        Some(At::Record(seen)) if seen.offset == oldest && seen.mark != mark => {
            let detail = format!("another record is at offset {oldest}, where the oldest one was: it was made anew");
            Some(Finding::new(Divergence::Recreated, before(point), detail))
        }
        _ => None,
    }
}

fn compare(point: Point, found: &Found) -> Option<Finding> {
    let next = point.offset.saturating_add(1);
    if found.high < next && matches!(found.at, Some(At::End | At::OutOfRange)) {
        let shared = match found.high {
            0 => "its beginning".to_owned(),
            high => format!("offset {}", high - 1),
        };
        let detail = format!("it ends at offset {}; it was read up to offset {}", found.high, point.offset);
        return Some(Finding::new(Divergence::Truncated, shared, detail));
    }
    if found.low > next && !matches!(found.next, Some(At::Record(seen)) if seen.offset < found.low) {
        return Some(lost(next, format!("offset {}", point.offset), found));
    }
    let other = match (found.at, found.last) {
        (Some(At::Record(seen)), _) if seen.offset == point.offset => seen.mark != point.mark,
        (Some(_), Some(last)) => last.mark != point.mark,
        _ => false,
    };
    (other && point.mark != 0).then(|| {
        let detail = format!("another record is at offset {}, up to which it was read", point.offset);
        Finding::new(Divergence::Rewritten, before(point), detail)
    })
}

/// Whether a partition of which nothing was read yet still begins where it did when it was first seen, at `next`.
pub(super) fn never_read(next: i64, found: &Found) -> Option<Finding> {
    (found.low > next).then(|| lost(next, "its beginning".to_owned(), found))
}

fn lost(next: i64, point: String, found: &Found) -> Finding {
    let (cause, what) = if found.high <= found.low {
        (Divergence::Purged, "was emptied")
    } else {
        (Divergence::Lost, "lost its oldest records")
    };
    let last = found.low - 1;
    let detail = format!("it {what}: it begins at offset {}, offsets {next} to {last} were never read", found.low);
    Finding::new(cause, point, detail)
}

fn before(point: Point) -> String {
    format!("somewhere before offset {}", point.offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: Point = Point { offset: 99, mark: 7 };

    fn record(offset: i64, mark: u64) -> At {
        At::Record(Seen { offset, mark, published_at: None })
    }

    fn cause(found: &Found) -> Option<Divergence> {
        judge(POINT, Some((10, 3)), found).map(|finding| finding.cause)
    }

    #[test]
    fn what_is_still_there_is_the_same() {
        let same = Found { low: 0, high: 120, at: Some(record(99, 7)), ..Found::default() };
        assert_eq!(cause(&same), None);
        assert_eq!(cause(&Found { first: Some(record(10, 3)), ..same.clone() }), None);
        let not_looked_at = Found { at: None, ..same.clone() };
        assert_eq!(cause(&not_looked_at), None, "what was not seen shows nothing");
        let dropped_what_we_have = Found { low: 100, high: 100, ..Found::default() };
        assert_eq!(cause(&dropped_what_we_have), None);
        let unknown_mark = judge(Point { mark: 0, ..POINT }, None, &Found { at: Some(record(99, 8)), ..same });
        assert_eq!(unknown_mark, None);
    }

    #[test]
    fn an_end_before_our_position_is_believed_only_when_the_record_is_not_there() {
        let short = Found { low: 0, high: 80, at: Some(record(99, 7)), ..Found::default() };
        assert_eq!(cause(&short), None, "the brokers show less than they have");
        for at in [At::End, At::OutOfRange] {
            assert_eq!(cause(&Found { at: Some(at), ..short.clone() }), Some(Divergence::Truncated));
        }
        assert_eq!(cause(&Found { at: None, ..short }), None, "not looked at: nothing is claimed");
    }

    #[test]
    fn the_point_of_a_truncation_is_its_last_record() {
        let found = Found { low: 0, high: 80, at: Some(At::OutOfRange), ..Found::default() };
        let finding = judge(POINT, None, &found).unwrap();
        assert_eq!(finding.point, "offset 79");
        assert_eq!(finding.detail, "it ends at offset 80; it was read up to offset 99");
    }

    #[test]
    fn unread_records_that_are_gone_are_lost_or_purged() {
        assert_eq!(cause(&Found { low: 101, high: 130, ..Found::default() }), Some(Divergence::Lost));
        assert_eq!(cause(&Found { low: 130, high: 130, ..Found::default() }), Some(Divergence::Purged));
        let wrong_low = Found { low: 101, high: 130, next: Some(record(100, 9)), ..Found::default() };
        assert_eq!(cause(&wrong_low), None, "the record is there all the same");
        assert_eq!(
            cause(&Found { low: 101, high: 130, next: Some(At::OutOfRange), ..Found::default() }),
            Some(Divergence::Lost)
        );
    }

    #[test]
    fn another_record_in_our_place_is_rewritten() {
        let found = Found { low: 0, high: 120, at: Some(record(99, 8)), ..Found::default() };
        assert_eq!(cause(&found), Some(Divergence::Rewritten));
    }

    #[test]
    fn behind_a_marker_the_record_before_it_counts() {
        let seen = |mark| Some(Seen { offset: 97, mark, published_at: None });
        let found = Found { low: 0, high: 100, at: Some(At::End), last: seen(7), ..Found::default() };
        assert_eq!(cause(&found), None);
        assert_eq!(cause(&Found { last: seen(8), ..found.clone() }), Some(Divergence::Rewritten));
        assert_eq!(cause(&Found { last: None, ..found }), None, "nothing near to compare with");
    }

    #[test]
    fn another_oldest_record_is_another_topic() {
        let found =
            Found { low: 0, high: 120, at: Some(record(99, 8)), first: Some(record(10, 4)), ..Found::default() };
        assert_eq!(cause(&found), Some(Divergence::Recreated));
        let ends_before_it = Found { low: 0, high: 5, at: Some(At::OutOfRange), ..Found::default() };
        assert_eq!(cause(&ends_before_it), Some(Divergence::Recreated));
        let compacted =
            Found { low: 0, high: 120, at: Some(record(99, 7)), first: Some(record(11, 4)), ..Found::default() };
        assert_eq!(cause(&compacted), None);
    }

    #[test]
    fn what_goes_before_anything_was_read_is_named_too() {
        let found = |low, high| Found { low, high, ..Found::default() };
        assert_eq!(never_read(5, &found(5, 9)), None);
        assert_eq!(never_read(5, &found(0, 9)), None);
        assert_eq!(never_read(5, &found(7, 9)).map(|finding| finding.cause), Some(Divergence::Lost));
        assert_eq!(never_read(5, &found(9, 9)).map(|finding| finding.cause), Some(Divergence::Purged));
    }
}
