//! Spaces and the documents in them.

use crate::blob::Stored;
use crate::json::{Json, object};
use crate::scene::Scene;

/// The spaces that every loan begins with.
pub(crate) fn open_spaces(s: &mut Scene<'_>, _: usize) {
    for (order, (name, kind)) in [("Client documents", "CLIENT"), ("Internal", "INTERNAL")].into_iter().enumerate() {
        open_space(s, name, kind, order + 1, None);
    }
}

fn open_space(
    s: &mut Scene<'_>,
    name: &'static str,
    kind: &'static str,
    order: usize,
    parent: Option<String>,
) -> usize {
    let id = s.id("spc");
    let mut state = object! { "id" => &id, "name" => name, "kind" => kind, "order" => order };
    if let Some(parent) = parent {
        state.set("parentId", parent);
    }
    s.create("SpaceCreated", "space", id, vec![], state)
}

/// Plans what happens to spaces and documents once the application is in.
pub(crate) fn plan(s: &mut Scene<'_>) {
    s.later(1, 60, nest_space, 0);
    for _ in 0..s.loan.random.between(1, 4) {
        s.later(1, 200, upload, 0);
    }
    s.later(20, 300, write_summary, 0);
    if s.percent(40) {
        s.later(60, 400, change_space, 0);
    }
}

fn some_space(s: &mut Scene<'_>) -> Option<usize> {
    let spaces = s.loan.living("space");
    (!spaces.is_empty()).then(|| spaces[s.loan.random.index(spaces.len())])
}

fn nest_space(s: &mut Scene<'_>, _: usize) {
    let parent = some_space(s).map(|space| s.loan.entities[space].id.clone());
    let name = s.pick(&["Legal", "Valuation", "Ittri", "2026 / old"]);
    let order = 1 + s.loan.random.index(3);
    open_space(s, name, "LEGAL", order, parent);
}

fn change_space(s: &mut Scene<'_>, _: usize) {
    let Some(space) = some_space(s) else { return };
    let order = s.loan.random.below(6);
    let at = s.time.clone();
    match s.loan.random.below(4) {
        0 => s.change("SpaceRenamed", space, |state| state.set("name", "Correspondence & letters")),
        1 => s.change("SpaceMoved", space, |state| {
            state.set("order", order);
            state.remove("parentId");
        }),
        2 => s.change("SpaceArchived", space, |state| state.set("archivedAt", at)),
        _ => delete_space(s, space),
    }
    if s.percent(50) {
        s.later(20, 200, change_space, 0);
    }
}

fn delete_space(s: &mut Scene<'_>, space: usize) {
    let Some(state) = s.remove("SpaceDeleted", space) else { return };
    if s.percent(30) {
        s.put("SpaceCreated", space, state);
    }
}

fn upload(s: &mut Scene<'_>, _: usize) {
    let category = s.pick(&["IDENTITY", "INCOME", "PROPERTY", "LEGAL", "OTHER"]);
    let document = add(s, "DocumentUploaded", "Upload", category, "UPLOAD");
    s.later(1, 100, handle, document);
}

fn write_summary(s: &mut Scene<'_>, _: usize) {
    generate(s, "Application summary", "SUMMARY");
}

/// The platform makes a document of its own.
pub(crate) fn generate(s: &mut Scene<'_>, name: &'static str, category: &'static str) -> usize {
    let document = add(s, "DocumentGenerated", name, category, "GENERATED");
    s.later(1, 200, handle, document);
    document
}

fn add(s: &mut Scene<'_>, event: &str, name: &'static str, category: &'static str, origin: &'static str) -> usize {
    let id = s.id("doc");
    let file = s.file(name);
    let by = s.staff("bankLoanAgent");
    let sensitive = s.percent(15);
    let mut state = object! {
        "id" => &id, "name" => format!("{name} {}", s.loan.random.below(100)), "category" => category, "status" => "ACTIVE",
        "fileName" => &file.file_name, "mediaType" => file.media_type, "sizeBytes" => file.size, "sha256" => &file.sha256,
        "uploadedAt" => &s.time, "source" => origin, "sensitive" => sensitive, "uploadedBy" => by, "signatures" => vec![],
        "versions" => vec![version(1, &file, &s.time)], "blob" => file.reference,
    };
    let mut parent = vec![];
    if let Some(space) = some_space(s).filter(|_| s.percent(85)) {
        let space = s.loan.entities[space].id.clone();
        state.set("spaceId", &space);
        parent.push(("spaceId", space));
    }
    s.create(event, "document", id, parent, state)
}

/// A row of `versions`; with the bytes' reference where a server has them.
fn version(number: usize, file: &Stored, at: &str) -> Json {
    let mut version = object! { "number" => number, "sha256" => &file.sha256, "at" => at.to_owned() };
    if file.in_versions {
        version.set("blob", file.reference.clone());
    }
    version
}

fn handle(s: &mut Scene<'_>, document: usize) {
    match s.loan.random.below(100) {
        0..=19 => review(s, document),
        20..=34 => add_version(s, document),
        35..=46 => sign(s, document),
        47..=61 => s.change("DocumentMetadataChanged", document, |state| {
            state.set("name", "Renamed: \"final\" – v2");
            state.set("category", "OTHER");
        }),
        62..=76 => move_document(s, document),
        77..=86 => delete(s, document),
        87..=91 => erase(s, document),
        _ => return,
    }
    s.later(5, 200, handle, document);
}

fn review(s: &mut Scene<'_>, document: usize) {
    let by = s.staff("bankLegal");
    let status = s.pick(&["APPROVED", "REJECTED"]);
    s.change("DocumentReviewed", document, |state| {
        state.set("status", status);
        state.set("reviewedBy", by);
    });
}

fn add_version(s: &mut Scene<'_>, document: usize) {
    let file = s.file("new version");
    let at = s.time.clone();
    s.change("DocumentVersionAdded", document, |state| {
        let number = state.list("versions").len() + 1;
        state.list("versions").push(version(number, &file, &at));
        if state.text("mediaType") != file.media_type {
            state.set("mediaType", file.media_type);
        }
        state.set("fileName", file.file_name);
        state.set("sizeBytes", file.size);
        state.set("sha256", file.sha256);
        state.set("uploadedAt", at);
        state.set("blob", file.reference);
    });
}

/// Somebody signs the document.
pub(crate) fn sign(s: &mut Scene<'_>, document: usize) {
    let (given, family) = s.person();
    let at = s.time.clone();
    s.change("DocumentSigned", document, |state| {
        state
            .list("signatures")
            .push(object! { "by" => format!("{given} {family}"), "at" => at, "method" => "QUALIFIED" });
        state.set("status", "SIGNED");
    });
}

fn move_document(s: &mut Scene<'_>, document: usize) {
    let to = some_space(s).filter(|_| s.percent(85)).map(|space| s.loan.entities[space].id.clone());
    if let Some(space) = &to {
        s.loan.entities[document].parent = vec![("spaceId", space.clone())];
        s.loan.entities[document].tell_parent = true;
    }
    s.change("DocumentMovedToSpace", document, |state| match to {
        Some(space) => state.set("spaceId", space),
        None => state.remove("spaceId"),
    });
}

fn delete(s: &mut Scene<'_>, document: usize) {
    let Some(state) = s.remove("DocumentDeleted", document) else { return };
    if s.percent(30) {
        s.put("DocumentUploaded", document, state);
    }
}

fn erase(s: &mut Scene<'_>, document: usize) {
    let at = s.time.clone();
    s.change("DocumentContentErased", document, |state| {
        state.set("status", "ERASED");
        state.set("contentErasedAt", at);
        state.set("blob", Json::Null);
    });
}
