//! Attacks on people who sign in and on applications that they let in, a test each: what the attacker does, over HTTP, and
//! what comes of it.

mod applications;
mod people;
