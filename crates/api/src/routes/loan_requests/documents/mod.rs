//! `.../documents`: documents and their bytes.

pub(crate) mod download;
pub(crate) mod list;
pub(crate) mod sensitive;
mod version;

use continuity_projections::Bound;

use crate::endpoint::Param;
use crate::filter::{By, by};

/// The filters of every list of documents.
pub(crate) const CATEGORY: Param =
    by("category", &["category"], By::AnyOf(&["SALE_AGREEMENT"]), "Only documents of these categories.");
pub(crate) const STATUS: Param =
    by("status", &["status"], By::AnyOf(&["SIGNED"]), "Only documents in one of these states.");
pub(crate) const NAME: Param =
    by("name", &["name"], By::Contains, "Only documents in whose `name` this is found, in any case.");
pub(crate) const UPLOADED_FROM: Param =
    by("uploadedFrom", &["uploadedAt"], By::Time(Bound::From), "Only documents uploaded at this time or later.");
pub(crate) const UPLOADED_TO: Param = by(
    "uploadedTo",
    &["uploadedAt"],
    By::Time(Bound::To),
    "Only documents uploaded at this time or earlier; a date counts to its end.",
);
