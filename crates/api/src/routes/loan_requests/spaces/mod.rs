//! `.../spaces/`: document spaces.

pub(crate) mod documents;
pub(crate) mod list;
