//! Real brokers as child processes, and a proxy between them and whoever talks to them.
//!
//! `cargo xtask setup` puts their programs below `target/brokers`. Everything listens on 127.0.0.1, on ports below those
//! that the system hands out by itself, so that a broker that was killed finds its own one free again.
//!
//! ```no_run
//! # fn example() -> Result<(), continuity_tests::harness::Failure> {
//! use continuity_tests::brokers::{NATS, NatsServer, Proxy};
//! let mut broker = NatsServer::start(NATS)?;
//! let proxy = Proxy::start(broker.port())?;
//! println!("{} or through the proxy {}", broker.url(), proxy.url("nats"));
//! broker.kill()?;
//! broker.restart()?;
//! # Ok(()) }
//! ```

mod broker;
mod kafka;
mod nats;
mod objects;
mod ports;
mod process;
mod proxy;
mod store;

pub use broker::{Broker, Sort};
pub use kafka::{KafkaBroker, KafkaKind, KafkaOptions};
pub use nats::{NATS, NATS_OLDEST, NATS_UNSUPPORTED, NatsOptions, NatsServer};
pub use objects::S3Server;
pub use ports::free_port;
pub(crate) use process::kill_group;
pub use process::{freeze, thaw};
pub use proxy::Proxy;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::Failure;

/// How long a broker may take to answer.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// The folder of a broker's programs: below `CONTINUITY_BROKERS`, this build's target directory, or the checkout's.
fn folder(name: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    // <target>/<profile>/deps/<this test>
    let target = own.ancestors().nth(3).map(|target| target.join("brokers"));
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/brokers");
    let given = std::env::var_os("CONTINUITY_BROKERS").map(PathBuf::from);
    let places = given.into_iter().chain(target).chain([checkout]);
    let folders: Vec<PathBuf> = places.map(|place| place.join(name)).collect();
    if let Some(found) = folders.iter().find(|folder| folder.join(".done").is_file()) {
        return Ok(found.clone());
    }
    let why = folders.iter().find_map(|folder| std::fs::read_to_string(folder.join(".missing")).ok());
    let why = why.unwrap_or_else(|| "run `cargo xtask setup`".to_owned());
    Err(format!("the broker {name} is not here: {why}").into())
}
