//! What the benchmarks share: the replica as a child process, a bare server, `wrk`.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub mod bare;
pub mod replica;
pub mod wrk;
