//! What is known of a loan's audit log as a whole.

use continuity_readmodel::{Key, Rows, StoreError, Table};

use super::SPEC;
use super::block::Source;

/// (loan) -> [`Marks`]; only for loans for which they are not the default.
pub(super) const LOANS: Table = "loans";

/// Marks of one loan. They depend on the set of entries that came, not on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Entries below this sequence are redacted; 0 without an erasure.
    pub(super) erased_below: u64,
    /// Whether there was a recorded entry.
    pub(super) recorded: bool,
    /// Whether the snapshot that the loan's state starts from has entries.
    pub(super) given: bool,
}

impl Marks {
    pub(super) fn read(loan: &str, rows: &Rows<'_>) -> Result<Self, StoreError> {
        let Some(stored) = rows.get(LOANS, &Key::new().text(loan).finish())? else { return Ok(Self::default()) };
        let marks = stored.split_first_chunk::<8>().and_then(|(erased, flags)| match flags {
            [recorded @ 0..=1, given @ 0..=1] => {
                Some(Self { erased_below: u64::from_be_bytes(*erased), recorded: *recorded == 1, given: *given == 1 })
            }
            _ => None,
        });
        marks.ok_or_else(|| StoreError::corrupt(SPEC.name, "the marks of a loan"))
    }

    pub(super) fn write(self, loan: &str, rows: &mut Rows<'_>) {
        let key = Key::new().text(loan).finish();
        if self == Self::default() {
            rows.delete(LOANS, &key);
            return;
        }
        let mut stored = self.erased_below.to_be_bytes().to_vec();
        stored.extend([u8::from(self.recorded), u8::from(self.given)]);
        rows.put(LOANS, key, stored);
    }

    /// Once an entry of that source has come.
    pub(super) fn with(mut self, source: Source) -> Self {
        self.recorded |= source == Source::Recorded;
        self.given |= source == Source::Snapshot;
        self
    }

    /// Whether the entries are kept by id too: without entries that are not their event's own, ids cannot meet.
    pub(super) fn by_id(self) -> bool {
        self.recorded || self.given
    }
}
