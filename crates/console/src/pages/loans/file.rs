//! Files of a loan: downloads that hand the API's own reply on, and previews in a frame that can do nothing.
//!
//! Chromium shows no PDF in a frame with the attribute `sandbox`, whatever it allows; in a plain frame it does, also where the
//! reply itself says `sandbox` in its content security policy. So pictures have both, and PDF files the policy alone: either
//! way the file has no origin, runs no script and loads nothing.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::shell::{Opened, Shell, encoded};
use crate::api::{header, refusal};
use crate::frame::Frame;
use crate::json::Node;
use crate::pages::trouble;
use crate::policy;
use crate::reply::Answer;
use crate::texts::fill;
use crate::visit::Visit;

const PDF: &str = "application/pdf";
/// What is shown besides: pictures that are nothing but pictures.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The media type of a document's or an item's bytes, as they are sent: what their reference says, else what it says itself.
pub(crate) fn media_type(file: &Node) -> &str {
    let of_bytes = file.at("blob").at("mediaType");
    if of_bytes.is_nothing() { file.at("mediaType").raw() } else { of_bytes.raw() }
}

/// Whether files of that media type are shown.
pub(crate) fn is_shown(media_type: &str) -> bool {
    essence(media_type) == PDF || is_picture(media_type)
}

fn is_picture(media_type: &str) -> bool {
    PICTURES.contains(&essence(media_type).as_str())
}

/// A media type without its parameters.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[derive(Template)]
#[template(path = "loans/view.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    name: String,
    /// What is framed; `None` where it is not shown.
    shown: Option<String>,
    is_picture: bool,
    is_sensitive: bool,
    download: String,
    back: String,
}

/// Where a document is, below its loan in the API as in the console.
fn document(id: &str) -> String {
    format!("documents/{}", encoded(id))
}

/// Where an attachment is.
fn attachment(task: &str, item: &str) -> String {
    format!("tasks/{}/items/{}", encoded(task), encoded(item))
}

/// The bytes of a document, as the API gives them.
pub(crate) async fn download(Path((loan, id)): Path<(String, String)>, headers: HeaderMap, visit: Visit) -> Answer {
    hand_on(&visit, &loan, &document(&id), &headers, false).await
}

/// The same, to be shown in a frame.
pub(crate) async fn shown(Path((loan, id)): Path<(String, String)>, headers: HeaderMap, visit: Visit) -> Answer {
    hand_on(&visit, &loan, &document(&id), &headers, true).await
}

/// The bytes of an attachment.
pub(crate) async fn download_item(Path((loan, task, item)): Path<Item>, headers: HeaderMap, visit: Visit) -> Answer {
    hand_on(&visit, &loan, &attachment(&task, &item), &headers, false).await
}

/// The same, to be shown in a frame.
pub(crate) async fn shown_item(Path((loan, task, item)): Path<Item>, headers: HeaderMap, visit: Visit) -> Answer {
    hand_on(&visit, &loan, &attachment(&task, &item), &headers, true).await
}

/// Loan, task and item.
type Item = (String, String, String);

async fn hand_on(visit: &Visit, loan: &str, place: &str, sent: &HeaderMap, inline: bool) -> Answer {
    let session = visit.member()?;
    let query = visit.query();
    let path = format!("/api/v1/loan-requests/{}/{place}/download", encoded(loan));
    let path = super::shell::with(path, &[("version", query.get("version")), ("asOf", query.get("asOf"))]);
    let mut headers = HeaderMap::new();
    for name in [RANGE, IF_RANGE, IF_NONE_MATCH] {
        if let Some(value) = sent.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let mut response = visit.ask(session, &path, headers).await;
    if response.status().as_u16() >= 400 && response.status() != StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(trouble::refused(visit, &refusal(response).await));
    }
    policy::keep_to_itself(response.headers_mut());
    if inline && !put_inline(&mut response) {
        return Ok(trouble::gone(visit));
    }
    Ok(response)
}

/// Makes a reply one that is shown; `false` where files of its type are not.
fn put_inline(response: &mut Response) -> bool {
    let kind = header(response.headers(), CONTENT_TYPE.as_str()).to_owned();
    if response.status().is_success() && !is_shown(&kind) {
        return false;
    }
    let headers = response.headers_mut();
    let disposition = header(headers, CONTENT_DISPOSITION.as_str()).replacen("attachment", "inline", 1);
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    policy::put_file(headers, is_picture(&kind));
    true
}

/// The page around a document that is shown.
pub(crate) async fn view(Path((loan, id)): Path<(String, String)>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &loan, "documents").await?;
    let fields = ("fields", "id,name,fileName,mediaType,sensitive,blob");
    let documents = opened.node("/documents", &[fields]).await?;
    let Some(found) = documents.list().iter().find(|node| node.at("id").raw() == id) else {
        return Ok(trouble::gone(&visit));
    };
    let back = opened.page("documents", &[]);
    Ok(page(&visit, opened, &document(&id), found, found.at("sensitive").is_set(), back))
}

/// The page around an attachment that is shown.
pub(crate) async fn view_item(Path((loan, task, item)): Path<Item>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &loan, "tasks").await?;
    let tasks = opened.node("/tasks", &[("fields", "id,title,sensitive,items")]).await?;
    let of = tasks.list().iter().find(|node| node.at("id").raw() == task);
    let found = of.and_then(|task| task.at("items").list().iter().find(|node| node.at("id").raw() == item));
    let Some(found) = found else { return Ok(trouble::gone(&visit)) };
    let is_sensitive = of.is_some_and(|task| task.at("sensitive").is_set());
    let back = opened.page("tasks", &[]);
    Ok(page(&visit, opened, &attachment(&task, &item), found, is_sensitive, back))
}

fn page(visit: &Visit, mut opened: Opened<'_>, place: &str, file: &Node, is_sensitive: bool, back: String) -> Response {
    let (t, query) = (visit.texts(), visit.query());
    let version = [("version", query.get("version"))];
    let name = file.text(if file.at("name").raw().is_empty() { "fileName" } else { "name" });
    let kind = media_type(file);
    opened.below(&format!("{place}/view"));
    let page = Page {
        frame: visit.frame(fill(t.parts.preview_of, &[&name])),
        shown: is_shown(kind).then(|| opened.page(&format!("{place}/shown"), &version)),
        is_picture: is_picture(kind),
        is_sensitive,
        download: opened.page(&format!("{place}/file"), &version),
        back,
        name,
        shell: opened.shell,
    };
    let mut response = visit.page(&page);
    policy::allow_frames(response.headers_mut());
    response
}
