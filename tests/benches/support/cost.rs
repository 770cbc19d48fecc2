//! What it took: wall time and the CPU time of a process.

use std::time::Duration;

use continuity_base::Clock;

use super::wrk::cpu;

/// Of some events.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) events: u64,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

impl Cost {
    /// Events a second.
    pub(crate) fn rate(&self) -> f64 {
        number(self.events) / self.wall.as_secs_f64()
    }

    /// Microseconds of CPU time an event.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / number(self.events)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of events")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// Running.
pub(crate) struct Meter<'a> {
    pid: u32,
    clock: &'a dyn Clock,
    started: Duration,
    spent: Duration,
}

impl<'a> Meter<'a> {
    /// Of the process `pid`, from now.
    pub(crate) fn start(pid: u32, clock: &'a dyn Clock) -> Self {
        Self { pid, clock, started: clock.monotonic(), spent: cpu(pid) }
    }

    /// As [`start`](Self::start), of a process that began at `started` and all of whose CPU time counts.
    pub(crate) fn since(pid: u32, clock: &'a dyn Clock, started: Duration) -> Self {
        Self { pid, clock, started, spent: Duration::ZERO }
    }

    pub(crate) fn stop(self, events: u64) -> Cost {
        let wall = self.clock.monotonic().saturating_sub(self.started);
        Cost { events, wall, cpu: cpu(self.pid).saturating_sub(self.spent) }
    }
}

/// The middle one of an odd number, the lower of the two middle ones otherwise.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
