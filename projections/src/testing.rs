//! Scripts for read models: a line is one change, the end is compared with what is served.
//!
//! ```text
//! task t1 {"id":"t1"}                  after-image (of the loan L)
//! taskItem i1 @taskId=t1 {"id":"i1"}   with a parent
//! task t1 patch {"a":1}                merge patch
//! task t1 gone                         after: null
//! #M task t1 {"id":"t1"}               of the loan M
//! #M clear | #M purge                  what the engine does before a refold, after a purge
//! ```

use continuity_events::Parent;
use continuity_readmodel::{
    ChangeForm, Checkpoint, Durability, EntityChange, Place, Projection, Rows, Snapshot, Store,
};

/// A read model over a store in memory.
pub(crate) struct Bench {
    projection: Box<dyn Projection>,
    store: Store,
    position: u64,
}

impl Bench {
    pub(crate) fn new(projection: Box<dyn Projection>) -> Self {
        let spec = projection.spec();
        let store = Store::open(Place::memory(), spec.name, spec.version, spec.tables, 1 << 20).unwrap();
        Self { projection, store, position: 0 }
    }

    /// Runs `work` as one batch.
    pub(crate) fn commit(&mut self, work: impl FnOnce(&dyn Projection, &mut Rows<'_>)) {
        let mut batch = self.store.batch();
        work(self.projection.as_ref(), &mut batch.rows());
        self.position += 1;
        let checkpoint = Checkpoint { position: self.position, hash: [0; 32] };
        self.store.commit(batch, checkpoint, Durability::Visible).unwrap();
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.store.snapshot()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.store.rows()
    }
}

/// Folds the script, once in a single batch and once with a commit after each line: that must not differ.
pub(crate) fn fold(projection: fn() -> Box<dyn Projection>, script: &str) -> Snapshot {
    let lines: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut at_once = Bench::new(projection());
    at_once.commit(|model, rows| lines.iter().for_each(|line| run(model, rows, line)));
    let mut one_by_one = Bench::new(projection());
    for line in &lines {
        one_by_one.commit(|model, rows| run(model, rows, line));
    }
    assert_eq!(at_once.store.digest(), one_by_one.store.digest(), "the size of batches must not matter");
    one_by_one.snapshot()
}

/// Compares served bytes as text.
pub(crate) fn assert_json(served: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(String::from_utf8_lossy(served.as_ref()), expected);
}

fn run(model: &dyn Projection, rows: &mut Rows<'_>, line: &str) {
    let (loan, line) = match line.strip_prefix('#') {
        Some(rest) => rest.split_once(' ').unwrap(),
        None => ("L", line),
    };
    match line {
        "clear" => return model.clear(loan, rows).unwrap(),
        "purge" => return model.purge(loan, rows).unwrap(),
        _ => {}
    }
    let (entity, rest) = line.split_once(' ').unwrap();
    let (id, mut rest) = rest.split_once(' ').unwrap();
    let mut parent = Parent::default();
    while let Some(named) = rest.strip_prefix('@') {
        let (named, tail) = named.split_once(' ').unwrap();
        let (name, parent_id) = named.split_once('=').unwrap();
        parent.0.push((name.to_owned(), parent_id.to_owned()));
        rest = tail;
    }
    let form = match rest {
        "gone" => ChangeForm::Gone,
        _ => rest.strip_prefix("patch ").map_or(ChangeForm::After(rest), ChangeForm::Patch),
    };
    let parent = (!parent.0.is_empty()).then_some(&parent);
    let change =
        EntityChange { loan, entity, id, parent, version: 1, form, sequence: 1, position: 1, from_snapshot: false };
    model.apply(&change, rows).unwrap();
}
