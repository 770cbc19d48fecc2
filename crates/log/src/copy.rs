//! A copy of the log as it is at one position, made while the log is written: what a backup is made of.

use std::ops::Range;

use crate::{Disk, Head, Log, LogError, format::segment_name, head_file::HeadFile, segments::Segment, walk::Walk};

/// Bytes that are read and written at once.
const PIECE_BYTES: u64 = 1 << 20;

/// What a copy holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Where it ends.
    pub head: Head,
    /// Its segments.
    pub segments: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Those of them that were written, and not taken over from an earlier copy.
    pub written_bytes: u64,
}

impl Log {
    /// Copies the log up to the frame that holds `until`, at most all of it, to the empty directory `target`. The copy is a
    /// log that can be opened. Tells `progress` the position reached and the last one.
    ///
    /// A segment that is complete never changes any more: `earlier` may put the one of an earlier copy into `target`, as a
    /// link, and says whether it did. One that is not of this log is removed again, and copied.
    pub fn copy_to(
        &self,
        until: u64,
        target: &dyn Disk,
        earlier: &mut dyn FnMut(&str) -> bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Copied, LogError> {
        let (segments, head) = self.shared.snapshot();
        let until = until.min(head.position);
        let mut copied = Copied::default();
        for segment in segments.iter().filter(|segment| segment.first <= until) {
            let (end, head) = self.end_in(segment, until)?;
            let complete = segment.footer_bytes > 0 && end == segment.bytes();
            if !(complete && self.takes_over(segment, target, earlier)?) {
                self.copy_segment(segment, end, target)?;
                copied.written_bytes += end;
            }
            copied.segments += 1;
            copied.bytes += end;
            copied.head = head;
            progress(head.position, until);
        }
        let mut file = HeadFile::open(target, None)?;
        file.write(copied.head)?;
        file.sync()?;
        target.sync_directory().map_err(LogError::io("sync", "directory"))?;
        Ok(copied)
    }

    /// Where a copy of that segment ends which holds `until`: the byte, and the head.
    fn end_in(&self, segment: &Segment, until: u64) -> Result<(u64, Head), LogError> {
        if until >= segment.last {
            return Ok((segment.bytes(), Head { position: segment.last, hash: segment.hash }));
        }
        let mut walk = Walk::at(&*self.shared.disk, &self.shared.locate(until)?)?;
        let header = walk.find(until, segment.end)?;
        Ok((walk.offset(), Head { position: header.last(), hash: header.hash }))
    }

    /// Whether an earlier copy of a complete segment is in the target now: as long, and with the same index at its end, in
    /// which the hash over everything before it stands.
    fn takes_over(
        &self,
        segment: &Segment,
        target: &dyn Disk,
        earlier: &mut dyn FnMut(&str) -> bool,
    ) -> Result<bool, LogError> {
        let name = segment.name();
        if !earlier(&name) {
            return Ok(false);
        }
        let there = target.open(&name).map_err(LogError::io("open", &name))?;
        let length = there.length().map_err(LogError::io("look at", &name))?;
        let footer = segment.end..segment.bytes();
        if length == segment.bytes()
            && piece(target, &name, footer.clone())? == piece(&*self.shared.disk, &name, footer)?
        {
            return Ok(true);
        }
        target.remove(&name).map_err(LogError::io("remove", &name))?;
        Ok(false)
    }

    fn copy_segment(&self, segment: &Segment, end: u64, target: &dyn Disk) -> Result<(), LogError> {
        let name = segment_name(segment.first);
        let file = target.create(&name).map_err(LogError::io("create", &name))?;
        let mut at = 0;
        while at < end {
            let bytes = piece(&*self.shared.disk, &name, at..end.min(at + PIECE_BYTES))?;
            file.write_at(&bytes, at).map_err(LogError::io("write", &name))?;
            at += bytes.len() as u64;
        }
        file.sync().map_err(LogError::io("sync", &name))
    }
}

fn piece(disk: &dyn Disk, name: &str, range: Range<u64>) -> Result<Vec<u8>, LogError> {
    let file = disk.open(name).map_err(LogError::io("open", name))?;
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or_default()];
    file.read_at(&mut bytes, range.start).map_err(LogError::io("read", name))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        MemoryDisk, Opened,
        testing::{group, open, read_all},
        verify,
    };

    /// A log of several segments, with so many records.
    fn grow(opened: &mut Opened, records: u64) {
        while opened.log.head().position < records {
            let next = opened.writer.next_position();
            opened.writer.append(group(next, &[300, 40])).unwrap().wait().unwrap();
        }
    }

    fn copy(log: &Log, until: u64, target: &MemoryDisk) -> Copied {
        log.copy_to(until, target, &mut |_| false, &mut |_, _| {}).unwrap()
    }

    /// What a link to a file of `earlier` does.
    fn link(earlier: &MemoryDisk, target: &MemoryDisk, name: &str) -> bool {
        let there = earlier.contents(name);
        there.is_some_and(|bytes| {
            target.replace(name, &bytes);
            true
        })
    }

    /// Verifies a copy, opens it and reads it; the position where it ends.
    fn check(log: &Log, copy: &MemoryDisk) -> u64 {
        let disk: Arc<dyn Disk> = Arc::new(copy.clone());
        let verified = verify(&disk, &[], &mut |_, _| {}).unwrap();
        assert_eq!(verified.incomplete_bytes, 0);
        let mut opened = open(copy).unwrap();
        assert_eq!(opened.log.head(), verified.head);
        let records = read_all(&opened.log);
        assert_eq!(records, read_all(log)[..records.len()]);
        opened.writer.append(group(verified.head.position + 1, &[3])).unwrap().wait().unwrap();
        verified.head.position
    }

    #[test]
    fn a_copy_is_a_log_that_ends_at_a_frame() {
        let mut opened = open(&MemoryDisk::new()).unwrap();
        let target = MemoryDisk::new();
        assert_eq!(copy(&opened.log, 7, &target), Copied::default());
        assert_eq!(check(&opened.log, &target), 0);
        grow(&mut opened, 60);
        for until in 1..61 {
            let target = MemoryDisk::new();
            let copied = copy(&opened.log, until, &target);
            assert!(copied.segments > until / 20 && copied.bytes == copied.written_bytes, "{copied:?}");
            assert_eq!(copied.head.position, until.next_multiple_of(2));
            assert_eq!(check(&opened.log, &target), copied.head.position);
        }
        assert_eq!(copy(&opened.log, u64::MAX, &MemoryDisk::new()).head, opened.log.head());
    }

    #[test]
    fn complete_segments_of_an_earlier_copy_are_taken_over() {
        let mut opened = open(&MemoryDisk::new()).unwrap();
        let mut earlier = MemoryDisk::new();
        for records in (2..80).step_by(2) {
            grow(&mut opened, records);
            let target = MemoryDisk::new();
            let mut link = |name: &str| link(&earlier, &target, name);
            let copied = opened.log.copy_to(u64::MAX, &target, &mut link, &mut |_, _| {}).unwrap();
            assert_eq!(copied.head, opened.log.head());
            assert!(copied.written_bytes <= 3 * 4096, "the last ones alone: {copied:?}");
            earlier = MemoryDisk::new();
            copy(&opened.log, u64::MAX, &earlier);
            assert_eq!(check(&opened.log, &target), records);
        }
    }

    #[test]
    fn segments_of_another_log_are_not_taken_over() {
        let mut opened = open(&MemoryDisk::new()).unwrap();
        grow(&mut opened, 60);
        let mut other = open(&MemoryDisk::new()).unwrap();
        while other.log.head().position < 60 {
            let next = other.writer.next_position();
            other.writer.append(group(next, &[300, 41])).unwrap().wait().unwrap();
        }
        let (earlier, target) = (MemoryDisk::new(), MemoryDisk::new());
        copy(&other.log, u64::MAX, &earlier);
        let mut link = |name: &str| link(&earlier, &target, name);
        let copied = opened.log.copy_to(u64::MAX, &target, &mut link, &mut |_, _| {}).unwrap();
        assert_eq!(copied.written_bytes, copied.bytes);
        assert_eq!(check(&opened.log, &target), 60);
    }

    #[test]
    fn a_disk_that_fails_fails_the_copy() {
        let mut opened = open(&MemoryDisk::new()).unwrap();
        grow(&mut opened, 30);
        let fails = |after: u64| {
            let target = MemoryDisk::new();
            target.cut_power(after);
            let copied = opened.log.copy_to(u64::MAX, &target, &mut |_| false, &mut |_, _| {});
            assert!(matches!(copied, Ok(_) | Err(LogError::Io { .. })), "{copied:?}");
            copied.is_err()
        };
        let failed = (0..1_000).take_while(|after| fails(*after)).count();
        assert!((6..1_000).contains(&failed), "{failed}");
    }
}
