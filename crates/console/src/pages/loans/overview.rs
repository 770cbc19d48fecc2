//! `/console/loans/{id}`: the loan itself.

use askama::Template;
use axum::extract::Path;

use super::shell::{Opened, Shell};
use crate::frame::Frame;
use crate::reply::Answer;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "loans/overview.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    facts: Vec<(String, String)>,
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let opened = Opened::new(&visit, &id, "").await?;
    let members = opened.loan.as_object().into_iter().flatten();
    let facts = members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    Ok(visit.page(&Page { frame: visit.frame(&*opened.shell.reference), facts, shell: opened.shell }))
}
