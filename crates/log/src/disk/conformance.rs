//! What every [`Disk`] must do, as plain functions; each implementation runs all of it.
//!
//! The functions panic, with the broken clause, where an implementation does not conform.

#![expect(clippy::missing_panics_doc, reason = "to panic is what these functions are for, as the module says")]

use std::{io::ErrorKind, sync::Arc, thread};

use super::Disk;

/// Makes an empty disk.
pub type Maker<'a> = &'a mut dyn FnMut() -> Arc<dyn Disk>;

/// Runs the whole suite.
pub fn all(maker: Maker<'_>) {
    names(&*maker());
    reads_and_writes(&*maker());
    lengths(&*maker());
    handles_share_a_file(&*maker());
    threads_share_a_file(&*maker());
}

/// Creation, opening, listing and removal.
pub fn names(disk: &dyn Disk) {
    assert!(disk.list().expect("an empty disk lists").is_empty());
    assert_eq!(disk.open("a").err().map(|error| error.kind()), Some(ErrorKind::NotFound));
    let file = disk.create("a").expect("a file can be created");
    assert_eq!(disk.create("a").err().map(|error| error.kind()), Some(ErrorKind::AlreadyExists));
    disk.create("b").expect("a second file can be created");
    disk.sync_directory().expect("names can be made durable");
    let mut names = disk.list().expect("a disk lists");
    names.sort();
    assert_eq!(names, ["a", "b"]);
    file.write_at(b"kept", 0).expect("a file can be written");
    disk.remove("a").expect("a file can be removed");
    assert_eq!(disk.remove("a").err().map(|error| error.kind()), Some(ErrorKind::NotFound));
    let mut bytes = [0; 4];
    file.read_at(&mut bytes, 0).expect("an open handle outlives its name");
    assert_eq!((&bytes, disk.list().expect("a disk lists")), (b"kept", vec!["b".to_owned()]));
}

/// Positioned reads and writes, holes, ends.
pub fn reads_and_writes(disk: &dyn Disk) {
    let file = disk.create("a").expect("a file can be created");
    file.write_at(b"world", 10).expect("a file can be written beyond its end");
    file.write_at(b"hello", 0).expect("a file can be overwritten");
    let mut bytes = [9; 15];
    file.read_at(&mut bytes, 0).expect("what was written can be read");
    assert_eq!(&bytes, b"hello\0\0\0\0\0world");
    let beyond = file.read_at(&mut bytes, 1).expect_err("a read beyond the end is an error");
    assert_eq!(beyond.kind(), ErrorKind::UnexpectedEof);
    file.read_at(&mut [], 15).expect("nothing can be read at the end");
    file.sync().expect("a file can be made durable");
}

/// Reserving, cutting and extending.
pub fn lengths(disk: &dyn Disk) {
    let file = disk.create("a").expect("a file can be created");
    file.write_at(b"123456", 0).expect("a file can be written");
    file.allocate(4096).expect("space can be reserved");
    assert_eq!(file.length().expect("a file has a length"), 4096);
    file.allocate(10).expect("less than there is may be reserved");
    assert_eq!(file.length().expect("a file has a length"), 4096);
    file.set_length(3).expect("a file can be cut");
    file.set_length(8).expect("a file can be extended");
    let mut bytes = [9; 8];
    file.read_at(&mut bytes, 0).expect("what was written can be read");
    assert_eq!(&bytes, b"123\0\0\0\0\0", "what was cut off does not come back");
}

/// Two handles see one file at once.
pub fn handles_share_a_file(disk: &dyn Disk) {
    let one = disk.create("a").expect("a file can be created");
    let two = disk.open("a").expect("a file can be opened twice");
    one.write_at(b"seen", 0).expect("a file can be written");
    let mut bytes = [0; 4];
    two.read_at(&mut bytes, 0).expect("another handle reads");
    assert_eq!((&bytes, two.length().expect("a file has a length")), (b"seen", 4));
}

/// Threads may write and read different parts at once.
pub fn threads_share_a_file(disk: &dyn Disk) {
    let file = disk.create("a").expect("a file can be created");
    thread::scope(|scope| {
        for part in 0..4u8 {
            let file = &file;
            scope.spawn(move || {
                for round in 0..50u64 {
                    let offset = round * 40 + u64::from(part) * 10;
                    file.write_at(&[part; 10], offset).expect("threads can write");
                    let mut bytes = [9; 10];
                    file.read_at(&mut bytes, offset).expect("threads can read");
                    assert_eq!(bytes, [part; 10]);
                }
            });
        }
    });
    assert_eq!(file.length().expect("a file has a length"), 2000);
}
