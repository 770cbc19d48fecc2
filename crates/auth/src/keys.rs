//! Key material: files that only the owner may read, the signing keys, and the pepper of client secrets.

pub(crate) mod private_file;
pub(crate) mod secret;
pub(crate) mod signing;
