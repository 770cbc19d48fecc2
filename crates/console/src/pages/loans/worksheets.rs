//! `/console/loans/{id}/worksheets`: worksheets, each sheet as a grid, and as CSV.

mod cells;
mod csv;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::listed::{Filter, Way, list};
use super::shell::{Opened, Shell, encoded};
use super::words::{self, Line, spoken};
use crate::frame::Frame;
use crate::json::Node;
use crate::pages::trouble;
use crate::policy;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

use cells::{Grid, Sheet};

const TAB: &str = "worksheets";
const MANY: &str = "50";
/// The lines of a summary, at most.
const LINES: usize = 100;

#[derive(Template)]
#[template(path = "loans/worksheets.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    worksheets: Vec<Worksheet>,
    way: Way,
}

struct Worksheet {
    name: String,
    status: String,
    updated: Option<When>,
    version: String,
    summary: Vec<Line>,
    path: String,
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let listed = list(&mut opened, (&visit, TAB, "/worksheets"), Vec::<Filter>::new(), MANY).await?;
    let worksheets = listed.entries.iter().map(|node| worksheet(&opened, t, node)).collect();
    let frame = visit.frame(format!("{} · {}", t.parts.worksheets, opened.shell.reference));
    Ok(visit.page(&Page { frame, worksheets, way: listed.way, shell: opened.shell }))
}

fn worksheet(opened: &Opened<'_>, t: &Texts, node: &Node) -> Worksheet {
    let summary = node.at("summary");
    Worksheet {
        name: node.text("name"),
        status: spoken(node.at("status").raw()),
        updated: words::when(t, node.at("updatedAt")),
        version: node.text("version"),
        summary: if summary.is_nothing() { Vec::new() } else { words::lines("", summary, LINES) },
        path: opened.page(&format!("{TAB}/{}", encoded(node.at("id").raw())), &[]),
    }
}

#[derive(Template)]
#[template(path = "loans/worksheet.html")]
struct OnePage {
    frame: Frame,
    shell: Shell,
    name: String,
    status: String,
    updated: Option<When>,
    /// The other sheets, by name, way, and whether it is this one.
    sheets: Vec<(String, String, bool)>,
    grid: Option<Grid>,
    grid_name: String,
    left_out: Option<String>,
    csv: String,
    back: String,
}

pub(crate) async fn one(Path((id, worksheet)): Path<(String, String)>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let own = format!("{TAB}/{}", encoded(&worksheet));
    let raw = opened.raw(&format!("/{own}"), &[]).await?;
    let Some(worksheet) = cells::read(&raw.bytes) else { return Ok(trouble::gone(&visit)) };
    let number = visit.query().get("sheet").parse().unwrap_or(0_usize);
    let grid = worksheet.sheets.get(number).map(|sheet| Grid::of(&sheet.cells));
    let left_out = grid.as_ref().filter(|grid| grid.shown < grid.all);
    let left_out = left_out.map(|g| fill(t.parts.left_out, &[&g.shown.to_string(), &g.all.to_string()]));
    let name = |sheet: &Sheet<'_>| crate::json::plain(&sheet.name);
    let way = |(at, sheet): (usize, &Sheet<'_>)| {
        (name(sheet), opened.page(&own, &[("sheet", &at.to_string())]), at == number)
    };
    let sheets = worksheet.sheets.iter().enumerate().map(way).collect();
    let csv = opened.page(&format!("{own}/csv"), &[("sheet", &number.to_string())]);
    let back = opened.page(TAB, &[]);
    opened.below(&own);
    let title = crate::json::plain(&worksheet.name);
    let page = OnePage {
        frame: visit.frame(format!("{title} · {}", opened.shell.reference)),
        status: spoken(&worksheet.status),
        updated: Some(When::read(t, &crate::json::plain(&worksheet.updated))),
        grid_name: fill(t.parts.grid, &[&worksheet.sheets.get(number).map(name).unwrap_or_default()]),
        name: title,
        sheets,
        grid,
        left_out,
        csv,
        back,
        shell: opened.shell,
    };
    Ok(visit.page(&page))
}

/// A sheet as CSV, all of it.
pub(crate) async fn as_csv(Path((id, worksheet)): Path<(String, String)>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let raw = opened.raw(&format!("/{TAB}/{}", encoded(&worksheet)), &[]).await?;
    let number = visit.query().get("sheet").parse().unwrap_or(0_usize);
    let worksheet = cells::read(&raw.bytes);
    let Some(sheet) = worksheet.as_ref().and_then(|worksheet| worksheet.sheets.get(number)) else {
        return Ok(trouble::gone(&visit));
    };
    let mut response = Response::new(csv::of(&sheet.cells).into());
    let headers = response.headers_mut();
    policy::put(headers, None);
    policy::keep_to_itself(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = HeaderValue::from_str(&format!("attachment; filename=\"sheet-{}.csv\"", number + 1));
    headers.insert(CONTENT_DISPOSITION, name.unwrap_or(HeaderValue::from_static("attachment")));
    Ok(response)
}
