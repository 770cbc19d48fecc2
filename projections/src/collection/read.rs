//! Reading a collection: one entity by id, or a list in order.

use std::borrow::Cow;

use continuity_readmodel::{Key, KeyReader, Row, Snapshot, StoreError};

use super::{Collection, HEAVY, SENSITIVE};
use crate::page::{List, Page, Rowset};

/// Whether heavy members are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As in lists: without the heavy members.
    Lean,
    /// Everything.
    Whole,
}

/// One entity as it is stored.
pub(crate) struct Stored<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) parents: Vec<String>,
    value: Cow<'a, [u8]>,
}

impl Stored<'_> {
    /// The JSON without heavy members.
    pub(crate) fn lean(&self) -> &[u8] {
        &self.value[1..]
    }

    pub(crate) fn is_sensitive(&self) -> bool {
        self.value[0] & SENSITIVE != 0
    }

    /// Whether the entity has heavy members.
    pub(crate) fn is_heavy(&self) -> bool {
        self.value[0] & HEAVY != 0
    }
}

impl Collection {
    /// The entity of that id, wherever it hangs.
    pub(crate) fn find<'a>(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        id: &'a str,
    ) -> Result<Option<Stored<'a>>, StoreError> {
        let Some(key) = snapshot.get(self.ids, &id_key(loan, id))? else { return Ok(None) };
        let Some(value) = snapshot.get(self.rows, &key)? else { return Ok(None) };
        let parents = self.parents_of(&key).ok_or_else(|| self.corrupt("a row key"))?;
        let value = self.checked(Cow::Owned(value.to_vec()))?;
        Ok(Some(Stored { id: Cow::Borrowed(id), parents, value }))
    }

    /// The ids of the parents of an entity, also of a nested one that is gone.
    pub(crate) fn parents_known(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        id: &str,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let key = snapshot.get(self.ids, &id_key(loan, id))?;
        key.map(|key| self.parents_of(&key).ok_or_else(|| self.corrupt("a row key"))).transpose()
    }

    /// The entity's JSON with everything that it has.
    pub(crate) fn whole(&self, snapshot: &Snapshot, loan: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(stored) = self.find(snapshot, loan, id)? else { return Ok(None) };
        let mut json = Vec::new();
        self.write(snapshot, loan, &stored, Variant::Whole, &mut json)?;
        Ok(Some(json))
    }

    /// Appends the entity's JSON to `out`.
    pub(crate) fn write(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        stored: &Stored<'_>,
        variant: Variant,
        out: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        match self.heavy_row(snapshot, loan, stored, variant)? {
            Some(whole) => out.extend_from_slice(&whole),
            None => out.extend_from_slice(stored.lean()),
        }
        Ok(())
    }

    /// The row of the whole entity, when that is wanted and differs from the lean one.
    fn heavy_row(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        stored: &Stored<'_>,
        variant: Variant,
    ) -> Result<Option<Row>, StoreError> {
        let Some((table, _)) = self.heavy.filter(|_| variant == Variant::Whole && stored.is_heavy()) else {
            return Ok(None);
        };
        let whole = snapshot.get(table, &id_key(loan, &stored.id))?;
        whole.map(Some).ok_or_else(|| self.corrupt("a row without its whole"))
    }

    /// One page of the entities below `parents`; `write` appends the JSON of one.
    pub(crate) fn list(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        parents: &[&str],
        page: &Page,
        write: impl FnMut(&Stored<'_>, &mut Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<Rowset, StoreError> {
        self.list_of(&self.below(snapshot, loan, parents), page, write)
    }

    /// One page of the entities below `parents` that `shows` lets through, as they are stored, without heavy members.
    pub(crate) fn sieved_list(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        parents: &[&str],
        page: &Page,
        shows: impl Fn(&Stored<'_>) -> Result<bool, StoreError>,
    ) -> Result<Rowset, StoreError> {
        let list = List { sieved: true, ..self.below(snapshot, loan, parents) };
        self.list_of(&list, page, |stored, out| {
            if shows(stored)? {
                out.extend_from_slice(stored.lean());
            }
            Ok(())
        })
    }

    fn below<'a>(&self, snapshot: &'a Snapshot, loan: &str, parents: &[&str]) -> List<'a> {
        let prefix = parents.iter().fold(Key::new().text(loan), |key, parent| key.text(parent)).finish();
        List { snapshot, table: self.rows, prefix, descending: self.descending, sieved: false }
    }

    fn list_of(
        &self,
        list: &List<'_>,
        page: &Page,
        mut write: impl FnMut(&Stored<'_>, &mut Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<Rowset, StoreError> {
        list.page(page, |suffix, value, out| {
            let id = self.id_of(suffix).ok_or_else(|| self.corrupt("a row key"))?;
            let value = self.checked(Cow::Borrowed(value))?;
            write(&Stored { id, parents: Vec::new(), value }, out)
        })
    }

    /// One page of the entities below `parents` as they are stored, without heavy members.
    pub(crate) fn plain_list(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        parents: &[&str],
        page: &Page,
    ) -> Result<Rowset, StoreError> {
        self.list(snapshot, loan, parents, page, |stored, out| {
            out.extend_from_slice(stored.lean());
            Ok(())
        })
    }

    /// One page of the entities whose indexed member has that value.
    pub(crate) fn indexed_list(
        &self,
        snapshot: &Snapshot,
        loan: &str,
        value: &str,
        page: &Page,
    ) -> Result<Rowset, StoreError> {
        let Some((_, table)) = self.index else {
            return Err(StoreError::Other(format!("{} has no index", self.entity)));
        };
        let of_loan = Key::new().text(loan).finish();
        let prefix = Key::new().text(loan).text(value).finish();
        List { snapshot, table, prefix, descending: self.descending, sieved: false }.page(page, |suffix, _, out| {
            let row = snapshot.get(self.rows, &[&of_loan, suffix].concat())?;
            let row = row.filter(|row| !row.is_empty()).ok_or_else(|| self.corrupt("an index without its row"))?;
            out.extend_from_slice(&row[1..]);
            Ok(())
        })
    }

    /// The id at the end of a key from which loan and parents are cut off.
    fn id_of<'a>(&self, suffix: &'a [u8]) -> Option<Cow<'a, str>> {
        let mut reader = KeyReader::new(suffix);
        self.sort.iter().try_for_each(|_| reader.bytes().map(|_| ()))?;
        reader.text()
    }

    fn checked<'a>(&self, value: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, StoreError> {
        if value.is_empty() { Err(self.corrupt("an empty row")) } else { Ok(value) }
    }
}

fn id_key(loan: &str, id: &str) -> Vec<u8> {
    Key::new().text(loan).text(id).finish()
}
