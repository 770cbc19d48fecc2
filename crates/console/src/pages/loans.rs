//! `/console/loans`: loan requests, for people who go on working while the platform is away.

pub(crate) mod bids;
pub(crate) mod changes;
pub(crate) mod checklist;
mod facts;
mod form;
pub(crate) mod list;
pub(crate) mod overview;
mod point;
mod refused;
mod shell;
pub(crate) mod tasks;

pub(crate) const PATH: &str = "/console/loans";

/// The way to a page of a loan.
pub(crate) fn way(id: &str, tab: &str) -> String {
    shell::own(id, tab, None)
}
