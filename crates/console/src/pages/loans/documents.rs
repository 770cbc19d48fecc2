//! `/console/loans/{id}/documents`: the documents of a loan, with what is known of their files.

use askama::Template;
use axum::extract::Path;

use super::listed::{Filter, Way, list};
use super::shell::{Opened, Shell, encoded};
use super::words::{self, spoken};
use crate::frame::Frame;
use crate::json::Node;
use crate::pages::loans::file::{is_shown, media_type};
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

const TAB: &str = "documents";
/// How many stand on a page.
const MANY: &str = "50";

#[derive(Template)]
#[template(path = "loans/documents.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    spaces: Vec<Space>,
    documents: Vec<Document>,
    way: Way,
}

/// A folder, as a way to what lies in it.
struct Space {
    name: String,
    path: String,
    is_here: bool,
}

struct Document {
    id: String,
    name: String,
    file_name: String,
    category: String,
    status: String,
    space: String,
    size: String,
    sha256: String,
    uploaded: Option<When>,
    by: String,
    erased: Option<When>,
    is_sensitive: bool,
    state: &'static str,
    state_text: &'static str,
    is_here: bool,
    signatures: Vec<(String, Option<When>, String)>,
    versions: Vec<Version>,
    download: Option<String>,
    preview: Option<String>,
    comments: String,
}

struct Version {
    number: String,
    /// What a screen reader says of its link.
    label: String,
    at: Option<When>,
    sha256: String,
    download: Option<String>,
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let spaces = opened.node("/spaces/", &[]).await?;
    let name = |space: &Node| (space.at("id").raw().to_owned(), space.text("name"));
    let names: Vec<(String, String)> = spaces.list().iter().map(name).collect();
    let listed = list(&mut opened, (&visit, TAB, "/documents"), filters(&visit, &names), MANY).await?;
    let documents = listed.entries.iter().map(|node| document(&opened, t, node, &names)).collect();
    let here = visit.query().get("spaceId").to_owned();
    let all = (String::new(), t.parts.all_spaces.to_owned());
    let space =
        |(id, name): (String, String)| Space { path: opened.page(TAB, &[("spaceId", &id)]), is_here: here == id, name };
    let spaces = if names.is_empty() { Vec::new() } else { std::iter::once(all).chain(names).map(space).collect() };
    let frame = visit.frame(format!("{} · {}", t.parts.documents, opened.shell.reference));
    Ok(visit.page(&Page { frame, spaces, documents, way: listed.way, shell: opened.shell }))
}

fn filters(visit: &Visit, spaces: &[(String, String)]) -> Vec<Filter> {
    let p = visit.texts().parts;
    let mut filters = vec![
        Filter::new(visit, "name", p.name),
        Filter::new(visit, "category", p.category),
        Filter::new(visit, "status", p.status),
    ];
    if !spaces.is_empty() {
        filters.push(Filter::new(visit, "spaceId", p.spaces).of(spaces.iter().cloned()));
    }
    filters
}

fn document(opened: &Opened<'_>, t: &Texts, node: &Node, spaces: &[(String, String)]) -> Document {
    let (id, blob) = (node.at("id").raw(), node.at("blob"));
    let (state, place) = (blob.at("state").raw(), format!("{TAB}/{}", encoded(id)));
    let is_here = state == "AVAILABLE";
    let file = |page: &str, version: &str| opened.page(&format!("{place}/{page}"), &[("version", version)]);
    let space = spaces.iter().find(|(known, _)| known == node.at("spaceId").raw());
    let version = |entry: &Node| {
        let number = entry.at(if entry.at("number").is_nothing() { "version" } else { "number" });
        let digits = !number.raw().is_empty() && number.raw().bytes().all(|byte| byte.is_ascii_digit());
        Version {
            number: crate::json::plain(number.raw()),
            label: fill(t.parts.download_version, &[&crate::json::plain(number.raw())]),
            at: words::when(t, entry.at("at")),
            sha256: entry.text("sha256"),
            download: digits.then(|| file("file", number.raw())),
        }
    };
    Document {
        id: id.to_owned(),
        name: node.text("name"),
        file_name: node.text("fileName"),
        category: spoken(node.at("category").raw()),
        status: spoken(node.at("status").raw()),
        space: space.map(|(_, name)| name.clone()).unwrap_or_default(),
        size: words::size(node.at("sizeBytes").raw()),
        sha256: node.text("sha256"),
        uploaded: words::when(t, node.at("uploadedAt")),
        by: words::who(node.at("uploadedBy")),
        erased: words::when(t, node.at("contentErasedAt")),
        is_sensitive: node.at("sensitive").is_set(),
        state: t.parts.state_name(state),
        state_text: t.parts.state(state),
        is_here,
        signatures: node.at("signatures").list().iter().map(|s| signature(t, s)).collect(),
        versions: node.at("versions").list().iter().map(version).collect(),
        download: is_here.then(|| file("file", "")),
        preview: (is_here && is_shown(media_type(node))).then(|| file("view", "")),
        comments: opened.page("comments", &[("targetId", id)]),
    }
}

fn signature(t: &Texts, node: &Node) -> (String, Option<When>, String) {
    (node.text("by"), words::when(t, node.at("at")), spoken(node.at("method").raw()))
}
