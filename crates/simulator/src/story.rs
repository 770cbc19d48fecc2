//! What happens to a loan: one file per part of the platform, each a chain of steps that plan their followers.

mod application;
mod bids;
mod closing;
mod documents;
mod reports;
mod talk;
mod tasks;

pub(crate) use application::begin;
