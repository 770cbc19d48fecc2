//! Ports for what may be killed and has to come back on the same one.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::harness::Failure;

/// Below the range from which Linux takes ports by itself (32768 and up).
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on and that no outgoing connection takes; each process begins somewhere else.
pub fn free_port() -> Result<u16, Failure> {
    #[expect(clippy::cast_possible_truncation, reason = "any spread over the range will do")]
    let offset = (std::process::id().wrapping_mul(1_009) % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (u32::from(offset) + u32::from(step)).rem_euclid(u32::from(COUNT)) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err("no port is free".into())
}
