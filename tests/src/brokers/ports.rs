//! Ports for what may be killed and has to come back on the same one.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::harness::Failure;

/// Below the range from which Linux takes ports by itself (32768 and up).
const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port that nobody listens on and that no outgoing connection takes; each process begins somewhere else.
pub fn free_port() -> Result<u16, Failure> {
    let begin = std::process::id().wrapping_mul(1_009) % COUNT;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = u16::try_from(FIRST + (begin + step) % COUNT)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err("no port is free".into())
}
