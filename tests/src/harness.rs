//! The product as its users run it: the real binary as a child process, its API over HTTPS.
//!
//! ```no_run
//! # async fn example() -> Result<(), continuity_tests::harness::Failure> {
//! use continuity_tests::harness::{Client, Demo};
//! let demo = Demo::new().feed("feed.ndjson").start().await?;
//! let client = Client::of(&demo, "loans:read").await?;
//! let reply = client.get("/api/v1/loan-requests?limit=5").await?;
//! # Ok(()) }
//! ```

mod access;
mod binary;
mod browser;
mod certificates;
mod client;
mod demo;
mod replica;
mod skipped;

pub use access::Access;
pub use binary::{binary, command};
pub use browser::{Browser, Page};
pub use certificates::certificates;
pub use client::{Client, Reply};
pub use demo::{Demo, Running};
pub use replica::{Replica, ReplicaOptions, poll};
pub use skipped::skipped;

/// What went wrong, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
