//! The one integration test of the workspace: the product as its users see it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod abuse;
mod accesses;
mod applications;
mod as_of;
mod attacks;
mod backup;
mod blobs;
mod bootstrap;
mod brokers;
mod canary;
mod changes;
mod clients;
mod commands;
mod completeness;
mod console;
mod divergence;
mod feeds;
mod fleet;
mod fold;
mod get;
mod guides;
mod hostile;
mod hostile_requests;
mod kafka;
mod kills;
mod metrics;
mod nats;
mod open_api;
mod planted;
mod polling;
mod private;
mod proofs;
mod provider;
mod rig;
mod rules;
mod schedule;
mod serve;
mod simulate;
mod simulated;
mod stage;
mod truth;
mod webhooks;
mod wire;
