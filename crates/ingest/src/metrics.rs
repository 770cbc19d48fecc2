//! Names of the metrics.
/// Describes every metric of this crate to the recorder.
pub fn describe() {}
