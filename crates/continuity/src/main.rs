//! Business-continuity replica: entry point.
fn main() {}
