//! Where acknowledged messages are.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::json::write_text;

/// The last acknowledged messages by stream, topic or file name.
pub type Positions = BTreeMap<String, Position>;

/// The last acknowledged message of a stream, of each partition of a topic, or of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Sequence in a stream.
    Sequence(u64),
    /// Offset in each partition of a topic that got any.
    Offsets(BTreeMap<i32, i64>),
    /// Bytes of a file.
    Bytes(u64),
}

/// Notes that `stream` got a message at `sequence`.
#[cfg(any(test, feature = "nats"))]
pub(super) fn note_sequence(positions: &mut Positions, stream: &str, sequence: u64) {
    if let Some(Position::Sequence(last)) = positions.get_mut(stream) {
        *last = sequence.max(*last);
    } else {
        positions.insert(stream.to_owned(), Position::Sequence(sequence));
    }
}

/// Notes that `partition` of `topic` got a message at `offset`.
#[cfg(any(test, feature = "kafka"))]
pub(super) fn note_offset(positions: &mut Positions, topic: &str, partition: i32, offset: i64) {
    if !matches!(positions.get(topic), Some(Position::Offsets(_))) {
        positions.insert(topic.to_owned(), Position::Offsets(BTreeMap::new()));
    }
    if let Some(Position::Offsets(offsets)) = positions.get_mut(topic) {
        let last = offsets.entry(partition).or_insert(offset);
        *last = offset.max(*last);
    }
}

/// The positions as a manifest's `at` (contract, section 5), those of `name` left out.
pub(super) fn to_json(positions: &Positions, except: &str) -> String {
    let mut out = String::from("{");
    for (name, position) in positions.iter().filter(|(name, _)| *name != except) {
        if out.len() > 1 {
            out.push(',');
        }
        write_text(name, &mut out);
        let _ = match position {
            Position::Sequence(number) | Position::Bytes(number) => write!(out, ":{number}"),
            Position::Offsets(offsets) => {
                let each: Vec<_> =
                    offsets.iter().map(|(partition, offset)| format!("\"{partition}\":{offset}")).collect();
                write!(out, ":{{{}}}", each.join(","))
            }
        };
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_position_counts_and_reads_as_a_manifest_says() {
        let mut positions = Positions::new();
        note_sequence(&mut positions, "S", 7);
        note_sequence(&mut positions, "S", 5);
        note_offset(&mut positions, "t", 1, 9);
        note_offset(&mut positions, "t", 0, 3);
        note_offset(&mut positions, "t", 1, 4);
        note_offset(&mut positions, "control", 0, 1);
        assert_eq!(to_json(&positions, "control"), r#"{"S":7,"t":{"0":3,"1":9}}"#);
        assert_eq!(to_json(&Positions::new(), ""), "{}");
    }
}
