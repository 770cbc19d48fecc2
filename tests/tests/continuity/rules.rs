//! Rules of the authorization server, by the sections that they stand in: what is sent over HTTP, and what has to come.
//!
//! Each row is a request and its answer; a story is a rule that takes several. What HTTP cannot show is listed with the
//! test that shows it (`elsewhere`), and so are the attacks that have a test each.

mod about;
mod authorize;
mod bearer;
mod elsewhere;
mod exchange;
mod others;
mod pages;
mod stories;
mod token;
mod words;

use std::collections::BTreeSet;

use continuity_tests::harness::Failure;

use crate::stage::Stage;
use elsewhere::{ATTACKS, PROVEN_ELSEWHERE};
use exchange::Row;
use stories::STORIES;

/// Sections that have to have a row, a story or a test elsewhere. Of RFC 9700 those whose advice applies here: there are no
/// implicit answers (2.1.2 says so), no messages between windows (4.17), and no certificates of clients.
const SECTIONS: &[&str] = &[
    "RFC 6749 2.3",
    "RFC 6749 2.3.1",
    "RFC 6749 3.1",
    "RFC 6749 3.2",
    "RFC 6749 3.3",
    "RFC 6749 4.1.2",
    "RFC 6749 4.1.2.1",
    "RFC 6749 4.1.3",
    "RFC 6749 5.1",
    "RFC 6749 5.2",
    "RFC 6749 6",
    "RFC 6750 2.1",
    "RFC 6750 2.2",
    "RFC 6750 2.3",
    "RFC 6750 3.1",
    "RFC 7009 2.1",
    "RFC 7009 2.2",
    "RFC 7009 2.2.1",
    "RFC 7636 4.4.1",
    "RFC 7636 4.6",
    "RFC 7662 2.2",
    "RFC 7662 2.3",
    "RFC 8252 7.1",
    "RFC 8252 7.3",
    "RFC 8707 2",
    "RFC 8725 3",
    "RFC 9207 3",
    "RFC 9700 2.1",
    "RFC 9700 2.1.1",
    "RFC 9700 2.1.2",
    "RFC 9700 2.2.2",
    "RFC 9700 2.3",
    "RFC 9700 2.4",
    "RFC 9700 2.5",
    "RFC 9700 2.6",
    "RFC 9700 4.1",
    "RFC 9700 4.2.4",
    "RFC 9700 4.3.1",
    "RFC 9700 4.3.2",
    "RFC 9700 4.4.2",
    "RFC 9700 4.5.3",
    "RFC 9700 4.7.1",
    "RFC 9700 4.8.2",
    "RFC 9700 4.10.2",
    "RFC 9700 4.11.2",
    "RFC 9700 4.12",
    "RFC 9700 4.13",
    "RFC 9700 4.14.2",
    "RFC 9700 4.15",
    "RFC 9700 4.16",
    "house",
    "house CSRF",
    "house cache",
    "house compat",
    "house constant time",
    "house keys",
    "house leeway",
    "house secrets",
    "house sign-in",
    "house session",
];

fn rows() -> Vec<Row> {
    let all = [token::rows(), bearer::rows(), about::rows(), authorize::rows(), pages::rows()];
    all.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_of_the_table_holds() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    let words = words::gather(&stage).await?;
    let (rows, mut wrong) = (rows(), Vec::new());
    for row in &rows {
        wrong.extend(row.wrong(&stage, &words).await?);
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    for story in STORIES {
        (story.tell)(&stage, &words).await.map_err(|error| format!("{} {}: {error}", story.section, story.rule))?;
    }
    Ok(())
}

#[test]
fn every_section_has_a_row() {
    let rows = rows();
    let proven: BTreeSet<&str> = rows
        .iter()
        .map(|row| row.section)
        .chain(STORIES.iter().map(|story| story.section))
        .chain(PROVEN_ELSEWHERE.iter().map(|proof| proof.0))
        .chain(ATTACKS.iter().map(|attack| attack.1))
        .collect();
    let missing: Vec<_> = SECTIONS.iter().filter(|section| !proven.contains(**section)).collect();
    assert!(missing.is_empty() && rows.len() > 200, "{} rows, none of {missing:?}", rows.len());
}
