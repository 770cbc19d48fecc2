//! A fixed number of steps, the old ones overwritten by the new.
//!
//! Each step stands at the place that its number gives (the wall clock divided by the length of a step) and keeps that
//! number. So a clock that is stepped corrupts nothing: what was measured at a time that is in the future again is not
//! shown, and is overwritten when that time comes; a time that is lived through twice has both in one step.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::step::{Sample, Step};

/// A step and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slot {
    number: i64,
    step: Step,
}

/// Steps of one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    /// The length of a step.
    seconds: i64,
    slots: Vec<Option<Slot>>,
}

impl Ring {
    /// `many` steps of so many seconds, all of them gaps.
    pub(crate) fn new(seconds: u32, many: usize) -> Self {
        Self { seconds: i64::from(seconds.max(1)), slots: vec![None; many.max(1)] }
    }

    fn number(&self, at: Timestamp) -> i64 {
        at.as_seconds().div_euclid(self.seconds)
    }

    fn place(&mut self, number: i64) -> Option<&mut Option<Slot>> {
        let many = i64::try_from(self.slots.len()).ok()?;
        self.slots.get_mut(usize::try_from(number.rem_euclid(many)).ok()?)
    }

    /// Takes a look in.
    pub(crate) fn take(&mut self, at: Timestamp, sample: &Sample) {
        let number = self.number(at);
        let Some(place) = self.place(number) else { return };
        let kept = place.take().filter(|slot| slot.number == number);
        let mut slot = kept.unwrap_or(Slot { number, step: Step::default() });
        slot.step.take(sample);
        *place = Some(slot);
    }

    /// What is there, to be kept.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        self.slots.iter().flatten().copied().collect()
    }

    /// Puts back what was kept.
    pub(crate) fn restore(&mut self, slots: Vec<Slot>) {
        for slot in slots {
            if let Some(place) = self.place(slot.number) {
                *place = Some(slot);
            }
        }
    }

    /// The steps up to the one of `now`, the oldest first; `None`: nobody measured.
    pub(crate) fn until(&self, now: Timestamp) -> Vec<(Timestamp, Option<Step>)> {
        let (last, many) = (self.number(now), self.slots.len());
        let first = last.saturating_sub(i64::try_from(many).unwrap_or(i64::MAX)).saturating_add(1);
        let mut found = vec![None; many];
        for slot in self.slots.iter().flatten() {
            let place = slot.number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
            if let Some(place) = place.and_then(|place| found.get_mut(place)) {
                *place = Some(slot.step);
            }
        }
        let begin = |place: usize| {
            let number = first.saturating_add(i64::try_from(place).unwrap_or(i64::MAX));
            Timestamp::from_micros(number.saturating_mul(self.seconds).saturating_mul(1_000_000))
        };
        found.into_iter().enumerate().map(|(place, step)| (begin(place), step)).collect()
    }
}
