//! How many files the process may have open, and how many of them connections may be.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are not connections of the API: log, read models, blobs, sources, downloads, metrics.
const OTHERS: u64 = 512;

/// Raises the limit of open files as far as the system allows, and says how many connections fit beside everything else: a
/// flood of them must not take the files that the log needs. At most `wanted`.
pub(crate) fn room_for(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    let room = connections(wanted, current);
    if room < wanted {
        tracing::warn!(
            open_files = current,
            connections = room,
            wanted,
            "fewer connections than limits.connections are taken: allow more open files (LimitNOFILE, ulimit -n)"
        );
    }
    room
}

/// `open`: how many files may be open; `None`: any number.
fn connections(wanted: usize, open: Option<u64>) -> usize {
    let room = open.map_or(u64::MAX, |open| open.saturating_sub(OTHERS).max(open / 4).max(1));
    wanted.min(usize::try_from(room).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_files() {
        assert_eq!(connections(4_096, None), 4_096);
        assert_eq!(connections(4_096, Some(20_000)), 4_096);
        assert_eq!(connections(4_096, Some(1_024)), 512);
        assert_eq!(connections(4_096, Some(256)), 64, "a quarter, where there is hardly room for anything");
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        room_for(1);
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
