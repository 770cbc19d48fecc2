//! Following the stream: what is new here goes out, what others did comes in, for as long as the process runs.

use std::sync::Arc;
use std::time::Duration;

use continuity_auth::{AuthError, ControlStream, Taken};
use continuity_base::{Clock, Stop};

use crate::bookmark::Bookmark;
use crate::outbox::Outbox;
use crate::{Board, Connected, Link, Message, Transport, Trouble, metrics};

/// Messages that are taken in together.
const TOGETHER: usize = 100;
/// How long messages are waited for before it is looked what is new here.
const WAIT: Duration = Duration::from_millis(250);
/// How often the stream is asked for its end.
const LOOK: Duration = Duration::from_secs(2);
/// The first wait before another attempt; each further one is about double.
const FIRST: Duration = Duration::from_millis(250);

/// Options of a [`Follower`].
#[derive(Clone)]
pub struct FollowerOptions {
    /// The control log.
    pub stream: ControlStream,
    /// This version of the program: another one may read what this one cannot.
    pub version: String,
    /// The longest wait between two attempts.
    pub reconnect_most: Duration,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

/// Follows the control stream over a broker.
pub struct Follower<T> {
    transport: T,
    options: FollowerOptions,
    board: Board,
}

/// Why it stopped following.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Broker(#[from] Trouble),
    #[error(transparent)]
    ControlLog(#[from] AuthError),
}

/// One connection, from the connect to the first trouble.
struct Session<L> {
    link: L,
    bookmark: Bookmark,
    outbox: Outbox,
    /// When the end was last asked for.
    looked: Option<Duration>,
    /// What is read again because an earlier version could not read it: up to where, and what this one cannot either.
    again: Option<(u64, Option<u64>)>,
}

impl<T: Transport> Follower<T> {
    /// Nothing is connected before [`Follower::run`].
    pub fn new(transport: T, options: FollowerOptions) -> Self {
        metrics::describe();
        let board = Board::new(Arc::clone(&options.clock));
        Self { transport, options, board }
    }

    /// Says how it goes.
    pub fn board(&self) -> Board {
        self.board.clone()
    }

    /// Follows until it is stopped. Trouble is told and waited out.
    pub async fn run(self, stop: Stop) {
        let mut wait = FIRST;
        while !stop.is_stopped() {
            let began = self.options.clock.monotonic();
            let failure = tokio::select! {
                () = stop.stopped() => return,
                failure = self.follow() => failure,
            };
            let worked = self.options.clock.monotonic().saturating_sub(began) > LOOK;
            self.tell(&failure);
            wait = if worked { FIRST } else { wait };
            let jittered = wait.mul_f64(0.5 + rand::random::<f64>() / 2.0);
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(jittered) => {}
            }
            wait = (wait * 2).min(self.options.reconnect_most);
        }
    }

    fn tell(&self, failure: &Failure) {
        let trouble = match failure {
            Failure::Broker(trouble) => trouble.clone(),
            Failure::ControlLog(error) => Trouble::Refused(error.to_string()),
        };
        if self.board.failed(trouble) {
            tracing::warn!(
                error = %failure,
                transport = self.transport.name(),
                "this replica works alone: others do not get its changes, nor it theirs, until the control stream is back"
            );
        }
    }

    async fn follow(&self) -> Failure {
        let mut session = match self.connect().await {
            Ok(session) => session,
            Err(failure) => return failure,
        };
        loop {
            if let Err(failure) = self.step(&mut session).await {
                return failure;
            }
        }
    }

    async fn connect(&self) -> Result<Session<T::Link>, Failure> {
        let mut bookmark = self.blocking(Bookmark::load).await?;
        let mut outbox = Outbox::default();
        outbox.reset(&bookmark);
        // Shown while nothing is connected, too.
        outbox = self.fill(outbox, &bookmark).await?;
        let place = bookmark.place(&self.options.version);
        let Connected { link, stream, same } = self.transport.connect(&place).await?;
        if !same {
            if !bookmark.stream.is_empty() {
                tracing::warn!(
                    transport = self.transport.name(),
                    "the control stream is another one than before, or lost something: all that is known here is sent again"
                );
            }
            bookmark.begin(&stream, self.options.stream.head());
            outbox.reset(&bookmark);
        }
        let again = (same && place.next <= bookmark.read).then_some((bookmark.read, None));
        self.board.connected(bookmark.read);
        tracing::info!(
            transport = self.transport.name(),
            replica = self.options.stream.replica(),
            read = bookmark.read,
            "the control stream is connected"
        );
        Ok(Session { link, bookmark, outbox, looked: None, again })
    }

    async fn step(&self, session: &mut Session<T::Link>) -> Result<(), Failure> {
        let now = self.options.clock.monotonic();
        if session.looked.is_none_or(|at| now.saturating_sub(at) >= LOOK) {
            let end = session.link.end().await?;
            self.board.ends_at(end);
            session.looked = Some(now);
        }
        self.send(session).await?;
        let messages = session.link.next(TOGETHER, WAIT).await?;
        if messages.is_empty() { Ok(()) } else { self.receive(session, messages).await }
    }

    async fn send(&self, session: &mut Session<T::Link>) -> Result<(), Failure> {
        session.outbox = self.fill(std::mem::take(&mut session.outbox), &session.bookmark).await?;
        let count = session.outbox.waiting().len();
        if count > 0 {
            session.link.publish(session.outbox.waiting()).await?;
            metrics::sent(count);
        }
        if session.outbox.sent(&mut session.bookmark) {
            self.board.waiting(0);
            self.keep(&session.bookmark).await?;
        }
        Ok(())
    }

    async fn receive(&self, session: &mut Session<T::Link>, messages: Vec<Message>) -> Result<(), Failure> {
        let (places, bytes): (Vec<_>, Vec<_>) =
            messages.into_iter().map(|message| ((message.position, message.id), message.bytes)).unzip();
        let taken = self.blocking(move |stream| stream.take(&bytes)).await?;
        let Some((last, id)) = places.last() else { return Ok(()) };
        let judged: Vec<_> = places.iter().map(|(position, _)| *position).zip(taken.iter().copied()).collect();
        self.judge(session, &judged);
        let bookmark = &mut session.bookmark;
        if *last > bookmark.read {
            (bookmark.read, bookmark.read_id) = (*last, id.clone());
        }
        if let Some((until, later)) = session.again
            && *last >= until
        {
            session.again = None;
            bookmark.unread = later.map(|from| (from, self.options.version.clone()));
        }
        self.board.read(&taken, bookmark.read);
        self.keep(bookmark).await
    }

    /// What messages that did not take effect ask for. However many there are, they are told once for all that came together.
    fn judge(&self, session: &mut Session<T::Link>, messages: &[(u64, Taken)]) {
        let refused = messages.iter().filter(|(_, taken)| matches!(taken, Taken::Refused(_)));
        if let Some((position, Taken::Refused(refusal))) = refused.clone().next() {
            tracing::warn!(
                position,
                count = refused.count(),
                why = refusal.name(),
                "messages of the control stream prove nothing and are passed over: somebody else writes there, or a replica has \
                 another fleet key"
            );
        }
        let Some((position, _)) = messages.iter().find(|(_, taken)| *taken == Taken::Later) else { return };
        tracing::warn!(
            position,
            "messages of the control stream are of a later version of this program; they are read again once this replica is \
             upgraded"
        );
        match &mut session.again {
            Some((until, later)) if position <= until => drop(later.get_or_insert(*position)),
            _ => drop(session.bookmark.unread.get_or_insert((*position, self.options.version.clone()))),
        }
    }

    async fn fill(&self, mut outbox: Outbox, bookmark: &Bookmark) -> Result<Outbox, Failure> {
        let bookmark = bookmark.clone();
        let outbox = self.blocking(move |stream| outbox.fill(stream, &bookmark).map(|()| outbox)).await?;
        self.board.waiting(outbox.waiting().len());
        Ok(outbox)
    }

    async fn keep(&self, bookmark: &Bookmark) -> Result<(), Failure> {
        let bookmark = bookmark.clone();
        self.blocking(move |stream| bookmark.keep(stream)).await
    }

    /// The control log is read and written where waiting for the disk hurts nobody.
    async fn blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce(&ControlStream) -> Result<R, AuthError> + Send + 'static,
    ) -> Result<R, Failure> {
        let stream = self.options.stream.clone();
        let worked = tokio::task::spawn_blocking(move || work(&stream)).await;
        Ok(worked.map_err(|_| AuthError::ControlLog("a thread of the control stream panicked".to_owned()))??)
    }
}

#[cfg(test)]
mod tests;
