//! What every [`Disk`](super::Disk) must do, as plain functions; each implementation runs all of it.
