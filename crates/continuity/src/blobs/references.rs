//! Who needs which bytes: the read model `blobs`, as the service asks it.

use std::fmt::Display;

use continuity_blobs::references::{Referenced, References};
use continuity_projections::blobs;
use continuity_readmodel::{EngineHandle, Snapshot, View};

/// The read model of this engine, as of each question.
pub(super) struct ReadModel(pub(super) EngineHandle);

/// The version of the read model.
pub(super) fn version() -> u32 {
    blobs::projection().spec().version
}

const REBUILT: &str = "the read model of references is being rebuilt";

impl References for ReadModel {
    fn position(&self) -> Option<u64> {
        let view = self.0.view();
        rows(&view).map(|_| view.position)
    }

    fn changed(&self, after: u64, limit: usize) -> Result<Vec<(u64, String)>, String> {
        self.0.view().loans_by_position(after, limit).map_err(text)
    }

    fn of_loan(&self, loan: &str) -> Result<Referenced, String> {
        let view = self.0.view();
        if view.loan(loan).map_err(text)?.purged {
            return Ok(Referenced::Gone);
        }
        let rows = rows(&view).ok_or(REBUILT)?;
        blobs::of_loan(rows, loan).map(Referenced::These).map_err(text)
    }

    fn is_referenced(&self, digest: &[u8; 32]) -> Result<Option<bool>, String> {
        let view = self.0.view();
        let Some(rows) = rows(&view) else { return Ok(None) };
        blobs::owners(rows, digest, 1).map(|owners| Some(!owners.is_empty())).map_err(text)
    }
}

fn rows(view: &View) -> Option<&Snapshot> {
    view.model("blobs")
}

fn text(error: impl Display) -> String {
    error.to_string()
}
