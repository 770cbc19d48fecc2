//! What can be chosen about a log; every figure has a default that suits one replica.

/// How payloads are stored. A frame that does not get smaller is stored as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// zstd at this level.
    Zstd(i32),
}

/// Options of a log. They may differ at each opening: the format does not depend on them.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The value of the `log` label on this log's metrics, and in its threads' names.
    pub name: &'static str,
    /// A segment is closed before it would grow beyond this many bytes (64 MiB).
    pub segment_bytes: u64,
    /// A group with more payload bytes than this becomes several frames (1 MiB).
    pub frame_bytes: usize,
    /// How payloads are stored (zstd level 1).
    pub compression: Compression,
    /// Bytes of decoded frames kept for random reads and for readers close to the head (16 MiB).
    pub frame_cache_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            name: "replica",
            segment_bytes: 64 << 20,
            frame_bytes: 1 << 20,
            compression: Compression::Zstd(1),
            frame_cache_bytes: 16 << 20,
        }
    }
}
