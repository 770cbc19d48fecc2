//! The summary and the note that stand in a dossier.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::make::{MESSAGES, Maker};
use super::pack::Broken;
use crate::json::Node;
use crate::pages::loans::analysis::{Analysis, analysis};
use crate::pages::loans::comments::{Comment, comment};
use crate::pages::loans::guilds::Message;
use crate::pages::loans::shell::encoded;
use crate::pages::loans::words::{self, Line, lines, spoken};
use crate::texts::{Texts, fill};
use crate::when::When;

/// Part of every summary, so that it looks the same without network.
const STYLE: &str = include_str!("../../../../assets/dossier.css");
/// Entries of a list that the summary has, and lines of one entry.
const ENTRIES: usize = 1_000;
const LINES: usize = 400;

/// A file of the loan, and where it is in the dossier.
pub(super) struct File {
    pub(super) name: String,
    original: String,
    status: String,
    size: String,
    pub(super) sha256: String,
    /// Empty where it is missing.
    pub(super) path: String,
    /// Why it is missing.
    pub(super) why: String,
}

impl File {
    /// A document or an item of a task, as the API describes it.
    pub(super) fn new(node: &Node) -> Self {
        let name = node.text(if node.at("name").raw().is_empty() { "fileName" } else { "name" });
        Self {
            name,
            original: node.text("fileName"),
            status: spoken(node.at("status").raw()),
            size: words::size(node.at("sizeBytes").raw()),
            sha256: node.text("sha256"),
            path: String::new(),
            why: String::new(),
        }
    }

    /// The address of the file, seen from the summary.
    fn address(&self) -> String {
        self.path.split('/').map(encoded).collect::<Vec<_>>().join("/")
    }
}

/// What was said in a channel.
pub(super) struct Talk {
    pub(super) name: String,
    pub(super) messages: Vec<Message>,
    /// Whether there are more than these.
    pub(super) is_cut: bool,
}

#[derive(Template)]
#[template(path = "loans/dossier_index.html")]
struct Index<'a> {
    t: &'static Texts,
    style: &'static str,
    /// The hash by which the style is let in, and nothing else.
    style_hash: String,
    title: String,
    notes: Vec<String>,
    is_complete: bool,
    left_out: &'a [String],
    loan: Vec<Line>,
    checklist: Vec<Check>,
    bids: Vec<(String, Vec<Line>)>,
    tasks: Vec<Task>,
    talks: &'a [Talk],
    only_last: String,
    comments: Vec<Comment>,
    analyses: Vec<Analysis>,
    only_first: Option<String>,
    files: &'a [File],
    missing: Vec<&'a File>,
}

struct Check {
    label: String,
    stage: String,
    is_required: bool,
    done: Option<When>,
}

struct Task {
    title: String,
    status: String,
    due: Option<When>,
    form: Vec<Line>,
}

/// `index.html` and `README.txt`.
pub(super) fn written(maker: &Maker) -> Result<(String, String), Broken> {
    let (t, summary) = (maker.visit.texts(), &maker.summary);
    let notes = notes(maker);
    let title = fill(t.parts.of_dossier.of_loan, &[&reference(maker)]);
    let cut = [&summary.bids, &summary.tasks, &summary.comments, &summary.analyses];
    let cut = cut.iter().any(|list| list.list().len() > ENTRIES);
    let index = Index {
        t,
        style: STYLE,
        style_hash: STANDARD.encode(Sha256::digest(STYLE.as_bytes())),
        notes: notes.clone(),
        is_complete: maker.stamp.is_complete,
        left_out: &summary.left_out,
        loan: loan(&summary.loan),
        checklist: summary.loan.at("checklist").list().iter().map(|node| check(t, node)).collect(),
        bids: summary.bids.list().iter().take(ENTRIES).map(bid).collect(),
        tasks: summary.tasks.list().iter().take(ENTRIES).map(|node| task(maker, node)).collect(),
        talks: &summary.talks,
        only_last: fill(t.parts.of_dossier.only_last, &[&MESSAGES.to_string()]),
        comments: summary.comments.list().iter().take(ENTRIES).map(|node| comment(t, node)).collect(),
        analyses: summary.analyses.list().iter().take(ENTRIES).map(|node| analysis(t, node)).collect(),
        only_first: cut.then(|| fill(t.parts.of_dossier.only_first, &[&ENTRIES.to_string()])),
        files: &summary.files,
        missing: summary.files.iter().filter(|file| file.path.is_empty()).collect(),
        title: title.clone(),
    };
    let html = index.render().map_err(|error| Broken::Failed(error.to_string()))?;
    Ok((html, readme(&index, &notes, summary.versions)))
}

/// What people call the loan.
pub(super) fn reference(maker: &Maker) -> String {
    let reference = maker.summary.loan.text("reference");
    if reference.is_empty() { maker.id.clone() } else { reference }
}

/// Who made it, as of when it is, and whether it is complete.
fn notes(maker: &Maker) -> Vec<String> {
    let (t, stamp) = (maker.visit.texts(), &maker.stamp);
    let d = t.parts.of_dossier;
    let settings = &maker.session.account.settings;
    let who = format!("{} ({})", crate::json::plain(&settings.name), crate::json::plain(&settings.email));
    let made = When::new(t, maker.visit.console.auth.now());
    let as_of = stamp.as_of.as_ref().map_or(d.nothing_yet, |at| at.shown.as_str());
    let mut notes =
        vec![fill(d.made_by, &[&who, &made.shown]), fill(d.as_of, &[as_of, &stamp.position]), stamp.sentence.clone()];
    if let Some(point) = stamp.earlier.as_ref() {
        notes.push(fill(d.earlier, &[point]));
    }
    notes.push(if stamp.is_complete { d.complete } else { d.incomplete }.to_owned());
    notes
}

fn readme(index: &Index<'_>, notes: &[String], versions: Option<bool>) -> String {
    let d = index.t.parts.of_dossier;
    let mut text = format!("{}\n\n{}\n", index.title, notes.join("\n"));
    let missing: Vec<String> = index.missing.iter().map(|file| format!("{}: {}", file.name, file.why)).collect();
    for (title, lines) in [(d.missing_files, missing.as_slice()), (d.not_in_it, index.left_out)] {
        text.extend(["\n", title, "\n"]);
        let lines = lines.iter().map(|line| format!("- {}\n", line.replace('\n', " ")));
        let lines: String = lines.collect();
        text.push_str(if lines.is_empty() { d.nothing_missing } else { lines.trim_end() });
        text.push('\n');
    }
    text.extend(["\n", d.contents_title, "\n", d.contents, "\n"]);
    if let Some(are_named) = versions {
        text.extend([if are_named { d.versions_named } else { d.versions_unnamed }, "\n"]);
    }
    text.extend(["\n", d.check_title, "\n", d.how_to_check, "\n\n", d.care, "\n"]);
    text
}

fn loan(node: &Node) -> Vec<Line> {
    let others = node.members().iter().filter(|(name, _)| name != "checklist").cloned();
    lines("", &Node::Members(others.collect()), LINES)
}

fn check(t: &Texts, node: &Node) -> Check {
    Check {
        label: node.text(if node.at("label").raw().is_empty() { "key" } else { "label" }),
        stage: spoken(node.at("stage").raw()),
        is_required: node.at("required").is_set(),
        done: words::when(t, node.at("completedAt")),
    }
}

fn bid(node: &Node) -> (String, Vec<Line>) {
    (spoken(node.at("status").raw()), lines("", node, LINES))
}

fn task(maker: &Maker, node: &Node) -> Task {
    let own = maker.summary.forms.iter().find(|(id, _)| id == node.at("id").raw());
    let form = own.map_or(node, |(_, whole)| whole).at("formData");
    Task {
        title: node.text("title"),
        status: spoken(node.at("status").raw()),
        due: words::when(maker.visit.texts(), node.at("dueAt")),
        form: if form.is_nothing() { Vec::new() } else { lines("", form, LINES) },
    }
}
