//! Key material: files that only the owner may read, the fleet key and what follows from it, and the signing keys.

pub(crate) mod algorithm;
pub(crate) mod assertion;
pub(crate) mod fleet;
pub(crate) mod private_file;
pub(crate) mod replica;
pub(crate) mod ring;
pub(crate) mod row;
pub(crate) mod secret;
