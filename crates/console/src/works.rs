//! Work that takes long: begun on a page, done beside it, one of a kind at a time, and remembered until the next one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use continuity_base::{Clock, Timestamp};
use parking_lot::Mutex;
use serde_json::Value;

use crate::orders::{Order, Orders};

/// The kinds of work. One that is under way keeps others of its kind waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A read model is folded again.
    Rebuild,
    /// The replica log is verified.
    Verify,
    /// The control log is verified.
    VerifyControl,
    /// Stored files are hashed.
    Scrub,
    /// A loan is repaired.
    Resync,
    /// The newest manifest is evaluated.
    Evaluate,
    /// A backup is made.
    BackUp,
    /// The backup is restored for a trial.
    VerifyBackup,
}

/// One piece of work, under way or done.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// To what: a read model, a loan.
    pub(crate) subject: String,
    pub(crate) by: String,
    pub(crate) began: Timestamp,
    pub(crate) done: u64,
    pub(crate) of: u64,
    /// When it ended, and what came of it.
    pub(crate) ended: Option<(Timestamp, Result<Value, String>)>,
}

impl Work {
    pub(crate) fn is_under_way(&self) -> bool {
        self.ended.is_none()
    }
}

/// The last work of each kind since the start.
#[derive(Clone)]
pub(crate) struct Works {
    all: Arc<Mutex<BTreeMap<Kind, Work>>>,
    orders: Arc<dyn Orders>,
    clock: Arc<dyn Clock>,
}

impl Works {
    pub(crate) fn new(orders: Arc<dyn Orders>, clock: Arc<dyn Clock>) -> Self {
        Self { all: Arc::default(), orders, clock }
    }

    /// The last one of that kind.
    pub(crate) fn last(&self, kind: Kind) -> Option<Work> {
        self.all.lock().get(&kind).cloned()
    }

    /// Begins it; the work that is under way already, if one is. A thread of its own does it, which does not keep the process
    /// from ending.
    pub(crate) fn begin(&self, kind: Kind, subject: &str, by: &str, order: Order) -> Result<(), Box<Work>> {
        let mut all = self.all.lock();
        if let Some(work) = all.get(&kind).filter(|work| work.is_under_way()) {
            return Err(Box::new(work.clone()));
        }
        let (subject, by) = (subject.to_owned(), by.to_owned());
        let work = Work { subject, by: by.clone(), began: self.clock.now(), done: 0, of: 0, ended: None };
        all.insert(kind, work);
        drop(all);
        let works = self.clone();
        let started = thread::Builder::new().name("console-work".to_owned()).spawn(move || {
            let _ended = Ended { works: &works, kind };
            let told = works
                .orders
                .give(order, &by, &mut |done, of| works.change(kind, |work| (work.done, work.of) = (done, of)));
            works.end(kind, told);
        });
        if let Err(error) = started {
            self.end(kind, Err(format!("no thread could be started: {error}")));
        }
        Ok(())
    }

    fn change(&self, kind: Kind, change: impl FnOnce(&mut Work)) {
        if let Some(work) = self.all.lock().get_mut(&kind) {
            change(work);
        }
    }

    fn end(&self, kind: Kind, told: Result<Value, String>) {
        let now = self.clock.now();
        self.change(kind, |work| work.ended = Some((now, told)));
    }
}

/// Work whose thread panicked has ended too.
struct Ended<'a> {
    works: &'a Works,
    kind: Kind,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.works
                .end(self.kind, Err("it ended with an error of the program; the process’ log has more".to_owned()));
        }
    }
}
