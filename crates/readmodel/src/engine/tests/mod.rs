//! The engine over a history in memory, with small projections.

mod as_of;
mod contract;
mod crash;
mod flaky;
mod kept;
mod models;
mod naive;
mod random;
mod real;
mod rebuild;
mod source;
mod support;
