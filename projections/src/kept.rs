//! A read model that is nothing but collections: most of them are.

use continuity_readmodel::{EntityChange, Projection, Rows, Spec, StoreError};

use crate::collection::Collection;
use crate::page::{Rowset, open_member};

/// Folds each entity into its collection.
pub(crate) struct Kept {
    pub(crate) spec: &'static Spec,
    pub(crate) collections: Vec<&'static Collection>,
}

impl Projection for Kept {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let own = self.collections.iter().filter(|collection| collection.entity == change.entity);
        own.copied().try_for_each(|collection| collection.apply(change, rows))
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        self.collections.iter().try_for_each(|collection| collection.clear(loan, rows))
    }
}

/// Appends `object` with the member `name`: an array of children.
pub(crate) fn write_nested(out: &mut Vec<u8>, object: &[u8], name: &str, children: &Rowset) {
    open_member(out, object, name);
    out.extend_from_slice(&children.json);
    out.push(b'}');
}
