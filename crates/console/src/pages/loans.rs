//! `/console/loans`: loan requests, for people who go on working while the platform is away.

pub(crate) mod overview;
mod shell;

pub(crate) const PATH: &str = "/console/loans";
