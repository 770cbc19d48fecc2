//! Replies page by page, as tables or as they are.

use anyhow::{Context, Result};
use continuity_events::json;
use reqwest::header::HeaderMap;

use super::columns::{self, Spec};
use super::freshness::Freshness;
use super::grid::{Column, Grid};
use super::options::Show;
use super::session::Session;
use super::shape::{Asked, Shape};
use super::{cell, record, terminal};
use crate::output;

/// How replies are shown.
pub(super) struct Printer {
    table: bool,
    fields: Vec<String>,
    params: Vec<(String, String)>,
    width: usize,
}

/// One reply, read to its end.
struct Page {
    headers: HeaderMap,
    body: String,
}

impl Printer {
    pub(super) fn of(show: &Show) -> Self {
        let table = show.table || (!show.json && terminal::is_shown());
        Self { table, fields: show.fields.clone(), params: show.params.clone(), width: terminal::width() }
    }

    /// Whether people read it.
    pub(super) fn is_table(&self) -> bool {
        self.table
    }

    /// Asks, and prints the reply or all its pages.
    pub(super) async fn print(&self, session: &mut Session, mut asked: Asked) -> Result<()> {
        asked.query.extend(self.params.clone());
        if !self.fields.is_empty() && !matches!(asked.reply, Shape::Completeness) {
            asked.query.push(("fields".to_owned(), self.fields.join(",")));
        }
        let (mut freshness, mut table) = (Freshness::default(), Table::default());
        let mut cursor = None;
        loop {
            let page = page(session, &asked.url(cursor.as_deref())).await?;
            freshness.saw(&page.headers);
            cursor = next(&page, asked.reply);
            if self.table {
                self.page(&mut table, &page.body, asked.reply)?;
            } else {
                raw(&page.body, &asked)?;
            }
            if cursor.is_none() || !asked.all || !output::is_heard() {
                break;
            }
        }
        if self.table {
            foot(&table, &freshness, &asked, cursor.is_some());
        }
        freshness.warnings().iter().for_each(|warning| output::note(warning));
        Ok(())
    }

    fn page(&self, table: &mut Table, body: &str, shape: Shape) -> Result<()> {
        match shape {
            Shape::Object => output::text(&record::text(body, self.width)),
            Shape::List(specs, member, _) => {
                let rows = elements(body, member)?;
                if let Some(pagination) = json::member(body, "pagination") {
                    table.total = json::member(pagination, "total").map(str::to_owned);
                }
                table.rows(&columns::of(specs, &self.fields), &rows, self.width)
            }
            Shape::Completeness => {
                let status = json::member(body, "status").map(|raw| cell::show(raw, cell::Kind::Text));
                if !table.begun {
                    let why = if status.as_deref() == Some("unknown") { ": no manifest was evaluated yet" } else { "" };
                    output::text(&format!("completeness {}{why}", status.unwrap_or_default()))?;
                    table.begun = true;
                }
                for (title, member, specs) in REPORT {
                    let rows = elements(body, Some(member))?;
                    if !rows.is_empty() {
                        output::text(&format!("\n{title}"))?;
                        Table::default().rows(&columns::of(specs, &[]), &rows, self.width)?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// What stands below a table, on standard error.
fn foot(table: &Table, freshness: &Freshness, asked: &Asked, more: bool) {
    let mut parts = Vec::new();
    if let Shape::List(_, _, what) = asked.reply {
        let of = table.total.as_ref().map(|total| format!(" of {}", cell::show(total, cell::Kind::Amount)));
        parts.push(format!("{what}: {}{}", output::grouped(&table.shown.to_string()), of.unwrap_or_default()));
    }
    if more {
        parts.push("--all shows the others".to_owned());
    }
    parts.push(freshness.line());
    output::note(&format!("\n{}", parts.join("; ")));
}

/// Title, member and columns of each list of the completeness report.
const REPORT: [(&str, &str, &[Spec]); 3] = [
    ("What manifests showed, newest first", "results", columns::RESULTS),
    ("Lacking something now", "incomplete", columns::INCOMPLETE),
    ("Purged", "purged", columns::PURGED),
];

/// What was printed of a table.
#[derive(Debug, Default)]
struct Table {
    grid: Option<Grid>,
    begun: bool,
    shown: usize,
    total: Option<String>,
}

impl Table {
    fn rows(&mut self, columns: &[Column], rows: &[&str], width: usize) -> Result<()> {
        let first = self.grid.is_none();
        let grid = self.grid.get_or_insert_with(|| {
            let cells = |row: &&str| columns.iter().map(|column| column.cell(row)).collect();
            Grid::of(columns, &rows.iter().map(cells).collect::<Vec<_>>(), width)
        });
        let mut text = if first { grid.head() } else { String::new() };
        for row in rows {
            let cells: Vec<String> = grid.columns().map(|column| column.cell(row)).collect();
            text.push_str(&grid.line(&cells));
        }
        self.shown += rows.len();
        if text.is_empty() { Ok(()) } else { output::text(&text) }
    }
}

/// The reply's bytes as they are; of a walk over all pages one entry a line.
fn raw(body: &str, asked: &Asked) -> Result<()> {
    let Shape::List(_, member, _) = asked.reply else { return output::bytes(body.as_bytes()) };
    if !asked.all {
        return output::bytes(body.as_bytes());
    }
    let mut lines = String::new();
    for row in elements(body, member)? {
        // Line ends stand between the tokens of JSON alone, never within text.
        lines.push_str(&row.trim().replace(['\n', '\r'], " "));
        lines.push('\n');
    }
    output::bytes(lines.as_bytes())
}

async fn page(session: &mut Session, url: &str) -> Result<Page> {
    let response = session.get(url, &HeaderMap::new()).await?;
    let headers = response.headers().clone();
    let body = response.text().await.context("the reply was cut")?;
    Ok(Page { headers, body })
}

/// The body of a reply.
pub(super) async fn body(session: &mut Session, url: &str) -> Result<String> {
    Ok(page(session, url).await?.body)
}

/// The entries of a list, raw.
pub(super) fn elements<'a>(body: &'a str, member: Option<&str>) -> Result<Vec<&'a str>> {
    let array = member.map_or(Some(body), |member| json::member(body, member));
    let array = array.context("the reply does not have the list that was asked for")?;
    json::elements(array).ok().context("the reply is no list")
}

/// Where the next page begins.
fn next(page: &Page, shape: Shape) -> Option<String> {
    let in_body = |path: &[&str]| cell::find(&page.body, path).and_then(json::text).map(std::borrow::Cow::into_owned);
    let header = || page.headers.get("x-next-cursor").and_then(|cursor| cursor.to_str().ok()).map(str::to_owned);
    match shape {
        Shape::Object => None,
        Shape::List(_, None, _) => header(),
        Shape::List(_, Some("messages"), _) => in_body(&["nextCursor"]),
        Shape::List(..) | Shape::Completeness => in_body(&["pagination", "nextCursor"]),
    }
}
