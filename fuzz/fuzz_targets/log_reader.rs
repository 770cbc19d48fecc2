//! Any bytes in the place of the log's files: `cargo +nightly fuzz run log_reader`.
//!
//! The same entry runs as an ordinary property test of `continuity-log`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| continuity_log::fuzz::read(input));
