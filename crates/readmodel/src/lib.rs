//! The read-model engine: it folds the log into read models, each in a redb store of its own.

mod error;
mod key;
mod store;

pub use error::StoreError;
pub use key::{Key, KeyReader, prefix_end};
pub use store::{
    Batch, Checkpoint, DirectoryShelf, Direction, Durability, Found, MemoryShelf, Opened, Place, Row, Rows, Scan, Shelf,
    Snapshot, Store, Table,
};
