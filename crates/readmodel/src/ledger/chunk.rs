//! Log positions of a loan's events, packed: consecutive sequences, differences of neighbours as variable-length numbers.

/// Sequences in one chunk.
pub(super) const CHUNK: u64 = 64;

/// Positions of the events of sequences `number * CHUNK + 1 ..= (number + 1) * CHUNK`; 0 where none is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) number: u64,
    slots: Vec<u64>,
}

/// The chunk that holds a sequence, from 1.
pub(super) fn number_of(sequence: u64) -> u64 {
    sequence.saturating_sub(1) / CHUNK
}

impl Chunk {
    pub(super) fn empty(number: u64) -> Self {
        Self { number, slots: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn get(&self, sequence: u64) -> Option<u64> {
        let position = *self.slots.get(slot(sequence))?;
        (number_of(sequence) == self.number && position > 0).then_some(position)
    }

    pub(super) fn set(&mut self, sequence: u64, position: u64) {
        debug_assert_eq!(number_of(sequence), self.number);
        let slot = slot(sequence);
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, 0);
        }
        self.slots[slot] = position;
    }

    /// Known (sequence, position) pairs, ascending.
    pub(super) fn known(&self) -> impl Iterator<Item = (u64, u64)> {
        let first = self.number * CHUNK + 1;
        (first..).zip(self.slots.iter().copied()).filter(|(_, position)| *position > 0)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut previous = 0_u64;
        for &position in &self.slots {
            if position == 0 {
                out.push(0);
                continue;
            }
            let difference = position.wrapping_sub(previous).cast_signed();
            put(out, zigzag(difference).saturating_add(1));
            previous = position;
        }
    }

    /// `None` when the bytes are not those of a chunk.
    pub(super) fn decode(number: u64, mut bytes: &[u8]) -> Option<Self> {
        let (mut slots, mut previous) = (Vec::new(), 0_u64);
        while !bytes.is_empty() {
            let stored = take(&mut bytes)?;
            let position = match stored.checked_sub(1) {
                None => 0,
                Some(difference) => {
                    previous = previous.wrapping_add_signed(unzigzag(difference));
                    previous
                }
            };
            slots.push(position);
        }
        (slots.len() as u64 <= CHUNK).then_some(Self { number, slots })
    }
}

fn slot(sequence: u64) -> usize {
    usize::try_from(sequence.saturating_sub(1) % CHUNK).expect("less than 64")
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_take_little_room() {
        let mut chunk = Chunk::empty(0);
        (1..=64).for_each(|sequence| chunk.set(sequence, 9_000_000 + 20 * sequence));
        let mut bytes = Vec::new();
        chunk.encode(&mut bytes);
        assert!(bytes.len() < 70, "{}", bytes.len());
    }

    #[test]
    fn another_chunks_sequence_is_not_known() {
        let mut chunk = Chunk::empty(1);
        chunk.set(65, 7);
        assert_eq!((chunk.get(65), chunk.get(1), chunk.get(66), chunk.get(129)), (Some(7), None, None, None));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        assert_eq!(Chunk::decode(0, &[0x80]), None);
        assert_eq!(Chunk::decode(0, &[0; 65]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_chunk_comes_back(number in 0..1_000_u64, sets in proptest::collection::vec((0..64_u64, 1..=(1_u64 << 62)), 0..80)) {
            let mut chunk = Chunk::empty(number);
            for (slot, position) in &sets {
                chunk.set(number * CHUNK + 1 + slot, *position);
            }
            let mut bytes = Vec::new();
            chunk.encode(&mut bytes);
            let back = Chunk::decode(number, &bytes).unwrap();
            prop_assert_eq!(&back, &chunk);
            for (sequence, position) in back.known() {
                prop_assert_eq!(chunk.get(sequence), Some(position));
            }
        }
    }
}
