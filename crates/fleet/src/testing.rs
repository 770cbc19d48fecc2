//! A broker in memory, and replicas that follow it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use continuity_auth::{Auth, AuthOptions, KeyRotation, Outgoing, SigningAlgorithm};
use continuity_base::{Clock, Stop, SystemClock, Tasks};
use parking_lot::Mutex;

use crate::{Board, Connected, Follower, FollowerOptions, Link, Message, Place, Transport, Trouble};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);

const FLEET_KEY: [u8; 32] = [7; 32];

/// A stream in memory. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Stream>>);

#[derive(Debug, Default)]
struct Stream {
    made: u64,
    down: bool,
    messages: Vec<Outgoing>,
}

impl Memory {
    pub(crate) fn set_down(&self, down: bool) {
        self.0.lock().down = down;
    }

    /// The stream is made anew, with nothing in it.
    pub(crate) fn make_anew(&self) {
        let mut stream = self.0.lock();
        *stream = Stream { made: stream.made + 1, ..Stream::default() };
    }

    /// What anybody may do who can write to the broker.
    pub(crate) fn write(&self, bytes: Vec<u8>) {
        self.0.lock().messages.push(Outgoing { id: String::new(), bytes });
    }

    pub(crate) fn messages(&self) -> Vec<Outgoing> {
        self.0.lock().messages.clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Stream) -> T) -> Result<T, Trouble> {
        let mut stream = self.0.lock();
        if stream.down { Err(Trouble::Unreachable("it is down".to_owned())) } else { Ok(work(&mut stream)) }
    }
}

pub(crate) struct MemoryLink {
    memory: Memory,
    made: u64,
    next: u64,
}

impl Transport for Memory {
    type Link = MemoryLink;

    fn name(&self) -> &'static str {
        "memory"
    }

    async fn connect(&self, known: &Place) -> Result<Connected<MemoryLink>, Trouble> {
        let made = self.with(|stream| stream.made)?;
        let stream = made.to_string();
        let same = known.stream == stream;
        let next = if same { known.next } else { 1 };
        Ok(Connected { link: MemoryLink { memory: self.clone(), made, next }, stream, same })
    }
}

impl Link for MemoryLink {
    async fn next(&mut self, most: usize, _: Duration) -> Result<Vec<Message>, Trouble> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let from = self.next;
        let messages: Vec<_> = self.memory.with(|stream| {
            let behind = (1_u64..).zip(&stream.messages).skip_while(|(position, _)| *position < from).take(most);
            let message = |(position, sent): (u64, &Outgoing)| Message {
                position,
                id: sent.id.clone(),
                bytes: sent.bytes.clone(),
            };
            behind.map(message).collect()
        })?;
        self.next = messages.last().map_or(from, |last| last.position + 1);
        Ok(messages)
    }

    async fn publish(&mut self, messages: &[Outgoing]) -> Result<(), Trouble> {
        self.memory.with(|stream| stream.messages.extend_from_slice(messages))
    }

    async fn end(&mut self) -> Result<u64, Trouble> {
        let made = self.made;
        let end = self.memory.with(|stream| (stream.made == made).then_some(stream.messages.len() as u64))?;
        end.ok_or(Trouble::Changed)
    }
}

/// A replica of the fleet, following.
pub(crate) struct Replica {
    pub(crate) auth: Auth,
    pub(crate) board: Board,
    pub(crate) dir: tempfile::TempDir,
    tasks: Tasks,
}

impl Replica {
    /// It begins to follow at once. Must be called within a tokio runtime.
    pub(crate) fn start(name: &str, memory: &Memory) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), name, memory, "1")
    }

    pub(crate) fn start_in(dir: tempfile::TempDir, name: &str, memory: &Memory, version: &str) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let auth = open(dir.path(), name, &clock);
        let options = FollowerOptions {
            stream: auth.control_stream(),
            version: version.to_owned(),
            reconnect_most: Duration::from_millis(50),
            clock,
        };
        let follower = Follower::new(memory.clone(), options);
        let (board, stop) = (follower.board(), Stop::new());
        let mut tasks = Tasks::new(stop.clone());
        tasks.spawn("follower", async move {
            follower.run(stop).await;
            Ok::<_, String>(())
        });
        Self { auth, board, dir, tasks }
    }

    /// Ends it as a kill does, but for what its threads still write.
    pub(crate) fn end(self) -> tempfile::TempDir {
        self.tasks.stop().stop();
        self.auth.close();
        self.dir
    }
}

fn open(dir: &Path, name: &str, clock: &Arc<dyn Clock>) -> Auth {
    use std::os::unix::fs::PermissionsExt;
    let key = dir.join("fleet-key");
    std::fs::write(&key, hex::encode(FLEET_KEY)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let rotation = KeyRotation { algorithm: SigningAlgorithm::Es256, ..KeyRotation::default() };
    let options = AuthOptions::new(dir.join("control"), "https://replica.example:8083", Arc::clone(clock));
    let (fleet_key, replica) = (Some(key), Some(name.to_owned()));
    let options = AuthOptions { rotation, fleet_key, replica, shared: true, ..options };
    let end = clock.monotonic() + LIMIT;
    loop {
        match Auth::open(options.clone()) {
            // A thread of the one before, which was ended here a moment ago, still writes.
            Err(error) if error.to_string().contains("is open in another process") && clock.monotonic() < end => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => return opened.unwrap(),
        }
    }
}

/// Seals a message as replicas do, written down here once more: a version byte, a nonce, then AES-256-GCM with a key that
/// follows from the fleet key.
pub(crate) fn sealed(payload: &[u8]) -> Vec<u8> {
    use aws_lc_rs::{aead, hkdf};
    let mut key = [0; 32];
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"continuity fleet key v1");
    let material = salt.extract(&FLEET_KEY);
    material.expand(&[b"control stream"], hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    let key = aead::RandomizedNonceKey::new(&aead::AES_256_GCM, &key).unwrap();
    let mut bytes = payload.to_vec();
    let nonce = key.seal_in_place_append_tag(aead::Aad::from(b"control stream v1"), &mut bytes).unwrap();
    [&[1], nonce.as_ref().as_slice(), &bytes].concat()
}

/// Looks until it is so; panics when that takes too long.
pub(crate) async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(LIMIT, async {
        while !look() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "not within {LIMIT:?}: {what}");
}
