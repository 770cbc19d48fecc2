//! An HTTP server of the platform's files: signed URLs, ranges, fresh references, and faults on demand.
//!
//! It keeps nothing: a file is made of its id ([`BlobId`]) whenever somebody asks for it, so ten thousand files need no memory. It
//! listens on 127.0.0.1 only, on threads of its own.
//!
//! `GET|HEAD /objects/{blobId}?expires=SECONDS&signature=HEX` answers with `ETag`, `Accept-Ranges` and `Content-Length`, to one
//! range with 206 (with `If-Range` as RFC 9110 says), 403 once expired or wrongly signed, 404 to what is no id. A bearer token, where
//! one is set, does instead of the signature. `GET /references/{blobId}` gives a fresh reference (contract section 3), 401 without
//! the token where one is set.

mod body;
mod counts;
mod faults;
mod range;
mod serve;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use continuity_base::{Clock, Stop, SystemClock};

pub use counts::{ObjectCounts, Outcome};
pub use faults::{Fault, ObjectFaults, UnknownFault};

use crate::blob::{Served, SigningKey};
use crate::content::Sizes;
use counts::Counters;
use serve::Digests;

#[cfg(doc)]
use crate::BlobId;

/// How to serve. [`Default`] is any free port, no token, no faults.
#[derive(Clone)]
pub struct ObjectOptions {
    /// The port on 127.0.0.1; 0 is any free one.
    pub port: u16,
    /// What the key for signatures, and the faults, follow from.
    pub seed: u64,
    /// How large the files of [`ObjectServer::served`] are. The server gives files of any size.
    pub sizes: Sizes,
    /// How long a URL is good for.
    pub valid: Duration,
    /// The token that `/references` asks for, and that does instead of a signature.
    pub token: Option<String>,
    /// What goes wrong, to begin with.
    pub faults: ObjectFaults,
    /// By how much a slow answer takes longer.
    pub slow: Duration,
    /// `Retry-After` of a 429, in whole seconds.
    pub retry_after: Duration,
    /// What decides whether a URL is expired.
    pub clock: Arc<dyn Clock>,
}

impl Default for ObjectOptions {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 0,
            sizes: Sizes::Small,
            valid: Duration::from_hours(365 * 24),
            token: None,
            faults: ObjectFaults::default(),
            slow: Duration::from_secs(2),
            retry_after: Duration::from_secs(1),
            clock: Arc::new(SystemClock::new()),
        }
    }
}

/// The running server; it ends when this is dropped, at once, connections included.
pub struct ObjectServer {
    address: SocketAddr,
    handle: ObjectHandle,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

/// Looks at the server and changes what goes wrong, from anywhere. Cheap to clone.
#[derive(Clone)]
pub struct ObjectHandle(Arc<Shared>);

/// What requests share.
struct Shared {
    options: ObjectOptions,
    served: Served,
    faults: Mutex<ObjectFaults>,
    next: Mutex<VecDeque<Option<Fault>>>,
    requests: AtomicU64,
    counters: Counters,
    digests: Digests,
}

impl ObjectServer {
    /// Listens and serves. Fails where the port is taken or threads are not to be had.
    pub fn start(options: ObjectOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let key = SigningKey::of_seed(options.seed);
        let served = Served { base_url: format!("http://{address}"), key, sizes: options.sizes, valid: options.valid };
        let shared = Arc::new(Shared {
            served,
            faults: Mutex::new(options.faults),
            next: Mutex::default(),
            requests: AtomicU64::new(0),
            counters: Counters::default(),
            digests: Digests::default(),
            options,
        });
        let (stop, handle) = (Stop::new(), ObjectHandle(Arc::clone(&shared)));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("objects-worker")
            .enable_all()
            .build()?;
        let stopped = stop.clone();
        let work = move || {
            runtime.block_on(async {
                tokio::select! { () = serve::run(listener, shared) => {} () = stopped.stopped() => {} }
            });
            runtime.shutdown_background();
        };
        let thread = Some(std::thread::Builder::new().name("objects".to_owned()).spawn(work)?);
        Ok(Self { address, handle, stop, thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What events need so that their URLs point here: `BlobMode::Served(server.served())`.
    pub fn served(&self) -> Served {
        self.handle.0.served.clone()
    }

    /// Where fresh references come from, `{blobId}` standing for the id.
    pub fn reference_url(&self) -> String {
        format!("{}/references/{{blobId}}", self.handle.0.served.base_url)
    }

    /// Looks at it and changes what goes wrong.
    pub fn handle(&self) -> &ObjectHandle {
        &self.handle
    }

    /// Ends it, connections included, and waits for its thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for ObjectServer {
    fn drop(&mut self) {
        self.end();
    }
}

impl ObjectHandle {
    /// What was answered so far.
    pub fn counts(&self) -> ObjectCounts {
        self.0.counters.counts()
    }

    /// What goes wrong by chance from now on.
    pub fn set_faults(&self, faults: ObjectFaults) {
        *self.0.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// What happens to the next requests for files, one each, before chance decides again; `None` is a good answer.
    pub fn then(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.0.next.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }
}

#[cfg(test)]
mod tests;
