//! Bytes for a replica: fetched from a directory and verified, as in production.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Stop};
use continuity_blobs::origin::{DirectoryOrigin, Origins};
use continuity_blobs::references::{Referenced, References};
use continuity_blobs::shelf::LocalShelf;
use continuity_blobs::{BlobOptions, BlobPlaces, BlobService};
use continuity_projections::blobs;
use continuity_readmodel::EngineHandle;
use tokio::runtime::Runtime;

/// A replica outlives the runtime of the test that asked for it first.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// The files of a feed.
#[derive(Default)]
pub(crate) struct Files {
    /// Where they are; `None`: only bytes in references are had.
    pub(crate) directory: Option<PathBuf>,
    /// How many that are referred to are not there.
    pub(crate) missing: u64,
}

/// The service over the engine's read models, when everything that there is was fetched.
pub(super) fn service(
    engine: &EngineHandle,
    files: Files,
    (root, clock, stop): (&Path, &Arc<ManualClock>, &Stop),
) -> BlobService {
    let _runtime = RUNTIME.enter();
    let directory = files.directory.map(DirectoryOrigin::new);
    let places = BlobPlaces {
        origin: Arc::new(Origins { directory, ..Origins::default() }),
        shelf: Arc::new(LocalShelf::new(root).unwrap()),
        references: Arc::new(ReadModel(engine.clone())),
        scanner: None,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
    };
    let options =
        BlobOptions { tick: Duration::from_millis(5), min_free_bytes: 0, ..BlobOptions::new(root.to_owned()) };
    let service = BlobService::new(options, places).unwrap();
    RUNTIME.spawn(service.clone().run(stop.clone()));
    if engine.view().model("blobs").is_some() {
        let position = engine.view().position;
        wait("references are known", || service.lag().unwrap().known_up_to == Some(position));
        wait("what is there is here", || service.lag().unwrap().pending.count == files.missing);
    }
    service
}

/// Waits for a condition, with a limit.
pub(super) fn wait(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..20_000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("waited in vain: {what}");
}

struct ReadModel(EngineHandle);

impl References for ReadModel {
    fn position(&self) -> Option<u64> {
        Some(self.0.view().position)
    }

    fn changed(&self, after: u64, limit: usize) -> Result<Vec<(u64, String)>, String> {
        self.0.view().loans_by_position(after, limit).map_err(|error| error.to_string())
    }

    fn of_loan(&self, loan: &str) -> Result<Referenced, String> {
        let view = self.0.view();
        let rows = view.model("blobs").ok_or("it is being rebuilt")?;
        blobs::of_loan(rows, loan).map(Referenced::These).map_err(|error| error.to_string())
    }

    fn is_referenced(&self, _: &[u8; 32]) -> Result<Option<bool>, String> {
        Ok(None)
    }
}
