//! The one integration test of the workspace: the product as its users see it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod feeds;
mod fold;
mod kills;
mod simulated;
