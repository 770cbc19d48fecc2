//! `/console/loans/{id}/dossier`: one file with everything of a loan, for a branch without network.

mod index;
mod make;
mod names;
mod pack;

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::{Scope, Session};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::shell::{Opened, Shell};
use super::words;
use crate::frame::Frame;
use crate::json::Node;
use crate::policy;
use crate::reply::{Answer, Away};
use crate::texts::fill;
use crate::visit::{Posted, Visit};

use make::{Maker, Summary};
use pack::Broken;

const TAB: &str = "dossier";
/// What a dossier holds, at most, before it is compressed: what every archiver and file system takes.
const MOST: u64 = 2 << 30;

#[derive(Template)]
#[template(path = "loans/dossier.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    plan: Plan,
    action: String,
    too_large: Option<String>,
}

/// What there is to take.
struct Plan {
    documents: Option<String>,
    attachments: Option<String>,
    sensitive: usize,
    /// What of it is sensitive, then or now: what was open at an earlier point may not be today.
    which: Sensitive,
    bytes: u64,
    left_out: Vec<&'static str>,
}

/// Parts by their names and the scopes of which one is wanted.
type Part = (&'static [Scope], fn(&crate::texts::OfDossier) -> &'static str);

const PARTS: &[Part] = &[
    (&[Scope::BidsRead, Scope::LoansRead], |d| d.part_bids),
    (&[Scope::TasksRead], |d| d.part_forms),
    (&[Scope::AnalysisRead], |d| d.part_analysis),
    (&[Scope::DocumentsRead], |d| d.part_documents),
    (&[Scope::MessagesRead], |d| d.part_messages),
    (&[Scope::MessagesRead], |d| d.part_comments),
    (&[Scope::ReportsRead], |d| d.part_views),
    (&[Scope::AnalysisRead, Scope::ReportsRead], |d| d.part_worksheets),
    (&[Scope::AuditRead], |d| d.part_audit),
];

fn may(session: &Session, scopes: &[Scope]) -> bool {
    scopes.iter().any(|scope| session.account.settings.scopes.contains(*scope))
}

/// What is sensitive: known by the ids of documents, and of tasks with those of their items.
#[derive(Default)]
struct Sensitive {
    documents: BTreeSet<String>,
    tasks: BTreeSet<String>,
    items: BTreeSet<(String, String)>,
}

impl Sensitive {
    fn note_documents(&mut self, list: &[Node]) {
        let sensitive = list.iter().filter(|node| node.at("sensitive").is_set());
        self.documents.extend(sensitive.map(|node| node.at("id").raw().to_owned()));
    }

    fn note_tasks(&mut self, list: &[Node]) {
        for task in list {
            let id = task.at("id").raw();
            if task.at("sensitive").is_set() {
                self.tasks.insert(id.to_owned());
            }
            let items = task.at("items").list().iter().filter(|item| item.at("sensitive").is_set());
            self.items.extend(items.map(|item| (id.to_owned(), item.at("id").raw().to_owned())));
        }
    }

    /// Whether the task is, or something that was handed in for it.
    fn is_in(&self, task: &Node) -> bool {
        let id = task.at("id").raw();
        let items = task.at("items").list();
        self.tasks.contains(id) || items.iter().any(|item| self.has_item(id, item.at("id").raw()))
    }

    fn has_item(&self, task: &str, item: &str) -> bool {
        self.tasks.contains(task) || self.items.contains(&(task.to_owned(), item.to_owned()))
    }
}

async fn plan(opened: &mut Opened<'_>, visit: &Visit) -> Result<Plan, Away> {
    let session = visit.member()?;
    let d = visit.texts().parts.of_dossier;
    let left_out = PARTS.iter().filter(|(scopes, _)| !may(session, scopes)).map(|(_, name)| name(d)).collect();
    let mut plan =
        Plan { documents: None, attachments: None, sensitive: 0, which: Sensitive::default(), bytes: 0, left_out };
    if may(session, &[Scope::DocumentsRead]) {
        let documents = opened.node("/documents", &[("fields", "id,sizeBytes,sensitive")]).await?;
        plan.documents = Some(plan.count(d, documents.list()));
        plan.which.note_documents(documents.list());
        plan.which.note_documents(opened.now("/documents", "id,sensitive").await?.list());
        let known = |node: &&Node| plan.which.documents.contains(node.at("id").raw());
        plan.sensitive += documents.list().iter().filter(known).count();
    }
    if may(session, &[Scope::TasksRead]) {
        let tasks = opened.node("/tasks", &[("fields", "id,sensitive,items")]).await?;
        let items: Vec<Node> = tasks.list().iter().flat_map(|task| task.at("items").list()).cloned().collect();
        plan.attachments = Some(plan.count(d, &items));
        plan.which.note_tasks(tasks.list());
        plan.which.note_tasks(opened.now("/tasks", "id,sensitive,items").await?.list());
        plan.sensitive += tasks.list().iter().filter(|task| plan.which.is_in(task)).count();
    }
    Ok(plan)
}

impl Plan {
    fn count(&mut self, d: &crate::texts::OfDossier, files: &[Node]) -> String {
        let sizes = files.iter().filter_map(|file| file.at("sizeBytes").raw().parse::<u64>().ok());
        let bytes = sizes.fold(0, u64::saturating_add);
        self.bytes = self.bytes.saturating_add(bytes);
        fill(d.and_size, &[&files.len().to_string(), &words::size(&bytes.to_string())])
    }
}

fn offer(visit: &Visit, opened: Opened<'_>, plan: Plan) -> Response {
    let d = visit.texts().parts.of_dossier;
    let sizes = [plan.bytes, MOST].map(|bytes| words::size(&bytes.to_string()));
    let too_large = (plan.bytes > MOST).then(|| fill(d.too_large, &[&sizes[0], &sizes[1]]));
    let status = if too_large.is_some() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::OK };
    let page = Page {
        frame: visit.frame(format!("{} · {}", d.title, opened.shell.reference)),
        action: opened.page(TAB, &[]),
        plan,
        too_large,
        shell: opened.shell,
    };
    visit.page_of(status, &page, None)
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let plan = plan(&mut opened, &visit).await?;
    Ok(offer(&visit, opened, plan))
}

/// Makes one and sends it while it is made.
pub(crate) async fn take(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let plan = plan(&mut opened, &visit).await?;
    if plan.bytes > MOST {
        return Ok(offer(&visit, opened, plan));
    }
    let (stamp, point) = (opened.shell.stamp.clone(), opened.as_of().map(str::to_owned));
    // All parts at the position of the first answer: what comes in meanwhile would make them contradict each other.
    let as_of = point.or(Some(stamp.position.clone())).filter(|point| !point.is_empty());
    let name = format!("dossier-{}-{}.zip", ascii(&opened.shell.reference), ascii(&stamp.position));
    let session = visit.member()?.clone();
    let (pack, receiver) = pack::begin(MOST, visit.console.auth.now());
    let with_sensitive = fields.get("sensitive") == "yes";
    let maker = Maker {
        session,
        id,
        as_of,
        with_sensitive,
        sensitive: plan.which,
        pack,
        stamp,
        summary: Summary::default(),
        visit,
    };
    let body = pack::body(receiver, async move {
        match maker.make().await {
            Ok(()) | Err(Broken::Gone) => {}
            Err(Broken::Failed(why)) => tracing::warn!(why, "a dossier broke off"),
            Err(error @ (Broken::TooLarge | Broken::SignedOut)) => tracing::warn!(?error, "a dossier broke off"),
        }
    });
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    policy::put(headers, None);
    policy::keep_to_itself(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// What of a text can stand in every name of a file.
fn ascii(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect()
}
