//! What the list and the detail of loan requests serve after a script.

use proptest::prelude::*;

use super::list::{page, total};
use super::*;
use crate::page::Rowset;
use crate::testing::{Bench, assert_json, fold};

mod search;
mod walks;

const SCRIPT: &str = r#"
    #a loanRequest a {"id":"a","status":"BID","createdAt":"2024-01-01T00:00:00Z","requestedAmount":"900.00","reference":"R2"}
    #b loanRequest b {"id":"b","status":"BID","createdAt":"2024-01-02T00:00:00Z","requestedAmount":"1000.00","reference":"R10"}
    #c loanRequest c {"id":"c","status":"SANCTION","createdAt":"2024-01-02T01:00:00+01:00","requestedAmount":5e1}
    #d loanRequest d {"id":"d","status":"DRAFT","createdAt":"2024-01-04T00:00:00Z","deletedAt":"2024-01-05T00:00:00Z"}
    #e loanRequest e {"id":"e","createdAt":"soon","reference":"R1","deletedAt":null}
    #f loanRequest f {"id":"f","status":"BID"}
    #f loanRequest f gone
"#;

fn ids(rows: &Rowset) -> String {
    let loans: Vec<serde_json::Value> = serde_json::from_slice(&rows.json).unwrap();
    assert_eq!(loans.len(), rows.count);
    loans.iter().map(|loan| loan["id"].as_str().unwrap()).collect()
}

fn query(statuses: &[&str], sort: Sort, include_deleted: bool) -> ListQuery {
    let statuses = statuses.iter().map(|&status| status.to_owned()).collect();
    ListQuery { statuses, sort, include_deleted, limit: 100, ..ListQuery::default() }
}

/// The order ascending, its exact reverse, and the total.
fn check(script: &str, query: &ListQuery, expected: &str) {
    let snapshot = fold(projection, script);
    let rows = page(&snapshot, query).unwrap();
    assert_eq!(ids(&rows), expected, "{query:?}");
    assert_eq!((rows.total, rows.next), (expected.len() as u64, None), "{query:?}");
    let descending = ListQuery { descending: true, ..query.clone() };
    assert_eq!(ids(&page(&snapshot, &descending).unwrap()), expected.chars().rev().collect::<String>(), "{query:?}");
}

#[test]
fn every_order_ties_by_id() {
    check(SCRIPT, &query(&[], Sort::CreatedAt, false), "eabc");
    check(SCRIPT, &query(&[], Sort::RequestedAmount, false), "ecab");
    check(SCRIPT, &query(&[], Sort::Reference, false), "ceba");
    check(SCRIPT, &query(&[], Sort::Status, false), "eabc");
    check(SCRIPT, &query(&[], Sort::UpdatedAt, false), "abce");
    check(SCRIPT, &query(&[], Sort::StatusChangedAt, false), "abce");
}

#[test]
fn statuses_are_alternatives() {
    check(SCRIPT, &query(&["BID"], Sort::CreatedAt, false), "ab");
    check(SCRIPT, &query(&["SANCTION", "BID", "BID"], Sort::RequestedAmount, false), "cab");
    check(SCRIPT, &query(&["SANCTION", "BID"], Sort::Status, false), "abc");
    check(SCRIPT, &query(&["UNKNOWN", ""], Sort::CreatedAt, false), "");
    check(SCRIPT, &query(&["DRAFT"], Sort::CreatedAt, false), "");
}

#[test]
fn deleted_ones_come_only_when_asked_for() {
    check(SCRIPT, &query(&[], Sort::CreatedAt, true), "eabcd");
    check(SCRIPT, &query(&["DRAFT", "BID"], Sort::CreatedAt, true), "abd");
    let restored = format!("{SCRIPT}\n#d loanRequest d patch {{\"deletedAt\":null}}");
    check(&restored, &query(&["DRAFT"], Sort::Status, false), "d");
}

#[test]
fn changes_move_a_loan_in_every_index() {
    let changed = format!(
        "{SCRIPT}\n#a loanRequest a patch {}\n#b loanRequest b gone\n#c clear",
        r#"{"status":"SANCTION","createdAt":"2025-01-01T00:00:00Z","requestedAmount":"-1"}"#
    );
    check(&changed, &query(&[], Sort::CreatedAt, false), "ea");
    check(&changed, &query(&[], Sort::RequestedAmount, true), "dea");
    check(&changed, &query(&["SANCTION"], Sort::CreatedAt, false), "a");
    check(&changed, &query(&["BID"], Sort::CreatedAt, false), "");
}

#[test]
fn the_detail_is_the_folded_json() {
    let snapshot = fold(projection, SCRIPT);
    assert_json(
        get(&snapshot, "c").unwrap().unwrap(),
        r#"{"id":"c","status":"SANCTION","createdAt":"2024-01-02T01:00:00+01:00","requestedAmount":5e1}"#,
    );
    assert!(get(&snapshot, "d").unwrap().is_some());
    assert_eq!(get(&snapshot, "f").unwrap(), None);
    assert_eq!(get(&fold(projection, "#a loanRequest b {}"), "b").unwrap(), None);
}

fn change<'a>(loan: &'a str, form: ChangeForm<'a>) -> EntityChange<'a> {
    EntityChange {
        loan,
        entity: "loanRequest",
        id: loan,
        parent: None,
        version: 1,
        form,
        sequence: 1,
        position: 1,
        from_snapshot: false,
    }
}

#[test]
fn nothing_is_left_of_loans_that_are_gone() {
    let mut bench = Bench::new(projection());
    for (id, json) in [("a", r#"{"status":"BID","deletedAt":"x"}"#), ("b", r#"{"createdAt":"2024-01-01T00:00:00Z"}"#)] {
        bench.commit(|model, rows| model.apply(&change(id, ChangeForm::After(json)), rows).unwrap());
    }
    assert!(bench.rows() > 20);
    bench.commit(|model, rows| model.apply(&change("a", ChangeForm::Gone), rows).unwrap());
    bench.commit(|model, rows| model.purge("b", rows).unwrap());
    assert_eq!(bench.rows(), 0);
}

#[test]
fn offset_and_limit_cut_a_page() {
    let snapshot = fold(projection, SCRIPT);
    let cut = |offset, limit| {
        let rows = page(&snapshot, &ListQuery { offset, limit, ..query(&[], Sort::CreatedAt, false) }).unwrap();
        (ids(&rows), rows.next.is_some(), rows.total)
    };
    assert_eq!(cut(0, 2), ("ea".to_owned(), true, 4));
    assert_eq!(cut(2, 2), ("bc".to_owned(), false, 4));
    assert_eq!(cut(9, 2), (String::new(), false, 4));
}

struct Positions(Vec<(u64, String)>);

impl position::Positions for Positions {
    fn above(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        Ok(self.0.iter().filter(|(at, _)| *at > position).take(limit).cloned().collect())
    }

    fn below(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        Ok(self.0.iter().rev().filter(|(at, _)| *at < position).take(limit).cloned().collect())
    }

    fn of(&self, loan: &str) -> Result<u64, StoreError> {
        Ok(self.0.iter().find(|(_, id)| id == loan).map_or(0, |(at, _)| *at))
    }
}

#[test]
fn by_position_what_changed_since() {
    let snapshot = fold(projection, SCRIPT);
    let order = [(3, "b"), (4, "d"), (7, "f"), (8, "a"), (9, "e"), (12, "c")];
    let positions = Positions(order.map(|(at, id)| (at, id.to_owned())).to_vec());
    let read = |after: Option<u64>, descending, include_deleted, statuses: &[&str], limit| {
        let after = after.map(|position| position.to_be_bytes().to_vec());
        let query = ListQuery { descending, after, limit, ..query(statuses, Sort::Position, include_deleted) };
        let rows = position::page(&positions, &snapshot, &query).unwrap();
        (ids(&rows), rows.next.map(|next| u64::from_be_bytes(next.try_into().unwrap())))
    };
    assert_eq!(read(None, false, false, &[], 9), ("baec".to_owned(), None));
    assert_eq!(read(Some(3), false, true, &[], 9), ("daec".to_owned(), None));
    assert_eq!(read(Some(3), false, false, &[], 2), ("ae".to_owned(), Some(9)));
    assert_eq!(read(Some(9), false, false, &[], 2), ("c".to_owned(), None));
    assert_eq!(read(Some(12), false, false, &[], 2), (String::new(), None));
    assert_eq!(read(None, false, true, &["BID", "DRAFT"], 9), ("bda".to_owned(), None));
    assert_eq!(read(None, true, false, &[], 2), ("ce".to_owned(), Some(9)));
    assert_eq!(read(Some(9), true, false, &[], 9), ("ab".to_owned(), None));
    let since = |position, include_deleted, limit, after: Option<u64>| {
        let after = after.map(|position| position.to_be_bytes().to_vec());
        let query = ListQuery { after, limit, ..query(&[], Sort::Position, include_deleted) };
        let rows =
            position::page(&positions, &snapshot, &ListQuery { changed_since: Some(position), ..query }).unwrap();
        (ids(&rows), rows.total, rows.total_is_exact)
    };
    assert_eq!(since(3, true, 9, None), ("daec".to_owned(), 4, true));
    assert_eq!(since(3, true, 2, None), ("da".to_owned(), 4, true));
    assert_eq!(since(3, false, 2, Some(8)), ("ec".to_owned(), 3, true));
    assert_eq!(since(12, true, 2, None), (String::new(), 0, true));
}

const STATUSES: [&str; 3] = ["BID", "SANCTION", "DRAFT"];

fn loans() -> impl Strategy<Value = Vec<(usize, u32, bool)>> {
    prop::collection::vec((0_usize..3, 0_u32..6, any::<bool>()), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn walking_gives_every_loan_once_in_order(
        loans in loans(), wanted in prop::collection::btree_set(0_usize..3, 0..3), limit in 1_usize..5,
        descending in any::<bool>(), include_deleted in any::<bool>(), sort in 0_usize..3,
    ) {
        let sort = [Sort::RequestedAmount, Sort::Status, Sort::CreatedAt][sort];
        let line = |(number, (status, amount, deleted)): (usize, &(usize, u32, bool))| {
            let deleted = if *deleted { r#","deletedAt":"x""# } else { "" };
            let status = STATUSES[*status];
            let json = format!(r#"{{"n":{number},"status":"{status}","requestedAmount":{amount}{deleted}}}"#);
            format!("#l{number:02} loanRequest l{number:02} {json}")
        };
        let script = loans.iter().enumerate().map(line).collect::<Vec<_>>().join("\n");
        let snapshot = fold(projection, &script);
        let statuses = wanted.iter().map(|status| STATUSES[*status].to_owned()).collect();
        let mut query = ListQuery { statuses, sort, descending, limit, include_deleted, ..ListQuery::default() };
        let mut expected: Vec<_> = loans.iter().enumerate()
            .filter(|(_, (status, _, deleted))| (wanted.is_empty() || wanted.contains(status)) && (include_deleted || !deleted))
            .map(|(number, (status, amount, _))| (match sort {
                Sort::RequestedAmount => amount.to_string(),
                Sort::Status => STATUSES[*status].to_owned(),
                _ => String::new(),
            }, number as u64))
            .collect();
        expected.sort();
        if descending { expected.reverse(); }
        prop_assert_eq!(total(&snapshot, &query).unwrap(), expected.len() as u64);
        let mut walked = Vec::new();
        loop {
            let rows = page(&snapshot, &query).unwrap();
            let page: Vec<serde_json::Value> = serde_json::from_slice(&rows.json).unwrap();
            walked.extend(page.iter().map(|loan| loan["n"].as_u64().unwrap()));
            query.after = rows.next;
            if query.after.is_none() { break; }
        }
        prop_assert_eq!(walked, expected.into_iter().map(|(_, number)| number).collect::<Vec<_>>());
    }
}

#[test]
fn a_team_is_a_text_of_the_loan_as_it_is() {
    let snapshot = fold(
        projection,
        r#"#a loanRequest a {"id":"a","team":"south","status":"BID"}
           #a loanRequest a patch {"team":"n\u006frth"}
           #b loanRequest b {"id":"b"}
           #c loanRequest c {"id":"c","team":{"id":"north"}}
           #d loanRequest d {"id":"d","team":"north"}
           #d loanRequest d gone
           #e loanRequest e {"id":"e","team":"north","deletedAt":"2024-01-05T00:00:00Z"}"#,
    );
    let teams = ["a", "b", "c", "d", "e", "never"].map(|loan| team(&snapshot, loan).unwrap());
    let north = || Some("north".to_owned());
    assert_eq!(teams, [north(), None, None, None, north(), None]);
}
