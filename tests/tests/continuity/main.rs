//! The one integration test of the workspace: the product as its users see it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod blobs;
mod bootstrap;
mod brokers;
mod clients;
mod commands;
mod completeness;
mod divergence;
mod feeds;
mod fold;
mod hostile;
mod kafka;
mod kills;
mod metrics;
mod nats;
mod open_api;
mod planted;
mod rig;
mod schedule;
mod serve;
mod simulate;
mod simulated;
mod truth;
