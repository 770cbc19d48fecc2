//! When the source is read: always, at intervals, within windows of the week, and how fast.

use std::fmt::Write;
use std::time::Duration;

use continuity_base::Timestamp;

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
const MICROS: i64 = 1_000_000;
/// Instants that are less apart than this are the same one, read twice.
const SAME: Duration = Duration::from_secs(1);

/// When the source is read. By default always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Read until the source's end was reached once, then rest until this long after the round began; `None`: go on
    /// reading.
    pub interval: Option<Duration>,
    /// Read only within these; empty: at any time.
    pub windows: Vec<Window>,
    /// What the windows' clock is ahead of UTC, in seconds. It is fixed: no daylight saving.
    pub utc_offset_seconds: i32,
    /// Bytes that may be read in a second, over all sources; `None`: as fast as it goes.
    pub max_bytes_per_second: Option<u64>,
}

/// A part of the week in which the source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// On which days it begins, Monday first.
    pub days: [bool; 7],
    /// When it begins, in seconds since midnight.
    pub from: u32,
    /// When it ends, in seconds since midnight; at or before `from`: on the next day.
    pub to: u32,
}

impl Window {
    /// Every day.
    pub const EVERY_DAY: [bool; 7] = [true; 7];

    /// How long it is, in seconds.
    fn length(&self) -> i64 {
        let length = (i64::from(self.to) - i64::from(self.from)).rem_euclid(DAY);
        if length == 0 { DAY } else { length }
    }

    /// The seconds of the week in which it begins.
    fn beginnings(&self) -> impl Iterator<Item = i64> {
        let from = i64::from(self.from) % DAY;
        (0..).zip(self.days).filter(|(_, on)| *on).map(move |(day, _): (i64, bool)| day * DAY + from)
    }
}

impl Schedule {
    /// Whether the source is read without a break.
    pub fn is_always(&self) -> bool {
        self.interval.is_none() && self.windows.is_empty()
    }

    /// Whether `now` is within a window.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let at = self.second_of_week(now);
        let within = |window: &Window| window.beginnings().any(|from| (at - from).rem_euclid(WEEK) < window.length());
        self.windows.is_empty() || self.windows.iter().any(within)
    }

    /// The first instant from `now` on that is within a window; `None` when no window ever opens.
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_open(now) {
            return Some(now);
        }
        let at = self.second_of_week(now);
        let waits = self.windows.iter().flat_map(Window::beginnings).map(|from| (from - at).rem_euclid(WEEK));
        let wait = waits.min()?;
        Some(Timestamp::from_micros((now.as_seconds() + wait) * MICROS))
    }

    /// When the window opened that is open now or was last; `None` without windows.
    pub fn last_opening(&self, now: Timestamp) -> Option<Timestamp> {
        let at = self.second_of_week(now);
        let since = self.windows.iter().flat_map(Window::beginnings).map(|from| (at - from).rem_euclid(WEEK)).min()?;
        Some(Timestamp::from_micros((now.as_seconds() - since) * MICROS))
    }

    /// Whether the source's end was last reached, at `synchronised`, before the window opened that is open now or was last.
    pub(crate) fn is_missed(&self, now: Timestamp, synchronised: Option<Timestamp>) -> bool {
        self.last_opening(now).is_some_and(|opened| synchronised.is_none_or(|at| at < opened))
    }

    /// In words, for people.
    pub fn describe(&self) -> String {
        let mut text = match self.interval {
            None => "all the time".to_owned(),
            Some(interval) => format!("every {} s", interval.as_secs()),
        };
        for (number, window) in self.windows.iter().enumerate() {
            text.push_str(if number == 0 { ", only " } else { " and " });
            self.describe_window(window, &mut text);
        }
        if let Some(bytes) = self.max_bytes_per_second {
            // Writing to a text does not fail.
            let _ = write!(text, ", at most {bytes} bytes a second");
        }
        text
    }

    fn describe_window(&self, window: &Window, text: &mut String) {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        if window.days != Window::EVERY_DAY {
            let days: Vec<_> = NAMES.iter().zip(window.days).filter(|(_, on)| *on).map(|(name, _)| *name).collect();
            text.push_str(&days.join(","));
            text.push(' ');
        }
        let offset = self.utc_offset_seconds;
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 3_600, offset.abs() / 60 % 60);
        let clock = |at: u32| format!("{:02}:{:02}", at / 3_600 % 24, at / 60 % 60);
        // Writing to a text does not fail.
        let _ = write!(text, "{}-{}{sign}{hours:02}:{minutes:02}", clock(window.from), clock(window.to));
    }

    /// Seconds since Monday 00:00 by the windows' clock.
    fn second_of_week(&self, now: Timestamp) -> i64 {
        // 1970-01-01 was a Thursday.
        (now.as_seconds() + i64::from(self.utc_offset_seconds) + 3 * DAY).rem_euclid(WEEK)
    }
}

/// How far the present round of reading has come.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// When the present round began, or the last one; on the monotonic clock.
    began: Option<Duration>,
    /// The source's end was reached in it.
    ended: bool,
    /// An operator wants a round now, whatever the schedule says.
    wanted: bool,
    /// What was said last of why it is closed.
    said: Option<Closed>,
}

/// Why the schedule keeps the source closed, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) why: String,
    pub(crate) until: Option<Timestamp>,
    /// The last window ended before the source's end was reached.
    pub(crate) missed: bool,
}

impl Closed {
    fn says_the_same_as(&self, other: &Self) -> bool {
        let near = |(one, other): (Timestamp, Timestamp)| one.since(other).max(other.since(one)) < SAME;
        self.missed == other.missed && (self.until == other.until || self.until.zip(other.until).is_some_and(near))
    }
}

impl Rounds {
    /// A round is to begin now, and lasts until the source's end was reached once.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// The source's end was reached, and everything before it is durable.
    pub(crate) fn reached_end(&mut self) {
        (self.wanted, self.ended) = (false, true);
    }

    /// Whether the source stays closed at this moment: `wall` and `now` are the same instant on either clock, and
    /// `synchronised` is when the source's end was last said to be reached.
    pub(crate) fn closed(
        &mut self,
        schedule: &Schedule,
        wall: Timestamp,
        now: Duration,
        synchronised: Option<Timestamp>,
    ) -> Option<Closed> {
        if schedule.is_always() || self.wanted {
            return None;
        }
        let rest = self.rest(schedule, now);
        let earliest = wall.plus(rest);
        let until = schedule.next_opening(earliest);
        if rest.is_zero() && until == Some(wall) {
            if self.ended || self.began.is_none() {
                (self.began, self.ended) = (Some(now), false);
            }
            return None;
        }
        let open = schedule.is_open(wall);
        let words = if open { "next synchronisation at" } else { "outside its window until" };
        let shown = until.map_or_else(|| "it is told to".to_owned(), |at| at.to_string());
        let missed = !open && schedule.is_missed(wall, synchronised);
        let closed = Closed { why: format!("{words} {shown}"), until, missed };
        // The two clocks are not read at once, so an instant is never quite the same again: what was said first stays.
        if !self.said.as_ref().is_some_and(|said| said.says_the_same_as(&closed)) {
            self.said = Some(closed);
        }
        self.said.clone()
    }

    /// How long the interval keeps it closed still.
    fn rest(&self, schedule: &Schedule, now: Duration) -> Duration {
        match (schedule.interval, self.began) {
            (Some(interval), Some(began)) if self.ended => began.saturating_add(interval).saturating_sub(now),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests;
