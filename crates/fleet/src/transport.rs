//! How messages travel: an ordered stream that keeps everything, and that all replicas write to and read.

use std::time::Duration;

use continuity_auth::Outgoing;

/// A broker that holds the control stream.
pub trait Transport: Send + Sync + 'static {
    /// A connection to it.
    type Link: Link;

    /// What it is called in log lines.
    fn name(&self) -> &str;

    /// Connects; `known` is where this replica was.
    fn connect(&self, known: &Place) -> impl Future<Output = Result<Connected<Self::Link>, Trouble>> + Send;
}

/// A connection to the broker, to be dropped at the first trouble.
pub trait Link: Send + 'static {
    /// What comes next behind the place that was connected at: up to `most` messages, or none within `wait`.
    fn next(&mut self, most: usize, wait: Duration) -> impl Future<Output = Result<Vec<Message>, Trouble>> + Send;

    /// Returns once the broker has stored all of them.
    fn publish(&mut self, messages: &[Outgoing]) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// The last position of the stream: a proof that it is there, and the one that was connected to.
    fn end(&mut self) -> impl Future<Output = Result<u64, Trouble>> + Send;
}

/// What a connect found.
#[derive(Debug)]
pub struct Connected<L> {
    /// The connection. It reads from the known place on, or from the beginning when that is not in the stream.
    pub link: L,
    /// Tells the stream from others, also from itself once something was taken out of it.
    pub stream: String,
    /// Whether the known place is in it, with the same message.
    pub same: bool,
}

/// A place in a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which stream; empty: none was ever read.
    pub stream: String,
    /// The last message that was read; 0: none.
    pub position: u64,
    /// Its id.
    pub id: String,
    /// Where to go on reading: behind that message, but for what a later version of this program has to read again.
    pub next: u64,
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its place in the stream, from 1 on.
    pub position: u64,
    /// As its sender called it; nothing is concluded from it but whether the stream is still the same.
    pub id: String,
    /// Sealed.
    pub bytes: Vec<u8>,
}

/// Why the stream cannot be followed now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It will pass, or not.
    #[error("the broker of the control stream cannot be reached: {0}")]
    Unreachable(String),
    /// Somebody has to change something.
    #[error("the control stream cannot be used: {0}")]
    Refused(String),
    /// The stream is not the one that was connected to: it is connected to anew.
    #[error("the control stream is another one than before")]
    Changed,
}
