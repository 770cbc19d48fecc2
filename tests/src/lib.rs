//! The whole product, tested from outside.

pub mod brokers;
pub mod compare;
pub mod fold;
pub mod harness;
pub mod instant;
pub mod json;
