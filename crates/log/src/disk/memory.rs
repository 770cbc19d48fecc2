//! A disk in memory.
/// x
pub struct MemoryDisk;
/// x
pub struct CrashPolicy;
