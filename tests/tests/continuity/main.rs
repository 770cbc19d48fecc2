//! The one integration test of the workspace: the product as its users see it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod brokers;
mod clients;
mod commands;
mod divergence;
mod feeds;
mod fold;
mod hostile;
mod kafka;
mod kills;
mod metrics;
mod nats;
mod rig;
mod serve;
mod simulated;
mod truth;
