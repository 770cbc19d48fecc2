//! Who needs which bytes: the read model `blobs`, as the service asks it.

use std::fmt::Display;

use continuity_blobs::references::{Referenced, References};
use continuity_projections::blobs;
use continuity_readmodel::{EngineHandle, Snapshot, SyncBoard, View};

/// The read model of this engine, as of each question.
pub(super) struct ReadModel {
    pub(super) engine: EngineHandle,
    /// Says when the read models stand still.
    pub(super) sync: SyncBoard,
}

/// The version of the read model.
pub(super) fn version() -> u32 {
    blobs::projection().spec().version
}

const REBUILT: &str = "the read model of references is being rebuilt";

impl References for ReadModel {
    fn position(&self) -> Option<u64> {
        let view = self.engine.view();
        rows(&view).filter(|_| !self.stands_still()).map(|_| view.position)
    }

    fn changed(&self, after: u64, limit: usize) -> Result<Vec<(u64, String)>, String> {
        self.engine.view().loans_by_position(after, limit).map_err(text)
    }

    fn of_loan(&self, loan: &str) -> Result<Referenced, String> {
        let view = self.engine.view();
        let state = view.loan(loan).map_err(text)?;
        if state.purged {
            return Ok(Referenced::Gone);
        }
        let rows = rows(&view).ok_or(REBUILT)?;
        let references = blobs::of_loan(rows, loan).map_err(text)?;
        Ok(if state.erased { Referenced::Erased(references) } else { Referenced::These(references) })
    }

    fn is_referenced(&self, digest: &[u8; 32]) -> Result<Option<bool>, String> {
        let view = self.engine.view();
        let Some(rows) = rows(&view).filter(|_| !self.stands_still()) else { return Ok(None) };
        blobs::owners(rows, digest, 1).map(|owners| Some(!owners.is_empty())).map_err(text)
    }
}

impl ReadModel {
    fn stands_still(&self) -> bool {
        self.sync.snapshot().broken.is_some()
    }
}

fn rows(view: &View) -> Option<&Snapshot> {
    view.model("blobs")
}

fn text(error: impl Display) -> String {
    error.to_string()
}
