//! How many streams are open, in all and of each client.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::ChangeOptions;
use crate::metrics::OpenStream;
use crate::problem::{OVERLOADED, Problem, TOO_MANY_STREAMS};

/// Seconds after which a refused client may ask again.
const RETRY_AFTER: u32 = 5;

/// Room for streams.
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    most_per_client: usize,
    /// Open streams by client; no entry for none.
    open: Mutex<HashMap<String, usize>>,
}

/// The place of one open stream, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<Room>,
    client: String,
    _counted: OpenStream,
}

impl Room {
    pub(crate) fn new(options: &ChangeOptions) -> Self {
        Self { most: options.streams, most_per_client: options.streams_per_client, open: Mutex::default() }
    }

    /// A place for one more stream of that client.
    pub(crate) fn enter(self: &Arc<Self>, client: &str) -> Result<Place, Problem> {
        let mut open = self.open.lock();
        let own = open.get(client).copied().unwrap_or(0);
        if own >= self.most_per_client {
            let detail = format!("A client may have {own} streams at once: end one first.");
            return Err(Problem::new(&TOO_MANY_STREAMS, detail).retry_after(RETRY_AFTER));
        }
        if open.values().sum::<usize>() >= self.most {
            let detail = "Too many streams of changes are open at once; polling with `changedSince` goes on.";
            return Err(Problem::new(&OVERLOADED, detail).retry_after(RETRY_AFTER));
        }
        open.insert(client.to_owned(), own + 1);
        drop(open);
        Ok(Place { room: Arc::clone(self), client: client.to_owned(), _counted: OpenStream::count() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.room.open.lock();
        match open.get_mut(&self.client) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(open.remove(&self.client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let options = ChangeOptions { streams: 3, streams_per_client: 2, ..ChangeOptions::default() };
        let room = Arc::new(Room::new(&options));
        let code = |client: &str| room.enter(client).map_err(|problem| problem.kind.code);
        let (first, second) = (code("a").unwrap(), code("a").unwrap());
        assert_eq!(code("a").unwrap_err(), "too-many-streams");
        let third = code("b").unwrap();
        assert_eq!(code("c").unwrap_err(), "overloaded");
        drop(first);
        let fourth = code("c").unwrap();
        drop((second, third, fourth));
        assert!(room.open.lock().is_empty());
    }
}
