//! A TCP proxy that does to a connection what networks do to them.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch::{Receiver, Sender, channel};

use crate::harness::Failure;

/// What happens to the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// They pass, each piece after this time.
    Pass(Duration),
    /// New connections are closed at once.
    Refuse,
    /// What the broker sends stays where it is; what the client sends passes.
    HalfOpen,
    /// Everything is accepted, and nothing arrives.
    BlackHole,
}

#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    /// Connections of an older generation are reset.
    generation: u64,
}

/// A proxy in front of a port of 127.0.0.1; it ends with everything on it when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Sender<State>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// In front of `upstream`. The bytes pass until something else is asked for.
    pub fn start(upstream: u16) -> Result<Self, Failure> {
        Self::with(upstream, false)
    }

    /// In front of a Kafka broker, which tells its own address to its clients: they are told the proxy's.
    pub fn for_kafka(upstream: u16) -> Result<Self, Failure> {
        Self::with(upstream, true)
    }

    fn with(upstream: u16, renames: bool) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("proxy").build()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, super::free_port()?))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (state, watched) = channel(State { mode: Mode::Pass(Duration::ZERO), generation: 0 });
        let rename = renames.then(|| Rename::new(upstream, port));
        runtime.handle().spawn(accept(listener, upstream, rename, watched));
        Ok(Self { port, state, runtime: Some(runtime) })
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `SCHEME://127.0.0.1:PORT`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Resets every connection (RST). New ones are taken.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// Resets every connection, and closes new ones at once.
    pub fn refuse(&self) {
        self.state.send_modify(|state| *state = State { mode: Mode::Refuse, generation: state.generation + 1 });
    }

    /// Everything takes this much longer, piece by piece, in both directions.
    pub fn delay(&self, time: Duration) {
        self.mode(Mode::Pass(time));
    }

    /// What the broker sends does not arrive any more; the connections stay open, and the broker hears the client.
    pub fn half_open(&self) {
        self.mode(Mode::HalfOpen);
    }

    /// Connections stay open and new ones are taken, but nothing passes, and what is sent is lost.
    pub fn black_hole(&self) {
        self.mode(Mode::BlackHole);
    }

    /// Everything passes again. Connections that lost bytes are reset.
    pub fn heal(&self) {
        self.mode(Mode::Pass(Duration::ZERO));
    }

    fn mode(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: std::net::TcpListener, upstream: u16, rename: Option<Rename>, state: Receiver<State>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let here = tokio::runtime::Handle::current();
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let (state, rename) = (state.clone(), rename.clone());
        // A connection that fails is what this is for.
        here.spawn(async move { drop(connection(client, upstream, rename, state).await) });
    }
}

/// One connection, until it ends, is reset, or lost bytes that it cannot do without.
async fn connection(
    client: TcpStream,
    upstream: u16,
    rename: Option<Rename>,
    mut state: Receiver<State>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let generation = state.borrow().generation;
    let mode = state.borrow_and_update().mode;
    if mode == Mode::Refuse {
        return client.set_zero_linger();
    }
    if mode == Mode::BlackHole {
        // There never was anybody behind it.
        drop(swallow(client, &mut state).await);
        return Ok(());
    }
    let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await else {
        return client.set_zero_linger();
    };
    broker.set_nodelay(true)?;
    // Both ends are reset when they are dropped, whatever is still under way.
    client.set_zero_linger()?;
    broker.set_zero_linger()?;
    let ((from_client, to_client), (from_broker, to_broker)) = (client.into_split(), broker.into_split());
    let up = Pump { from: from_client, to: to_broker, from_broker: false, rename: None, state: state.clone() };
    let down = Pump { from: from_broker, to: to_client, from_broker: true, rename, state: state.clone() };
    tokio::select! {
        result = up.run() => result,
        result = down.run() => result,
        _ = state.wait_for(|now| now.generation != generation) => Ok(()),
    }
}

/// Reads and forgets until the mode changes; then the connection is reset.
async fn swallow(mut client: TcpStream, state: &mut Receiver<State>) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        tokio::select! {
            read = client.read(&mut buffer) => if read? == 0 { return Ok(()) },
            _ = state.wait_for(|now| now.mode != Mode::BlackHole) => return client.set_zero_linger(),
        }
    }
}

/// One direction of a connection.
struct Pump {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    from_broker: bool,
    rename: Option<Rename>,
    state: Receiver<State>,
}

impl Pump {
    async fn run(mut self) -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            self.open().await?;
            let read = self.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            self.open().await?;
            let mode = self.state.borrow_and_update().mode;
            match mode {
                Mode::BlackHole => return self.lose(&mut buffer).await,
                Mode::Pass(time) if time > Duration::ZERO => tokio::time::sleep(time).await,
                _ => {}
            }
            self.pass(&buffer[..read]).await?;
        }
    }

    /// Waits until this direction is not stopped.
    async fn open(&mut self) -> io::Result<()> {
        let stopped = self.from_broker;
        let passes = self.state.wait_for(|now| !stopped || now.mode != Mode::HalfOpen).await;
        // It fails when the proxy is gone.
        passes.map(drop).map_err(|_| io::ErrorKind::Interrupted.into())
    }

    /// The next bytes. The beginning of an address that nothing follows was none.
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const SOON: Duration = Duration::from_millis(10);
        if let Some(rename) = self.rename.as_mut().filter(|rename| !rename.kept.is_empty()) {
            match tokio::time::timeout(SOON, self.from.read(buffer)).await {
                Ok(read) => return read,
                Err(_) => self.to.write_all(&std::mem::take(&mut rename.kept)).await?,
            }
        }
        self.from.read(buffer).await
    }

    /// Reads and forgets until the mode changes; the connection cannot go on then.
    async fn lose(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        loop {
            tokio::select! {
                read = self.from.read(buffer) => if read? == 0 { return Ok(()) },
                _ = self.state.wait_for(|now| now.mode != Mode::BlackHole) => return Ok(()),
            }
        }
    }

    async fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.rename {
            Some(rename) => self.to.write_all(&rename.change(bytes)).await,
            None => self.to.write_all(bytes).await,
        }
    }
}

/// Puts the proxy's port in the place of the broker's where the broker tells its address: `127.0.0.1`, then the port
/// as a big-endian `int32`, as Kafka's protocol has it in all its versions. No length changes.
#[derive(Clone)]
struct Rename {
    told: Vec<u8>,
    wanted: Vec<u8>,
    /// The beginning of the address at the end of the last piece.
    kept: Vec<u8>,
}

impl Rename {
    fn new(broker: u16, proxy: u16) -> Self {
        let address = |port: u16| [b"127.0.0.1".as_slice(), &u32::from(port).to_be_bytes()].concat();
        Self { told: address(broker), wanted: address(proxy), kept: Vec::new() }
    }

    fn change(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.kept);
        all.extend_from_slice(bytes);
        let length = self.told.len();
        let mut at = 0;
        while at + length <= all.len() {
            if all[at..at + length] == self.told[..] {
                all[at..at + length].copy_from_slice(&self.wanted);
            }
            at += 1;
        }
        // Only what can still become the address waits for the next piece.
        let longest = (1..length).rev().find(|n| all.len() >= *n && all.ends_with(&self.told[..*n]));
        self.kept = all.split_off(all.len() - longest.unwrap_or(0));
        all
    }
}
