//! Reads a loan for a dossier, part by part: through the API, for the person who makes it, at one point of the log.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use continuity_auth::Session;
use http::HeaderMap;

use super::Sensitive;
use super::index::{self, File, Talk};
use super::names::numbered;
use super::pack::{Broken, Pack};
use crate::api::{Raw, Refused, header, refusal, whole};
use crate::json::Node;
use crate::pages::loans::guilds::messages;
use crate::pages::loans::shell::{encoded, with};
use crate::stamp::Stamp;
use crate::texts::fill;
use crate::visit::Visit;

/// Messages of a channel that the summary has: the last ones. All stand among the data.
pub(super) const MESSAGES: usize = 500;

/// How often an API that is too busy is asked in all, and after how long each time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// What passes, by the last part of the type of the problem.
const PASSING: [&str; 4] = ["overloaded", "rate-limited", "rebuilding", "starting"];

/// Bytes that are not here, by the last part of the type of the problem.
const MISSING: [&str; 4] = ["blob-not-synced", "blob-erased", "blob-damaged", "blob-too-large"];
const NO_RIGHT: &str = "insufficient-scope";

/// What is read, for whom, and what came of it.
pub(super) struct Maker {
    pub(super) visit: Visit,
    pub(super) session: Session,
    pub(super) id: String,
    /// The point of all of it.
    pub(super) as_of: Option<String>,
    pub(super) with_sensitive: bool,
    /// What is sensitive, then or now, as far as it was known at the beginning.
    pub(super) sensitive: Sensitive,
    pub(super) pack: Pack,
    pub(super) stamp: Stamp,
    pub(super) summary: Summary,
}

/// What the summary tells.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) loan: Node,
    pub(super) bids: Node,
    pub(super) tasks: Node,
    /// What sensitive tasks say, by id.
    pub(super) forms: Vec<(String, Node)>,
    pub(super) analyses: Node,
    pub(super) comments: Node,
    pub(super) talks: Vec<Talk>,
    pub(super) files: Vec<File>,
    pub(super) left_out: Vec<String>,
    /// Whether earlier versions of documents are named; `None` where documents may not be read.
    pub(super) versions: Option<bool>,
}

impl Maker {
    /// Makes all of it.
    pub(super) async fn make(mut self) -> Result<(), Broken> {
        let d = self.visit.texts().parts.of_dossier;
        self.summary.loan = self.part("", "data/loan-request.json", "", &[]).await?;
        self.summary.bids = self.part(d.part_bids, "data/bid-requests.json", "/bid-requests", &[]).await?;
        self.tasks().await?;
        self.summary.analyses = self.part(d.part_analysis, "data/analysis.json", "/analysis", &[]).await?;
        self.talks().await?;
        self.summary.comments = self.part(d.part_comments, "data/comments.json", "/comments", &[]).await?;
        self.part(d.part_views, "data/views.json", "/views/", &[]).await?;
        self.worksheets().await?;
        self.part(d.part_audit, "audit.json", "/audit-log", &[]).await?;
        self.documents().await?;
        let (index, readme) = index::written(&self)?;
        self.pack.add("index.html", index).await?;
        self.pack.add("README.txt", readme).await?;
        self.pack.end().await
    }

    fn path(&self, end: &str, query: &[(&str, &str)]) -> String {
        let path = format!("/api/v1/loan-requests/{}{end}", encoded(&self.id));
        let point = [("asOf", self.as_of.as_deref().unwrap_or_default())];
        with(with(path, &point), query)
    }

    /// Whoever makes it has to be signed in until its end, with what the account may read now.
    fn still_in(&mut self) -> Result<(), Broken> {
        let now = self.visit.session_now().filter(|now| now.duties.is_empty());
        self.session = now.filter(|now| now.account.id == self.session.account.id).ok_or(Broken::SignedOut)?;
        Ok(())
    }

    /// What the API answers there, or why it does not. Where it is too busy, or read models are folded again, it is asked a
    /// few times more: a dossier that breaks off has to be made from its beginning.
    async fn ask(&mut self, end: &str, query: &[(&str, &str)]) -> Result<Result<Response, Refused>, Broken> {
        let path = self.path(end, query);
        let mut tries = 1;
        loop {
            self.still_in()?;
            let response = self.visit.ask(&self.session, &path, HeaderMap::new()).await;
            if response.status().is_success() {
                return Ok(Ok(response));
            }
            let refused = refusal(response).await;
            if tries == TRIES || !PASSING.iter().any(|kind| refused.kind.ends_with(kind)) {
                return Ok(Err(refused));
            }
            tries += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What the API answers there; `None`, and noted, where the person may not read it.
    async fn read(&mut self, words: &str, end: &str, query: &[(&str, &str)]) -> Result<Option<Raw>, Broken> {
        let answer = match self.ask(end, query).await? {
            Ok(response) => whole(response).await,
            Err(refused) => Err(refused),
        };
        match answer {
            Ok(raw) => {
                self.stamp.also(self.visit.texts(), &raw.headers);
                Ok(Some(raw))
            }
            Err(refused) if refused.kind.ends_with(NO_RIGHT) => {
                self.leave_out(self.visit.texts().parts.of_dossier.no_right, words);
                Ok(None)
            }
            Err(refused) => Err(failed(&refused)),
        }
    }

    fn leave_out(&mut self, why: &str, what: &str) {
        let text = fill(why, &[what]);
        if !self.summary.left_out.contains(&text) {
            self.summary.left_out.push(text);
        }
    }

    /// Puts an answer of the API in, to the byte, and takes it apart.
    async fn part(&mut self, words: &str, file: &str, end: &str, query: &[(&str, &str)]) -> Result<Node, Broken> {
        let Some(raw) = self.read(words, end, query).await? else { return Ok(Node::Nothing) };
        let node = if file == "audit.json" { None } else { Node::parse(&raw.bytes) };
        self.pack.add(file, raw.bytes).await?;
        Ok(node.unwrap_or_default())
    }

    async fn tasks(&mut self) -> Result<(), Broken> {
        let d = self.visit.texts().parts.of_dossier;
        let tasks = self.part(d.part_tasks, "data/tasks.json", "/tasks", &[]).await?;
        self.sensitive.note_tasks(tasks.list());
        for (number, task) in tasks.list().iter().enumerate() {
            let id = task.at("id").raw().to_owned();
            let is_sensitive = self.sensitive.tasks.contains(&id);
            if is_sensitive && !self.with_sensitive {
                self.leave_out(d.not_asked, &task.text("title"));
                continue;
            }
            if is_sensitive {
                let file = numbered("data/tasks", number + 1, &id) + ".json";
                let end = format!("/tasks/{}", encoded(&id));
                let whole = self.part(d.part_forms, &file, &end, &[]).await?;
                self.summary.forms.push((id.clone(), whole));
            }
            for item in task.at("items").list() {
                if self.sensitive.has_item(&id, item.at("id").raw()) && !self.with_sensitive {
                    self.leave_out(d.not_asked, &File::new(item).name);
                    continue;
                }
                let end = format!("/tasks/{}/items/{}/download", encoded(&id), encoded(item.at("id").raw()));
                self.file("attachments", d.part_forms, item, &end).await?;
            }
        }
        self.summary.tasks = tasks;
        Ok(())
    }

    async fn documents(&mut self) -> Result<(), Broken> {
        let d = self.visit.texts().parts.of_dossier;
        self.part(d.part_documents, "data/spaces.json", "/spaces/", &[]).await?;
        // Bytes may travel inside references: of sensitive documents only to whoever asked for those.
        let fields = "id,name,category,status,fileName,mediaType,sizeBytes,sha256,uploadedAt,version,spaceId,source,\
                      sensitive,uploadedBy,reviewedBy,signatures,contentErasedAt";
        let fields = if self.with_sensitive { "" } else { fields };
        let query = [("fields", fields)];
        let documents = self.part(d.part_documents, "data/documents.json", "/documents", &query).await?;
        self.summary.versions = (!documents.is_nothing()).then_some(self.with_sensitive);
        self.sensitive.note_documents(documents.list());
        for document in documents.list() {
            if self.sensitive.documents.contains(document.at("id").raw()) && !self.with_sensitive {
                self.leave_out(d.not_asked, &document.text("name"));
                continue;
            }
            let end = format!("/documents/{}/download", encoded(document.at("id").raw()));
            self.file("documents", d.part_documents, document, &end).await?;
        }
        Ok(())
    }

    /// Puts the bytes of a file in, or notes why they are missing.
    async fn file(&mut self, folder: &str, words: &str, described: &Node, end: &str) -> Result<(), Broken> {
        let mut file = File::new(described);
        let response = match self.ask(end, &[]).await? {
            Ok(response) => response,
            Err(refused) if refused.kind.ends_with(NO_RIGHT) => {
                self.leave_out(self.visit.texts().parts.of_dossier.no_right, words);
                return Ok(());
            }
            Err(refused) if MISSING.iter().any(|kind| refused.kind.ends_with(kind)) => {
                file.why = refused.title;
                self.stamp.is_complete = false;
                self.summary.files.push(file);
                return Ok(());
            }
            Err(refused) => return Err(failed(&refused)),
        };
        let tag = header(response.headers(), "etag").trim_matches('"').to_owned();
        let name = Some(described.at("fileName").raw()).filter(|name| !name.is_empty());
        let name = name.unwrap_or(described.at("name").raw());
        let path = numbered(folder, self.summary.files.len() + 1, name);
        let (_, hash) = self.pack.add(&path, Body::new(response.into_body())).await?;
        if hash != tag {
            return Err(Broken::Failed(format!("the bytes of {path} are not those of their tag")));
        }
        (file.path, file.sha256) = (path, hash);
        self.summary.files.push(file);
        Ok(())
    }

    async fn talks(&mut self) -> Result<(), Broken> {
        let d = self.visit.texts().parts.of_dossier;
        if !self.session.account.settings.channel_kinds.is_empty() {
            self.leave_out(d.no_right, d.other_channels);
        }
        let guilds = self.part(d.part_messages, "data/guilds.json", "/guilds", &[]).await?;
        let of_guild = |guild: &Node| {
            let channels = guild.at("channels").list().to_vec();
            channels.into_iter().map(move |channel| (guild.clone(), channel)).collect::<Vec<_>>()
        };
        let channels: Vec<(Node, Node)> = guilds.list().iter().flat_map(of_guild).collect();
        for (number, (guild, channel)) in channels.iter().enumerate() {
            let ids = [guild, channel].map(|node| encoded(node.at("id").raw()));
            let end = format!("/guilds/{}/channels/{}", ids[0], ids[1]);
            let name = format!("{} · {}", guild.text("name"), channel.text("name"));
            self.talk(number + 1, name, &end).await?;
        }
        Ok(())
    }

    /// One channel, page by page.
    async fn talk(&mut self, number: usize, name: String, end: &str) -> Result<(), Broken> {
        let (t, words) = (self.visit.texts(), self.visit.texts().parts.of_dossier.part_messages);
        let (mut cursor, mut page, mut last) = (String::new(), 1_u32, VecDeque::new());
        let mut all = 0;
        loop {
            let file = format!("data/messages/{number:04}-{page:04}.json");
            let node = self.part(words, &file, end, &[("limit", "500"), ("cursor", &cursor)]).await?;
            let nodes = node.at("messages").list();
            all += nodes.len();
            last.extend(nodes.iter().cloned());
            drop(last.drain(..last.len().saturating_sub(MESSAGES)));
            let next = node.at("nextCursor").raw();
            if next.is_empty() || next == cursor {
                break;
            }
            (cursor, page) = (next.to_owned(), page + 1);
        }
        let nodes: Vec<Node> = last.into();
        self.summary.talks.push(Talk { name, messages: messages(t, &nodes), is_cut: all > nodes.len() });
        Ok(())
    }

    async fn worksheets(&mut self) -> Result<(), Broken> {
        let words = self.visit.texts().parts.of_dossier.part_worksheets;
        let worksheets = self.part(words, "data/worksheets.json", "/worksheets", &[]).await?;
        for (number, worksheet) in worksheets.list().iter().enumerate() {
            let id = worksheet.at("id").raw();
            let file = numbered("data/worksheets", number + 1, id) + ".json";
            if let Some(raw) = self.read(words, &format!("/worksheets/{}", encoded(id)), &[]).await? {
                self.pack.add(&file, raw.bytes).await?;
            }
        }
        Ok(())
    }
}

fn failed(refused: &Refused) -> Broken {
    Broken::Failed(format!("{}: {} {}", refused.status, refused.title, refused.detail))
}
