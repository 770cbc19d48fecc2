//! What holds ingest back: the schedule, the bandwidth, the disk.

use std::io;

use super::*;
use crate::control::{By, Done, Order, OrderError};
use continuity_base::Space;

use crate::{Schedule, Window};

fn scheduled(schedule: Schedule) -> IngestOptions {
    IngestOptions { schedule, ..quick() }
}

fn detail(running: &Running) -> String {
    running.board.snapshot().why.map(|why| why.detail).unwrap_or_default()
}

#[test]
fn at_intervals_it_reads_to_the_end_and_rests() {
    let hourly = Schedule { interval: Some(Duration::from_hours(1)), ..Schedule::default() };
    let (script, source) = scripted("a1 a2 b1 b2");
    let running = Running::start(scheduled(hourly), source);
    running.until_logged("E:a1 E:a2 E:b1 E:b2 Y");
    running.until_state(SourceState::Paused);
    assert_eq!(detail(&running), "next synchronisation at 1970-01-01T01:00:01.000Z");
    until("released", || script.released.load(Ordering::SeqCst) == 1);
    assert_eq!(script.acknowledged.lock().last(), Some(&4));
    script.add("a3");
    assert_eq!(running.control.give(Order::SyncNow), Ok(Done::Reading));
    running.until_logged("E:a1 E:a2 E:b1 E:b2 Y E:a3");
    running.until_state(SourceState::Paused);
    script.add("a4");
    running.clock.advance(Duration::from_mins(30));
    assert_eq!((running.board.snapshot().state, script.resumed.lock().len()), (SourceState::Paused, 2));
    running.clock.advance(Duration::from_mins(30));
    running.until_logged("E:a1 E:a2 E:b1 E:b2 Y E:a3 E:a4");
    running.until_state(SourceState::Paused);
    assert_eq!(detail(&running), "next synchronisation at 1970-01-01T02:00:01.000Z");
    running.end().unwrap();
}

#[test]
fn outside_its_windows_the_source_is_not_read() {
    let mornings = Window { days: Window::EVERY_DAY, from: 6 * 3_600, to: 7 * 3_600 };
    let (script, source) = scripted("a1");
    let schedule = Schedule { windows: vec![mornings], ..Schedule::default() };
    let running = Running::start(scheduled(schedule), source);
    running.until_state(SourceState::Paused);
    assert_eq!(detail(&running), "outside its window until 1970-01-01T06:00:00.000Z");
    assert!(script.resumed.lock().is_empty());
    running.clock.advance(Duration::from_hours(6));
    running.until_logged("E:a1 Y");
    script.add("a2");
    running.until_logged("E:a1 Y E:a2");
    running.clock.advance(Duration::from_hours(1));
    running.until_state(SourceState::Paused);
    until("released", || script.released.load(Ordering::SeqCst) == 1);
    running.end().unwrap();
}

#[test]
fn the_bandwidth_is_kept_to() {
    let slow = Schedule { max_bytes_per_second: Some(100), ..Schedule::default() };
    let (script, source) = scripted("a1 a2 a3 a4 a5 a6 a7");
    let running = Running::start(scheduled(slow), source);
    running.until_logged("E:a1 E:a2 E:a3");
    let bytes: usize = script.lines.lock().iter().take(3).map(String::len).sum();
    running.clock.advance(Duration::from_millis(bytes as u64 * 10 - 1_100));
    assert_eq!(running.logged(), "E:a1 E:a2 E:a3");
    running.clock.advance(Duration::from_millis(200));
    running.until_logged("E:a1 E:a2 E:a3 E:a4 E:a5 E:a6");
    running.end().unwrap();
}

/// Room on a disk, as a test says.
struct Room(AtomicU64);

impl Space for Room {
    fn free(&self) -> io::Result<u64> {
        Ok(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn with_too_little_room_on_the_disk_it_pauses_and_goes_on_by_itself() {
    let room = Arc::new(Room(AtomicU64::new(1_000)));
    let space = Arc::clone(&room) as Arc<dyn Space>;
    let options = IngestOptions { space: Some(space), space_reserve: 1_600, ..quick() };
    let (script, source) = scripted("a1 a2");
    let running = Running::start(options, source);
    running.until_state(SourceState::Paused);
    assert!(detail(&running).contains("free space on it"), "{}", detail(&running));
    let by = || By { actor: "uid:0".to_owned(), reason: "x".to_owned() };
    let handed = running.control.give(Order::HandIn(vec![arrival("b1").into_bytes()], by()));
    assert!(matches!(handed, Err(OrderError::NotApplicable(_))), "{handed:?}");
    assert_eq!((running.logged().as_str(), script.acknowledged.lock().len()), ("", 0));
    room.0.store(1_650, Ordering::SeqCst);
    running.control.give(Order::Pause(by())).unwrap();
    running.control.give(Order::Resume(by())).unwrap();
    assert_eq!(running.logged(), "A:source-pause A:source-resume", "a little more than the reserve has to be free");
    room.0.store(1_700, Ordering::SeqCst);
    running.until_logged("A:source-pause A:source-resume E:a1 E:a2 Y");
    running.until_state(SourceState::Live);
    running.end().unwrap();
}
