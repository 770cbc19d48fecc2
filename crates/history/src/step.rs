//! What was measured within one step of time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What was measured between two looks, or at the later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How far behind the source the read models are, in seconds; `None`: not known.
    pub lag: Option<u64>,
    /// Log positions that the read models have not applied.
    pub backlog: u64,
    /// Messages that the source is known to have beyond the log; `None`: not known.
    pub behind: Option<u64>,
    /// What was counted since the look before; `None` at the first one.
    pub counted: Option<Counted>,
}

/// What was counted between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The time between them, in milliseconds of the monotonic clock.
    pub millis: u64,
    /// Messages that the source showed newly.
    pub offered: u64,
    /// Log positions written.
    pub logged: u64,
    /// Log positions applied by the read models.
    pub applied: u64,
    /// Files of loans stored.
    pub stored: u64,
    /// Requests for data.
    pub reads: u64,
    /// Requests that the replica failed to answer (5xx).
    pub errors: u64,
}

impl Counted {
    /// Takes what was counted in another time in.
    pub fn add(&mut self, other: Self) {
        self.millis = self.millis.saturating_add(other.millis);
        self.offered = self.offered.saturating_add(other.offered);
        self.logged = self.logged.saturating_add(other.logged);
        self.applied = self.applied.saturating_add(other.applied);
        self.stored = self.stored.saturating_add(other.stored);
        self.reads = self.reads.saturating_add(other.reads);
        self.errors = self.errors.saturating_add(other.errors);
    }

    /// Times a second; `None` where no time was measured.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn rate(&self, of: fn(&Self) -> u64) -> Option<f64> {
        let seconds = Duration::from_millis(self.millis).as_secs_f64();
        (seconds > 0.0).then(|| of(self) as f64 / seconds)
    }
}

/// The worst of what was looked at: an average would hide an outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worst {
    /// The highest that was known.
    pub most: u64,
    /// At how many looks it was known.
    pub known: u64,
}

impl Worst {
    fn see(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.add(Self { most: value, known: 1 });
        }
    }

    fn add(&mut self, other: Self) {
        self.most = self.most.max(other.most);
        self.known = self.known.saturating_add(other.known);
    }

    /// The highest; `None`: it was not known at all.
    pub fn get(&self) -> Option<u64> {
        (self.known > 0).then_some(self.most)
    }
}

/// Everything that was measured within one step of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// How often somebody looked.
    pub looks: u64,
    /// See [`Sample::lag`].
    pub lag: Worst,
    /// See [`Sample::backlog`].
    pub backlog: Worst,
    /// See [`Sample::behind`].
    pub behind: Worst,
    /// Sums.
    pub counted: Counted,
}

impl Step {
    /// Takes one more look in.
    pub fn take(&mut self, sample: &Sample) {
        self.looks = self.looks.saturating_add(1);
        self.lag.see(sample.lag);
        self.backlog.see(Some(sample.backlog));
        self.behind.see(sample.behind);
        self.counted.add(sample.counted.unwrap_or_default());
    }

    /// Takes another step in.
    pub fn merge(&mut self, other: &Self) {
        self.looks = self.looks.saturating_add(other.looks);
        self.lag.add(other.lag);
        self.backlog.add(other.backlog);
        self.behind.add(other.behind);
        self.counted.add(other.counted);
    }

    /// Whether the lag was not known at some look.
    pub fn lag_was_unknown(&self) -> bool {
        self.lag.known < self.looks
    }
}
