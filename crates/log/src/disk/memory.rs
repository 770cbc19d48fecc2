//! A disk in memory that keeps apart what is durable and what is not, and that fails on demand.
//!
//! [`MemoryDisk::crash`] gives the disk as it may be found after a power cut: everything that was synced, and some,
//! all or none of the rest, torn at sectors. It exists for tests, of this crate and of those above it.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    sync::Arc,
};

use parking_lot::Mutex;

use super::{Disk, DiskFile};

mod image;
#[cfg(test)]
mod tests;

use image::{Change, Dice, Image};

/// What a power cut does to writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPolicy {
    /// All are lost.
    Lose,
    /// All survive: what the end of the process alone does.
    Keep,
    /// Any subset of them survives, whole or some of their sectors, chosen by this seed.
    Random(u64),
}

/// A directory in memory. Clones are the same directory.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    faults: Faults,
    steps: u64,
}

#[derive(Default)]
struct Content {
    now: Image,
    durable: Image,
    unsynced: Vec<Change>,
}

#[derive(Clone, Copy, Default)]
struct Faults {
    power_cut_after: Option<u64>,
    failing_write: Option<u64>,
    failing_sync: Option<u64>,
    capacity: Option<u64>,
}

/// What a fault does to an operation.
enum Step {
    Go,
    /// The operation has begun when the power goes: it counts as done and not synced, and fails.
    Last,
}

impl MemoryDisk {
    /// An empty directory.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// The disk as it may be found after a power cut now. This one is left as it is.
    #[must_use]
    pub fn crash(&self, policy: CrashPolicy) -> MemoryDisk {
        let state = self.state.lock();
        let mut dice = Dice::new(if let CrashPolicy::Random(seed) = policy { seed } else { 0 });
        let mut after = State::default();
        let known =
            state.names.keys().chain(state.durable_names.keys().filter(|name| !state.names.contains_key(*name)));
        for name in known {
            let (now, durable) = (state.names.get(name), state.durable_names.get(name));
            let survivor = match policy {
                CrashPolicy::Lose => durable,
                CrashPolicy::Keep => now,
                CrashPolicy::Random(_) => {
                    if dice.coin() {
                        now
                    } else {
                        durable
                    }
                }
            };
            let Some(file) = survivor else { continue };
            let image = state.files[*file].after_crash(policy, &mut dice);
            after.put(name, image);
        }
        MemoryDisk { state: Arc::new(Mutex::new(after)) }
    }

    /// How many changing operations (writes, syncs, creations and so on) there have been.
    pub fn steps(&self) -> u64 {
        self.state.lock().steps
    }

    /// From the `after`-th changing operation on (0: the next), everything fails, as when the power goes.
    pub fn cut_power(&self, after: u64) {
        let mut state = self.state.lock();
        state.faults.power_cut_after = Some(state.steps + after);
    }

    /// Ends all faults: the power is back, or the process runs again on a system that never went down.
    pub fn mend(&self) {
        self.state.lock().faults = Faults::default();
    }

    /// The `after`-th write from now (0: the next) fails with an I/O error, having written a part.
    pub fn fail_write(&self, after: u64) {
        self.state.lock().faults.failing_write = Some(after);
    }

    /// The `after`-th sync of a file from now (0: the next) fails with an I/O error.
    pub fn fail_sync(&self, after: u64) {
        self.state.lock().faults.failing_sync = Some(after);
    }

    /// Files that together would grow beyond `bytes` are refused: no space left.
    pub fn limit(&self, bytes: u64) {
        self.state.lock().faults.capacity = Some(bytes);
    }

    /// The contents of a file, if there is one.
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state.lock();
        state.names.get(name).map(|file| state.files[*file].now.to_vec())
    }

    /// Puts a file in place, durable.
    pub fn replace(&self, name: &str, bytes: &[u8]) {
        self.state.lock().put(name, Image::from(bytes));
    }

    /// Flips the bits of `mask` in one byte of a file: rot. Returns false when there is no such byte.
    pub fn flip(&self, name: &str, offset: u64, mask: u8) -> bool {
        let Some(mut bytes) = self.contents(name) else { return false };
        let Some(byte) = usize::try_from(offset).ok().and_then(|offset| bytes.get_mut(offset)) else { return false };
        *byte ^= mask;
        self.replace(name, &bytes);
        true
    }

    fn file(&self, index: usize) -> Arc<dyn DiskFile> {
        Arc::new(MemoryFile { state: Arc::clone(&self.state), index })
    }
}

impl State {
    fn put(&mut self, name: &str, image: Image) {
        let index = self.files.len();
        self.files.push(Content { durable: image.clone(), now: image, unsynced: Vec::new() });
        self.names.insert(name.to_owned(), index);
        self.durable_names.insert(name.to_owned(), index);
    }

    fn step(&mut self) -> io::Result<Step> {
        let step = self.steps;
        match self.faults.power_cut_after {
            Some(cut) if step > cut => return Err(power_cut()),
            Some(cut) if step == cut => {
                self.steps += 1;
                return Ok(Step::Last);
            }
            _ => self.steps += 1,
        }
        Ok(Step::Go)
    }

    fn change(&mut self, file: usize, change: Change) -> io::Result<()> {
        let step = self.step()?;
        if matches!(change, Change::Write { .. }) && countdown(&mut self.faults.failing_write) {
            let half = change.first_half();
            self.files[file].apply(half);
            return Err(io::Error::other("the disk fails as asked"));
        }
        self.check_space(file, &change)?;
        self.files[file].apply(change);
        if matches!(step, Step::Last) { Err(power_cut()) } else { Ok(()) }
    }

    fn check_space(&self, file: usize, change: &Change) -> io::Result<()> {
        let Some(capacity) = self.faults.capacity else { return Ok(()) };
        let grown = change.length().saturating_sub(self.files[file].now.length());
        let used: u64 = self.names.values().map(|file| self.files[*file].now.length()).sum();
        if grown > 0 && used + grown > capacity { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self, file: usize) -> io::Result<()> {
        if matches!(self.step()?, Step::Last) {
            return Err(power_cut());
        }
        if countdown(&mut self.faults.failing_sync) {
            return Err(io::Error::other("the disk fails as asked"));
        }
        let content = &mut self.files[file];
        for change in std::mem::take(&mut content.unsynced) {
            content.durable.apply(&change);
        }
        Ok(())
    }
}

/// Whether the counted operation is this one.
fn countdown(counter: &mut Option<u64>) -> bool {
    match counter {
        Some(0) => {
            *counter = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}

fn power_cut() -> io::Error {
    io::Error::other("the power is cut")
}

impl Content {
    fn apply(&mut self, change: Change) {
        self.now.apply(&change);
        self.unsynced.push(change);
    }

    fn after_crash(&self, policy: CrashPolicy, dice: &mut Dice) -> Image {
        match policy {
            CrashPolicy::Lose => self.durable.clone(),
            CrashPolicy::Keep => self.now.clone(),
            CrashPolicy::Random(_) => {
                let mut image = self.durable.clone();
                self.unsynced.iter().for_each(|change| change.survive(&mut image, dice));
                image
            }
        }
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state.lock().names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let index = self.state.lock().names.get(name).copied().ok_or(ErrorKind::NotFound)?;
        Ok(self.file(index))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        if state.names.contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let step = state.step()?;
        let index = state.files.len();
        state.files.push(Content::default());
        state.names.insert(name.to_owned(), index);
        drop(state);
        if matches!(step, Step::Last) { Err(power_cut()) } else { Ok(self.file(index)) }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        let step = state.step()?;
        state.names.remove(name).ok_or(ErrorKind::NotFound)?;
        if matches!(step, Step::Last) { Err(power_cut()) } else { Ok(()) }
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        if matches!(state.step()?, Step::Last) {
            return Err(power_cut());
        }
        state.durable_names = state.names.clone();
        Ok(())
    }
}

struct MemoryFile {
    state: Arc<Mutex<State>>,
    index: usize,
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.state.lock().files[self.index].now.length())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.state.lock().files[self.index].now.read(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.state.lock().change(self.index, Change::Write { offset, bytes: bytes.to_vec() })
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.state.lock().change(self.index, Change::Allocate(length))
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.state.lock().change(self.index, Change::SetLength(length))
    }

    fn sync(&self) -> io::Result<()> {
        self.state.lock().sync(self.index)
    }
}
