//! The list of loans of a manifest.

use std::borrow::Cow;

use continuity_events::json;
use continuity_events::manifest::{Listing, listed};

/// How deeply a list in a blob may nest; each entry is a flat object.
const MAX_DEPTH: usize = 64;

/// The loans with their last sequences, ascending by the bytes of their ids, each once.
#[derive(Debug, Default)]
pub(super) struct List<'a>(Vec<(Cow<'a, str>, u64)>);

impl<'a> List<'a> {
    /// Reads a list; what is wrong with it, when it cannot be relied on.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
        let entries: Result<Vec<_>, _> = listed(text).collect();
        let mut entries = entries.map_err(|rejection| rejection.detail)?;
        entries.sort_unstable();
        match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(format!("the list of loans names {} twice", pair[0].0)),
            None => Ok(Self(entries)),
        }
    }

    /// The last sequence of a loan; 0 when it is not listed.
    pub(super) fn last(&self, loan: &str) -> u64 {
        self.0.binary_search_by(|(id, _)| id.as_ref().cmp(loan)).map_or(0, |index| self.0[index].1)
    }

    pub(super) fn entries(&self) -> &[(Cow<'a, str>, u64)] {
        &self.0
    }
}

/// The text of the list; why it is not here.
pub(super) fn text<'a>(
    listing: Listing<'a>,
    read_blob: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Cow<'a, str>, String> {
    match listing {
        Listing::Inline(list) => Ok(Cow::Borrowed(list)),
        Listing::Absent => Err("it lists no loans".to_owned()),
        Listing::Blob(reference) => {
            let bytes = read_blob(reference)
                .map_err(|why| format!("its list of loans is in a blob that is not here: {why}"))?;
            let text = String::from_utf8(bytes).map_err(|_| "its list of loans is not UTF-8".to_owned())?;
            json::check(&text, MAX_DEPTH).map_err(|error| format!("its list of loans is {error}"))?;
            Ok(Cow::Owned(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_by_id_whatever_its_order() {
        let list = List::read(r#"[{"id":"b","lastSequence":7},{"id":"a","lastSequence":3}]"#).unwrap();
        assert_eq!((list.last("a"), list.last("b"), list.last("c")), (3, 7, 0));
        let twice = List::read(r#"[{"id":"b","lastSequence":7},{"id":"b","lastSequence":3}]"#);
        assert_eq!(twice.unwrap_err(), "the list of loans names b twice");
    }

    #[test]
    fn a_blob_is_read_or_missed() {
        let here = |_: &str| Ok(b"[]".to_vec());
        assert_eq!(text(Listing::Blob("{}"), &here).unwrap(), "[]");
        let gone = |_: &str| Err("no such file".to_owned());
        let why = text(Listing::Blob("{}"), &gone).unwrap_err();
        assert_eq!(why, "its list of loans is in a blob that is not here: no such file");
        let broken = |_: &str| Ok(b"[".to_vec());
        assert!(text(Listing::Blob("{}"), &broken).unwrap_err().starts_with("its list of loans is not JSON"));
        assert_eq!(text(Listing::Absent, &here).unwrap_err(), "it lists no loans");
    }
}
