//! What the benchmarks share: the replica as a child process, a bare server, `wrk`.

#![expect(clippy::allow_attributes, reason = "what one benchmark leaves unused another needs")]
#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod bare;
pub(crate) mod replica;
pub(crate) mod wrk;
