//! What stands around every page.

use crate::assets::{AS_OF, COPY, ICON, PASSKEYS, STYLE};
use crate::places::Places;
use crate::texts::{Texts, fill};

/// What stands around a page.
pub(crate) struct Frame {
    pub(crate) t: &'static Texts,
    /// What the page is about.
    pub(crate) title: String,
    /// What forms repeat.
    pub(crate) token: String,
    /// Who is signed in.
    pub(crate) who: Option<String>,
    /// Where that person may go.
    pub(crate) places: Places,
    pub(crate) style: String,
    pub(crate) icon: String,
    pub(crate) passkeys: String,
    pub(crate) copy: String,
    pub(crate) as_of: String,
}

/// A place that every page leads to.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) is_here: bool,
}

impl Frame {
    pub(crate) fn new(t: &'static Texts, title: impl Into<String>, token: &str, who: Option<String>) -> Self {
        Self {
            t,
            title: title.into(),
            token: token.to_owned(),
            who,
            places: Places::default(),
            style: STYLE.address(),
            icon: ICON.address(),
            passkeys: PASSKEYS.address(),
            copy: COPY.address(),
            as_of: AS_OF.address(),
        }
    }

    /// The same page once more, with what was wrong.
    #[must_use]
    pub(crate) fn with_faults(mut self, are_there: bool) -> Self {
        if are_there {
            self.title = fill(self.t.fault_title, &[&self.title]);
        }
        self
    }
}
