//! The digest over the content of all events.

use continuity_log::Kind;
use sha2::{Digest, Sha256};

use super::list::List;
use super::place::{Place, Standing};
use super::presence::{Presence, xor};
use super::{AuditError, Look, received};

/// XORs of the digests of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Over the events that the manifest speaks of.
    pub(super) digest: [u8; 32],
    /// A log position and the XOR over every event up to it.
    pub(super) through: (u64, [u8; 32]),
}

/// Reads the log, from where an earlier evaluation can be gone on from, and digests the events that the manifest speaks
/// of. Every sequence is in the log once.
pub(super) fn digest(
    look: Look<'_>,
    place: &Place,
    presence: &Presence,
    again: bool,
    list: Option<&List<'_>>,
    earlier: Option<(u64, [u8; 32])>,
) -> Result<Content, AuditError> {
    let usable =
        |(to, _): &(u64, [u8; 32])| *to <= place.plain && presence.first_beyond.is_none_or(|first| *to < first);
    let (from, start) = earlier.filter(usable).unwrap_or_default();
    let to = if again { look.ledger.position() } else { place.through };
    let (mut digest, mut all) = (start, start);
    look.records(from + 1, to, &mut |position, record| {
        if !matches!(record.kind, Kind::Event | Kind::Held) {
            return Ok(true);
        }
        let wanted = match list {
            Some(list) => record.sequence <= list.last(&record.subject),
            None => place.standing(position) != Standing::After,
        };
        if wanted || position <= place.plain {
            let event = received(position, record)?.event;
            let data = hex(&event.data_sha256());
            let text = format!("{}\n{}\n{}\n{data}", record.subject, record.sequence, event.id);
            let one = Sha256::digest(text).into();
            if wanted {
                xor(&mut digest, &one);
            }
            if position <= place.plain {
                xor(&mut all, &one);
            }
        }
        Ok(true)
    })?;
    Ok(Content { digest, through: (place.plain, all) })
}

fn hex(bytes: &[u8; 32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
