//! The `head` file: the durable head, in two slots, so that one is always sound.
//!
//! Writing goes to the slot that is not known to be durable, as often as wanted; once that is synced the other slot is
//! next. So however the writes between two syncs are torn, one slot holds a true, if older, head.

use std::{io, sync::Arc};

use crate::{
    Disk, DiskFile, Head, LogError,
    format::head::{HEAD_NAME, SLOT_BYTES, SLOT_DISTANCE, Slot},
};

/// The open `head` file.
pub(crate) struct HeadFile {
    file: Arc<dyn DiskFile>,
    generation: u64,
    /// Which slot the next writing goes to.
    slot: u64,
    dirty: bool,
}

impl HeadFile {
    /// The best slot of the file, if there is a file with one; with its number.
    pub(crate) fn read(disk: &dyn Disk) -> Result<Option<(u64, Slot)>, LogError> {
        let file = match disk.open(HEAD_NAME) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LogError::io("open", HEAD_NAME)(error)),
        };
        let mut best: Option<(u64, Slot)> = None;
        for number in [0, 1] {
            let mut bytes = [0; SLOT_BYTES];
            match file.read_at(&mut bytes, number * SLOT_DISTANCE) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                Err(error) => return Err(LogError::io("read", HEAD_NAME)(error)),
            }
            if let Some(slot) = Slot::decode(&bytes)
                && best.is_none_or(|(_, other)| other.generation < slot.generation)
            {
                best = Some((number, slot));
            }
        }
        Ok(best)
    }

    /// Opens or creates the file; `best` is what [`read`](HeadFile::read) found.
    pub(crate) fn open(disk: &dyn Disk, best: Option<(u64, Slot)>) -> Result<HeadFile, LogError> {
        let file = match disk.open(HEAD_NAME) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.create(HEAD_NAME).map_err(LogError::io("create", HEAD_NAME))?
            }
            Err(error) => return Err(LogError::io("open", HEAD_NAME)(error)),
        };
        file.allocate(SLOT_DISTANCE + SLOT_BYTES as u64).map_err(LogError::io("extend", HEAD_NAME))?;
        let (slot, generation) = best.map_or((0, 0), |(number, slot)| (1 - number, slot.generation));
        Ok(HeadFile { file, generation, slot, dirty: false })
    }

    /// Writes a head. It survives the end of the process from now on, and a power cut once synced.
    pub(crate) fn write(&mut self, head: Head) -> Result<(), LogError> {
        self.generation += 1;
        self.dirty = true;
        let slot = Slot { generation: self.generation, head };
        self.file.write_at(&slot.encode(), self.slot * SLOT_DISTANCE).map_err(LogError::io("write", HEAD_NAME))
    }

    /// Makes the last head written durable.
    pub(crate) fn sync(&mut self) -> Result<(), LogError> {
        if self.dirty {
            self.file.sync().map_err(LogError::io("sync", HEAD_NAME))?;
            self.dirty = false;
            self.slot = 1 - self.slot;
        }
        Ok(())
    }

    /// Whether a head was written and not yet synced.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChainHash, CrashPolicy, MemoryDisk};

    fn head(position: u64) -> Head {
        Head { position, hash: ChainHash([3; 32]) }
    }

    fn position(disk: &MemoryDisk) -> Option<u64> {
        HeadFile::read(disk).unwrap().map(|(_, slot)| slot.head.position)
    }

    #[test]
    fn the_last_head_is_read_back() {
        let disk = MemoryDisk::new();
        assert_eq!(position(&disk), None);
        for round in 1..10 {
            let mut file = HeadFile::open(&disk, HeadFile::read(&disk).unwrap()).unwrap();
            for step in 0..round {
                file.write(head(round * 100 + step)).unwrap();
            }
            assert!(file.is_dirty());
            file.sync().unwrap();
            assert_eq!(position(&disk), Some(round * 100 + round - 1));
        }
    }

    #[test]
    fn a_torn_slot_leaves_the_other() {
        for seed in 0..200 {
            let disk = MemoryDisk::new();
            let mut file = HeadFile::open(&disk, None).unwrap();
            file.write(head(1)).unwrap();
            file.sync().unwrap();
            disk.sync_directory().unwrap();
            (2..9).for_each(|position| file.write(head(position)).unwrap());
            let found = position(&disk.crash(CrashPolicy::Random(seed))).unwrap();
            assert!((1..9).contains(&found));
            assert!(disk.flip(HEAD_NAME, SLOT_DISTANCE + 20, 1));
            assert_eq!(position(&disk), Some(1));
        }
    }

    #[test]
    fn nonsense_is_no_head() {
        let disk = MemoryDisk::new();
        disk.replace(HEAD_NAME, b"short");
        assert_eq!(position(&disk), None);
        disk.replace(HEAD_NAME, &[0xff; 9000]);
        assert_eq!(position(&disk), None);
    }
}
