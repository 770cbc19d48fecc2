//! Clock, time stamps, room on a disk, a rate that is kept, what others say and the life cycle of tasks; no domain
//! words.
//!
//! Time is a parameter here: everything that needs it takes a [`Clock`], so tests can stop it, move it and skew it.

mod bucket;
mod clock;
mod said;
mod space;
mod tasks;
mod timestamp;

pub use bucket::TokenBucket;
pub use clock::{Clock, ManualClock, SystemClock};
pub use said::{causes, retry_after};
pub use space::{DirectorySpace, Space};
pub use tasks::{Stop, TaskFailure, Tasks};
pub use timestamp::Timestamp;
