//! Server-sent events, read piece by piece (WHATWG HTML, section 9.2.6).

/// The longest line that a replica sends is far shorter; more is an error of whoever answers.
const LONGEST_LINE: usize = 1 << 20;

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
}

/// What has come and is not yet an event.
#[derive(Debug, Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    event: Event,
    id: Option<String>,
}

impl Reader {
    /// Takes a piece; false when no line may be that long.
    pub(super) fn take(&mut self, piece: &[u8]) -> bool {
        self.bytes.extend_from_slice(piece);
        self.bytes.len() <= LONGEST_LINE || self.bytes.contains(&b'\n')
    }

    /// The last id that was given.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// A new connection: half an event is none.
    pub(super) fn cut(&mut self) {
        self.bytes.clear();
        self.event = Event::default();
    }

    /// The next event that is whole.
    pub(super) fn next(&mut self) -> Option<Event> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.name),
                "id" => self.id = Some(value.to_owned()),
                "data" => {
                    let gap = if self.event.data.is_empty() { "" } else { "\n" };
                    self.event.data.push_str(gap);
                    self.event.data.push_str(value);
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_however_they_are_cut() {
        let text =
            "retry: 2000\n\nevent: change\nid: 7\ndata: {\"a\":1}\n\n: heartbeat\n\ndata: x\ndata: y\n\nevent: half\n";
        for size in 1..text.len() {
            let (mut reader, mut events) = (Reader::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                assert!(reader.take(piece));
                events.extend(std::iter::from_fn(|| reader.next()));
            }
            let event = |name: &str, data: &str| Event { name: name.to_owned(), data: data.to_owned() };
            assert_eq!(events, [event("change", "{\"a\":1}"), event("", "x\ny")]);
            assert_eq!(reader.id(), Some("7"));
        }
    }
}
