//! The handle through which the rest of the process uses the engine.

use std::sync::Arc;
use std::time::Duration;

use super::EngineError;
use super::status::{ModelStatus, RebuildReport};
use super::view::View;
use crate::fold::Counts;

/// Read access to the read models, and the commands that the engine takes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EngineHandle {}

impl EngineHandle {
    /// The latest consistent state of all read models.
    pub fn view(&self) -> Arc<View> {
        todo!()
    }

    /// Waits until the view is at log position `position` or beyond; `false` when `timeout` passed first.
    pub fn wait_for(&self, _position: u64, _timeout: Duration) -> bool {
        todo!()
    }

    /// All read models.
    pub fn statuses(&self) -> Vec<ModelStatus> {
        todo!()
    }

    /// How many loans and events are in a special state.
    pub fn counts(&self) -> Counts {
        todo!()
    }

    /// Rebuilds a read model from the log into a new file, which then replaces the old. Blocks until it has; meanwhile
    /// the read model is not served.
    pub fn rebuild(&self, _name: &str) -> Result<RebuildReport, EngineError> {
        todo!()
    }
}
