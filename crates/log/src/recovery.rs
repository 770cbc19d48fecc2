//! Opening a log: what is there, whether it is all that must be there, and where writing goes on.
//!
//! The floor is the highest position that anything sound calls durable: the `head` file, the header of any valid
//! frame or of the last segment, a checkpoint. What does not check out at or below the floor was acknowledged once:
//! that is damage, and nothing is touched. Above it lies what no one was promised, and the first invalid frame ends
//! the log. Everything here up to [`repair`] only reads.

use std::sync::Arc;

use tracing::{info, warn};

use crate::{
    Checkpoint, Disk, DiskFile, Head, LogError, Recovery, StaleCause, StaleCheckpoint,
    format::{
        head::{HEAD_NAME, SLOT_DISTANCE, Slot},
        segment::SegmentHeader,
        segment_first, segment_name,
    },
    head_file::HeadFile,
    segments::{Segment, Segments},
    walk::Walk,
};

mod scan;
mod tail;
#[cfg(test)]
mod tests;

use scan::{End, Scanned, load_sealed, scan_last};

/// What was found, before anything is changed.
pub(crate) struct Examined {
    pub(crate) segments: Segments,
    pub(crate) head: Head,
    pub(crate) recovery: Recovery,
    slot: Option<(u64, Slot)>,
    end: End,
}

/// Where writing goes on.
pub(crate) struct Ready {
    pub(crate) segments: Segments,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) head_file: HeadFile,
}

/// The highest position called durable, and by whom.
struct Floor {
    position: u64,
    witness: String,
}

impl Floor {
    fn raise(&mut self, position: u64, witness: impl FnOnce() -> String) {
        if position > self.position {
            *self = Floor { position, witness: witness() };
        }
    }
}

/// Reads what opening needs: every segment's header and footer, and all of the last segment.
pub(crate) fn examine(disk: &dyn Disk, checkpoints: &[Checkpoint]) -> Result<Examined, LogError> {
    let slot = HeadFile::read(disk)?;
    let mut floor = Floor { position: 0, witness: "nothing".to_owned() };
    if let Some((_, slot)) = slot {
        floor.raise(slot.head.position, || "the head file".to_owned());
    }
    let (segments, last) = load(disk)?;
    let end = last.end;
    floor.raise(last.durable, || "the header of a later frame or segment".to_owned());
    let head = segments.last().map_or_else(Head::default, |last| Head { position: last.last, hash: last.hash });
    let recovery = Recovery {
        head,
        truncated_bytes: end.lost_bytes(),
        frames_checked: last.frames,
        stale: judge(&segments, head, &end, slot, floor, checkpoints)?,
    };
    let mut examined = Examined { segments, head, recovery, slot, end };
    examined.compare_hashes(disk, checkpoints)?;
    Ok(examined)
}

/// All segments in order, the last one scanned. `Scanned::segment` has moved into the segments unless unfinished.
fn load(disk: &dyn Disk) -> Result<(Segments, Scanned), LogError> {
    let names = disk.list().map_err(LogError::io("list", "directory"))?;
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| segment_first(name)).collect();
    firsts.sort_unstable();
    let mut segments = Segments::default();
    let mut before = Head::default();
    let Some((last, sealed)) = firsts.split_last() else { return Ok((segments, Scanned::nothing())) };
    for (number, first) in sealed.iter().enumerate() {
        check_follows(before, *first)?;
        let next = firsts[number + 1];
        let segment = load_sealed(disk, *first, before.hash, next)?;
        before = Head { position: segment.last, hash: segment.hash };
        segments.0.insert(*first, segment);
    }
    check_follows(before, *last)?;
    let mut scanned = scan_last(disk, *last, before.hash)?;
    if let Some(segment) = scanned.segment.take() {
        segments.0.insert(*last, segment);
    }
    Ok((segments, scanned))
}

fn check_follows(before: Head, first: u64) -> Result<(), LogError> {
    let expected = before.position + 1;
    if first == expected {
        return Ok(());
    }
    let what = format!("a segment is missing: the next one there is {}", segment_name(first));
    Err(LogError::Damaged { segment: segment_name(expected), offset: 0, position: expected, what })
}

/// Holds the end that was found against the floor; returns the checkpoints that an older log explains.
fn judge(
    segments: &Segments,
    head: Head,
    end: &End,
    slot: Option<(u64, Slot)>,
    mut floor: Floor,
    checkpoints: &[Checkpoint],
) -> Result<Vec<StaleCheckpoint>, LogError> {
    let beyond = || checkpoints.iter().filter(|checkpoint| checkpoint.position > head.position);
    let restored = end.is_clean() && floor.position <= head.position && slot.is_some_and(|(_, slot)| slot.head == head);
    if restored {
        return Ok(beyond().map(|checkpoint| stale(checkpoint, head, StaleCause::BeyondLog)).collect());
    }
    for checkpoint in beyond() {
        floor.raise(checkpoint.position, || format!("the checkpoint of {}", checkpoint.name));
    }
    if floor.position <= head.position {
        return Ok(Vec::new());
    }
    let open = segments.last().filter(|segment| segment.footer_bytes == 0 && !matches!(end, End::Unfinished { .. }));
    let (segment, offset) = open.map_or((segment_name(head.position + 1), 0), |last| (last.name(), last.end));
    let what = format!(
        "{} after position {}, while {} says that everything up to {} is durable",
        end.what(),
        head.position,
        floor.witness,
        floor.position
    );
    Err(LogError::Damaged { segment, offset, position: head.position + 1, what })
}

fn stale(checkpoint: &Checkpoint, head: Head, cause: StaleCause) -> StaleCheckpoint {
    warn!(
        checkpoint = checkpoint.name,
        checkpoint_position = checkpoint.position,
        log.position = head.position,
        ?cause,
        "a checkpoint does not fit the log: what it belongs to must be rebuilt"
    );
    StaleCheckpoint { name: checkpoint.name.clone(), position: checkpoint.position, log_position: head.position, cause }
}

impl Examined {
    /// The hashes that the head file and the checkpoints name must be those of the log.
    fn compare_hashes(&mut self, disk: &dyn Disk, checkpoints: &[Checkpoint]) -> Result<(), LogError> {
        if let Some((number, slot)) = self.slot.filter(|(_, slot)| slot.head.position > 0) {
            let place = self.segments.locate(slot.head.position)?;
            let frame = Walk::at(disk, &place)?.find(slot.head.position, place.end)?;
            if (frame.hash, frame.last()) != (slot.head.hash, slot.head.position) {
                let what = "the head file names another frame at this position than the segments hold: \
                            files of different logs are mixed";
                return Err(LogError::Damaged {
                    segment: HEAD_NAME.to_owned(),
                    offset: number * SLOT_DISTANCE,
                    position: slot.head.position,
                    what: what.to_owned(),
                });
            }
        }
        let within = |checkpoint: &&Checkpoint| (1..=self.head.position).contains(&checkpoint.position);
        for checkpoint in checkpoints.iter().filter(within) {
            let place = self.segments.locate(checkpoint.position)?;
            if Walk::at(disk, &place)?.find(checkpoint.position, place.end)?.hash != checkpoint.hash {
                self.recovery.stale.push(stale(checkpoint, self.head, StaleCause::HashDiffers));
            }
        }
        Ok(())
    }

    /// Cuts off what is not part of the log, makes durable what is, and readies the last segment for writing.
    pub(crate) fn repair(mut self, disk: &dyn Disk, segment_bytes: u64) -> Result<Ready, LogError> {
        if self.recovery.truncated_bytes > 0 {
            let bytes = self.recovery.truncated_bytes;
            info!(log.position = self.head.position, bytes, "cut off what was written and never acknowledged");
        }
        let file = match self.end {
            End::Open | End::Torn { .. } => self.reopen(disk, segment_bytes)?,
            End::Nothing | End::Sealed | End::Unfinished { .. } => {
                self.sync_last(disk)?;
                let reuse = matches!(self.end, End::Unfinished { .. });
                let (file, segment) = create_segment(disk, self.head, segment_bytes, reuse)?;
                self.segments.0.insert(segment.first, segment);
                file
            }
        };
        let mut head_file = HeadFile::open(disk, self.slot)?;
        head_file.write(self.head)?;
        head_file.sync()?;
        disk.sync_directory().map_err(LogError::io("sync", "directory"))?;
        Ok(Ready { segments: self.segments, file, head_file })
    }

    /// A process that is killed leaves a footer in the page cache: sync it before a segment follows.
    fn sync_last(&self, disk: &dyn Disk) -> Result<(), LogError> {
        let Some(last) = self.segments.last() else { return Ok(()) };
        let name = last.name();
        let file = disk.open(&name).map_err(LogError::io("open", &name))?;
        file.sync().map_err(LogError::io("sync", &name))
    }

    /// Valid frames above the floor may be nowhere but in the page cache yet: sync before they count.
    fn reopen(&self, disk: &dyn Disk, segment_bytes: u64) -> Result<Arc<dyn DiskFile>, LogError> {
        let last = self.segments.last().expect("an open end belongs to a segment");
        let name = last.name();
        let file = disk.open(&name).map_err(LogError::io("open", &name))?;
        if matches!(self.end, End::Torn { .. }) {
            file.set_length(last.end).map_err(LogError::io("cut", &name))?;
        }
        file.allocate(segment_bytes).map_err(LogError::io("reserve space in", &name))?;
        file.sync().map_err(LogError::io("sync", &name))?;
        Ok(file)
    }
}

/// Makes the segment that follows `head`. With `reuse` its file may be there, unfinished.
pub(crate) fn create_segment(
    disk: &dyn Disk,
    head: Head,
    segment_bytes: u64,
    reuse: bool,
) -> Result<(Arc<dyn DiskFile>, Segment), LogError> {
    let segment = Segment::empty(head.position + 1, head.hash);
    let name = segment.name();
    let file = if reuse {
        let file = disk.open(&name).map_err(LogError::io("open", &name))?;
        file.set_length(0).map_err(LogError::io("cut", &name))?;
        file
    } else {
        disk.create(&name).map_err(LogError::io("create", &name))?
    };
    let header = SegmentHeader { first: segment.first, previous: segment.previous };
    file.allocate(segment_bytes).map_err(LogError::io("reserve space in", &name))?;
    file.write_at(&header.encode(), 0).map_err(LogError::io("write", &name))?;
    file.sync().map_err(LogError::io("sync", &name))?;
    disk.sync_directory().map_err(LogError::io("sync", "directory"))?;
    Ok((file, segment))
}
