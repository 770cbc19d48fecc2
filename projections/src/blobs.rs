//! Which bytes each loan refers to, and who refers to given bytes: what is to be fetched, and what may be forgotten.
//!
//! A reference (event contract, section 3) stands in an entity's `blob`, in the `blob` of one of its `versions`, or in
//! one of its `attachments`: in its `blob`, or the attachment is itself one. Each has a row in `blob_refs`, and a row in
//! `blob_owners` by its digest unless it says that the bytes were erased. A reference without a valid `sha256` has no row:
//! nothing could ever be verified against it.
//!
//! Patches need what was there before, so `blob_entities` keeps the three members that references stand in, and nothing
//! else of the entity. That is enough, because a merge patch treats each member of an object by itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use continuity_events::json::{self, JsonError};
use continuity_readmodel::{
    ChangeForm, Direction, EntityChange, Key, KeyReader, Projection, Rows, Snapshot, Spec, StoreError, Table,
};

/// (loan, entity, id, part) -> raw reference.
const REFS: Table = "blob_refs";
/// (sha256 in lower-case hexadecimal digits, loan, entity, id, part), without values.
const OWNERS: Table = "blob_owners";
/// (loan, entity, id) -> the members of the entity that references stand in, a JSON object.
const ENTITIES: Table = "blob_entities";

/// The members that references stand in.
const MEMBERS: [&str; 3] = ["blob", "versions", "attachments"];

static SPEC: Spec = Spec {
    name: "blobs",
    version: 1,
    tables: &[REFS, OWNERS, ENTITIES],
    entities: &["document", "taskItem", "message"],
};

/// Who refers to given bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Id of the loan.
    pub loan: String,
    /// Kind of the entity.
    pub entity: String,
    /// Id of the entity.
    pub id: String,
    /// Where in it: empty for its `blob`, else `versions/N` or `attachments/N`, from 0.
    pub part: String,
}

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(BlobReferences)
}

/// The raw references of a loan, by entity, id and part; the same bytes may be referred to more than once.
pub fn of_loan(snapshot: &Snapshot, loan: &str) -> Result<Vec<String>, StoreError> {
    let rows = snapshot.scan_prefix(REFS, &Key::new().text(loan).finish(), Direction::Forward)?;
    rows.map(|row| String::from_utf8(row?.1.to_vec()).map_err(|_| StoreError::corrupt(REFS, "a reference"))).collect()
}

/// Who refers to the bytes of that digest, at most `limit` of them, by loan, entity, id and part.
pub fn owners(snapshot: &Snapshot, sha256: &[u8; 32], limit: usize) -> Result<Vec<Owner>, StoreError> {
    let prefix = Key::new().text(&hex(sha256)).finish();
    let rows = snapshot.scan_prefix(OWNERS, &prefix, Direction::Forward)?;
    let owner = |key: &[u8]| owner(&key[prefix.len()..]).ok_or_else(|| StoreError::corrupt(OWNERS, "a row key"));
    rows.take(limit).map(|row| owner(&row?.0)).collect()
}

fn owner(key: &[u8]) -> Option<Owner> {
    let mut reader = KeyReader::new(key);
    let mut text = || reader.text().map(Cow::into_owned);
    Some(Owner { loan: text()?, entity: text()?, id: text()?, part: text()? })
}

struct BlobReferences;

impl Projection for BlobReferences {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let entity = Key::new().text(change.loan).text(change.entity).text(change.id).finish();
        let old = rows.get(ENTITIES, &entity)?.map(String::from_utf8).transpose();
        let old = old.map_err(|_| StoreError::corrupt(ENTITIES, "a row"))?.unwrap_or_else(|| "{}".to_owned());
        let new = folded(&old, &change.form).map_err(|error| {
            StoreError::Other(format!("the references of a {} cannot be read: {error}", change.entity))
        })?;
        if new == old {
            return Ok(());
        }
        let (before, after) = (references(&old), references(&new));
        for (part, reference) in before.iter().filter(|(part, reference)| after.get(*part) != Some(reference)) {
            remove(&entity, part, reference, rows);
        }
        for (part, reference) in after.iter().filter(|(part, reference)| before.get(*part) != Some(reference)) {
            put(&entity, part, reference, rows);
        }
        if new == "{}" {
            rows.delete(ENTITIES, &entity);
        } else {
            rows.put(ENTITIES, entity, new.into_bytes());
        }
        Ok(())
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let prefix = Key::new().text(loan).finish();
        for (key, reference) in rows.scan_prefix(REFS, &prefix)? {
            let reference = std::str::from_utf8(&reference).map_err(|_| StoreError::corrupt(REFS, "a reference"))?;
            if let Some(owner) = owner_key(&key, reference) {
                rows.delete(OWNERS, &owner);
            }
        }
        rows.delete_prefix(REFS, &prefix)?;
        rows.delete_prefix(ENTITIES, &prefix)
    }
}

fn put(entity: &[u8], part: &str, reference: &str, rows: &mut Rows<'_>) {
    let key = ref_key(entity, part);
    if let Some(owner) = owner_key(&key, reference) {
        rows.put(OWNERS, owner, Vec::new());
    }
    rows.put(REFS, key, reference.as_bytes().to_vec());
}

fn remove(entity: &[u8], part: &str, reference: &str, rows: &mut Rows<'_>) {
    let key = ref_key(entity, part);
    if let Some(owner) = owner_key(&key, reference) {
        rows.delete(OWNERS, &owner);
    }
    rows.delete(REFS, &key);
}

fn ref_key(entity: &[u8], part: &str) -> Vec<u8> {
    [entity, &Key::new().text(part).finish()].concat()
}

/// The row of `blob_owners` that belongs to a row of `blob_refs`; erased bytes are kept for nobody.
fn owner_key(ref_key: &[u8], reference: &str) -> Option<Vec<u8>> {
    let digest = digest(reference).filter(|_| !is_erased(reference))?;
    Some([Key::new().text(&digest).finish().as_slice(), ref_key].concat())
}

/// The kept members after the change.
fn folded(old: &str, form: &ChangeForm<'_>) -> Result<String, JsonError> {
    match form {
        ChangeForm::Gone => Ok("{}".to_owned()),
        ChangeForm::After(after) => kept(after, false),
        ChangeForm::Patch(patch) => kept(&json::merge_patch(old, &kept(patch, true)?)?, false),
    }
}

/// The object of the members that references stand in. `null` says nothing, except in a patch.
fn kept(object: &str, nulls: bool) -> Result<String, JsonError> {
    let mut kept = "{}".to_owned();
    for (name, raw) in json::members(object)? {
        if MEMBERS.contains(&name.as_ref()) && (nulls || raw != "null") {
            json::push_member(&mut kept, &name, raw);
        }
    }
    Ok(kept)
}

/// The references that stand in the kept members, by part.
fn references<'a>(kept: &'a str) -> BTreeMap<String, &'a str> {
    let mut found = BTreeMap::new();
    let mut note = |part: String, reference: Option<&'a str>| {
        found.extend(reference.filter(|raw| digest(raw).is_some()).map(|raw| (part, raw)));
    };
    note(String::new(), json::member(kept, "blob"));
    for list in ["versions", "attachments"] {
        let elements = json::member(kept, list).and_then(|raw| json::elements(raw).ok()).unwrap_or_default();
        for (number, element) in elements.into_iter().enumerate() {
            let whole = Some(element).filter(|raw| list == "attachments" && is_reference(raw));
            note(format!("{list}/{number}"), json::member(element, "blob").or(whole));
        }
    }
    found
}

/// Whether an attachment is a reference rather than having one.
fn is_reference(attachment: &str) -> bool {
    json::member(attachment, "sha256").is_some() && json::member(attachment, "fetch").is_some()
}

fn is_erased(reference: &str) -> bool {
    let kind = json::member(reference, "fetch").and_then(|fetch| json::member(fetch, "kind"));
    json::member(reference, "erasedAt").is_some_and(|at| at != "null") || kind.is_some_and(|kind| kind == "\"ERASED\"")
}

/// `sha256` in lower-case digits, when it is a digest.
fn digest(reference: &str) -> Option<String> {
    let text = json::text(json::member(reference, "sha256")?)?;
    let valid = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| text.to_ascii_lowercase())
}

fn hex(bytes: &[u8; 32]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
