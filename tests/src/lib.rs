//! The whole product, tested from outside.

pub mod fold;
pub mod instant;
pub mod json;
