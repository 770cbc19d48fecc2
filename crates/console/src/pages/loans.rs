//! `/console/loans`: loan requests, for people who go on working while the platform is away.

pub(crate) mod analysis;
pub(crate) mod comments;
pub(crate) mod documents;
pub(crate) mod dossier;
pub(crate) mod file;
pub(crate) mod guilds;
mod list;
pub(crate) mod overview;
mod shell;
pub(crate) mod timeline;
pub(crate) mod views;
mod words;
pub(crate) mod worksheets;

pub(crate) const PATH: &str = "/console/loans";
