//! What the benchmarks share: the replica as a child process, a bare server, `wrk`.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod bare;
pub(crate) mod replica;
pub(crate) mod wrk;
