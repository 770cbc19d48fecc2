//! The file: kept over restarts, put aside when it cannot be read, and no obstacle when it cannot be written.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Timestamp};
use proptest::prelude::*;

use crate::file::{Unreadable, decode, encode};
use crate::{History, Range, Reading};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_micros(1_795_370_400_000_000)))
}

fn open(path: &Path, clock: &Arc<ManualClock>) -> History {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    History::open(path, clock)
}

#[test]
fn it_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let (path, clock) = (dir.path().join("history"), clock());
    let history = open(&path, &clock);
    history.look(Reading { lag: Some(Duration::from_secs(7)), logged: 5, ..Reading::default() });
    history.save();
    assert!(history.is_kept());
    let again = open(&path, &clock);
    for range in Range::ALL {
        assert_eq!(again.steps(range), history.steps(range));
        assert_eq!(again.steps(range).last().unwrap().1.unwrap().lag.get(), Some(7));
    }
    assert_eq!(again.last(), None, "nothing was looked at in this process");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_damaged_or_later_file_is_put_aside() {
    let good = encode(&[vec![], vec![], vec![]]).unwrap();
    let mut later = good.clone();
    later[8] = 2;
    assert_eq!(decode(&later), Err(Unreadable::Format(2)));
    let mut torn = good.clone();
    torn.push(0);
    for bytes in [&later[..], &torn, &good[..good.len() - 1], b"", b"cntyhist", b"something else that is long enough"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history");
        fs::write(&path, bytes).unwrap();
        let history = open(&path, &clock());
        assert!(history.steps(Range::Hour).iter().all(|(_, step)| step.is_none()));
        assert_eq!(fs::read(dir.path().join("history.unreadable")).unwrap(), bytes);
        history.save();
        assert!(decode(&fs::read(&path).unwrap()).is_ok());
    }
}

#[test]
fn where_it_cannot_be_written_it_goes_on_in_memory_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("gone");
    fs::create_dir(&folder).unwrap();
    let history = open(&folder.join("history"), &clock());
    fs::remove_dir(&folder).unwrap();
    history.save();
    history.look(Reading::default());
    assert!(!history.is_kept());
    assert!(history.steps(Range::Hour).last().unwrap().1.is_some());
    fs::create_dir(&folder).unwrap();
    history.save();
    assert!(history.is_kept());
}

#[test]
fn a_folder_in_its_place_does_not_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history");
    fs::create_dir(&path).unwrap();
    let history = open(&path, &clock());
    history.save();
    assert!(history.is_kept());
}

proptest! {
    /// No bytes make it panic, and none but its own are taken.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0..60_usize) {
        prop_assert!(decode(&bytes).is_err());
        let mut good = encode(&[vec![], vec![], vec![]]).unwrap();
        let place = place % good.len();
        good[place] ^= 1;
        prop_assert!(decode(&good).is_err());
    }
}
