//! Rings, rollups, clocks that are stepped, and the file.

mod kept;
mod rings;
