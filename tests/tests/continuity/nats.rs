//! The NATS source against real servers.

mod conformance;
mod divergence;
mod life;
mod messages;
mod rate;
mod refused;
mod secured;
mod support;
