//! What the benchmarks share: the replica as a child process and as a library, bare servers and clients, `wrk`.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod bare;
pub(crate) mod consume;
pub(crate) mod cost;
pub(crate) mod durable;
pub(crate) mod replica;
pub(crate) mod wrk;
