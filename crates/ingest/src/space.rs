//! Room on the disk: below a reserve nothing more is taken from the source.

use std::fmt;

use continuity_base::Space;

/// Bytes as people read them.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1 << 20 { write!(f, "{} MiB", self.0 >> 20) } else { write!(f, "{} bytes", self.0) }
    }
}

/// Why nothing may be written now, if so. Once `short`, a sixteenth more than the reserve has to be free again.
pub(crate) fn shortage(space: &dyn Space, reserve: u64, short: bool) -> Option<String> {
    let free = match space.free() {
        Ok(free) => free,
        Err(error) => {
            tracing::debug!(%error, "nobody knows how much room is left on the disk");
            return None;
        }
    };
    let wanted = if short { reserve.saturating_add(reserve / 16) } else { reserve };
    (free < wanted).then(|| {
        format!(
            "the disk of the data directory has {} left and {} are kept in reserve: free space on it, then ingest goes on \
             by itself",
            Bytes(free),
            Bytes(reserve)
        )
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    struct Free(io::Result<u64>);

    impl Space for Free {
        fn free(&self) -> io::Result<u64> {
            self.0.as_ref().copied().map_err(|_| io::Error::other("gone"))
        }
    }

    #[test]
    fn below_the_reserve_is_too_little_and_a_little_more_ends_it() {
        let short = |free, before| shortage(&Free(Ok(free)), 1_600, before).is_some();
        assert!(short(1_599, false) && !short(1_600, false));
        assert!(short(1_699, true) && !short(1_700, true));
        assert!(shortage(&Free(Err(io::Error::other("x"))), 1_600, true).is_none());
        let because = shortage(&Free(Ok(5 << 20)), 512 << 20, false).unwrap();
        assert!(because.contains("has 5 MiB left and 512 MiB are kept in reserve"), "{because}");
    }
}
