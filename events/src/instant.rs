//! Moments as RFC 3339 writes them, of any precision, compared as instants.

/// A moment: `2024-01-01T00:00:00Z` and `2024-01-01T01:00:00.000+01:00` are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    seconds: i64,
    nanos: u32,
    rest: Box<[u8]>,
}

impl Instant {
    /// Reads an RFC 3339 date-time; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Instant> {
        let _ = text;
        todo!()
    }

    /// Bytes whose lexicographic order is the order of the instants.
    pub fn sort_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12 + self.rest.len());
        bytes.extend_from_slice(&(self.seconds.cast_unsigned() ^ (1 << 63)).to_be_bytes());
        bytes.extend_from_slice(&self.nanos.to_be_bytes());
        bytes.extend_from_slice(&self.rest);
        bytes
    }

    /// Microseconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn unix_micros(&self) -> i64 {
        self.seconds * 1_000_000 + i64::from(self.nanos / 1_000)
    }
}
