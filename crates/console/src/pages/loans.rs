//! `/console/loans`: loan requests, for people who go on working while the platform is away.

pub(crate) mod analysis;
pub(crate) mod bids;
pub(crate) mod changes;
pub(crate) mod checklist;
pub(crate) mod comments;
pub(crate) mod documents;
pub(crate) mod dossier;
mod facts;
pub(crate) mod file;
mod form;
pub(crate) mod guilds;
pub(crate) mod list;
mod listed;
pub(crate) mod overview;
mod point;
mod refused;
mod shell;
pub(crate) mod tasks;
pub(crate) mod timeline;
pub(crate) mod views;
pub(crate) mod words;
pub(crate) mod worksheets;

pub(crate) use words::word;

pub(crate) const PATH: &str = "/console/loans";

pub(crate) use shell::{encoded, with};

/// The way to a page of a loan.
pub(crate) fn way(id: &str, tab: &str) -> String {
    shell::own(id, tab, None)
}
