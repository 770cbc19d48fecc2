//! Which positions of a source replace each other.

use continuity_events::record::SourcePosition;

use crate::key::Key;

/// The key of the part of the source that has an order of its own: a file, a stream, a topic's partition. Of two
/// positions with the same key the later one counts.
pub fn partition(position: &SourcePosition) -> Vec<u8> {
    let key = Key::new();
    match position {
        SourcePosition::File { name, .. } => key.u8(b'f').text(name),
        SourcePosition::Stream { stream, .. } => key.u8(b's').text(stream),
        SourcePosition::Topic { topic, partition, .. } => {
            key.u8(b't').text(topic).u64(u64::from(partition.cast_unsigned()))
        }
        SourcePosition::Simulator { seed, .. } => key.u8(b'm').u64(*seed),
        SourcePosition::Operator { .. } => key.u8(b'o'),
    }
    .finish()
}
