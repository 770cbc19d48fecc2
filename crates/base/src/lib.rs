//! Clock, time stamps and the life cycle of tasks; no domain words.
//!
//! Time is a parameter here: everything that needs it takes a [`Clock`], so tests can stop it, move it and skew it.

mod clock;
mod tasks;
mod timestamp;

pub use clock::{Clock, ManualClock, SystemClock};
pub use tasks::{Stop, TaskFailure, Tasks};
pub use timestamp::Timestamp;
