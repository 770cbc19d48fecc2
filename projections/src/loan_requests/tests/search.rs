//! What a search finds, and that what is gone is not found.

use continuity_readmodel::Direction;

use super::*;

const PEOPLE: &str = r#"
    #a loanRequest a {"reference":"PE-2026-000199","participants":[{"id":"1","givenName":"Johanna","familyName":"Müller","displayName":"Johanna Müller"}]}
    #b loanRequest b {"reference":"HO-2026-000200","status":"BID","participants":[{"displayName":"Bartłomiej O’Quillan"},{"givenName":"John","familyName":"van der Mull"}]}
    #c loanRequest c {"reference":"PE-2026-000201","deletedAt":"2026-01-01T00:00:00Z","participants":[{"displayName":"JOHANNA MULLER"}]}
    #d loanRequest d {"reference":5,"participants":{"displayName":"Johanna"}}
    #e loanRequest e {"reference":"PE-2025-0199","participants":[1,"x",{"displayName":null,"email":"johanna@example.test","taxNumber":"TX0000199"}]}
"#;

fn found(snapshot: &Snapshot, q: &str, include_deleted: bool) -> String {
    let search = Some(Search::parse(q).unwrap());
    let rows = page(snapshot, &ListQuery { search, ..query(&[], Sort::Reference, include_deleted) }).unwrap();
    assert_eq!((rows.total, rows.total_is_exact), (rows.count as u64, true));
    let row = |loan: &serde_json::Value| loan["reference"].as_str().unwrap_or("-").chars().last().unwrap();
    serde_json::from_slice::<Vec<serde_json::Value>>(&rows.json).unwrap().iter().map(row).collect()
}

fn check(q: &str, expected: &str) {
    assert_eq!(found(&fold(projection, PEOPLE), q, true), expected, "{q}");
}

#[test]
fn words_in_any_order_are_beginnings() {
    check("mull joh", "091");
    check("Johanna Müller", "91");
    check("MÜLLER, JOHANNA", "91");
    check("ohanna", "");
    check("johanna 000201", "1");
    check("bartlomiej", "0");
    check("o'quillan john", "0");
    check("vander", "0");
    check("johannamuller", "91");
    check("johanna nobody", "");
}

#[test]
fn a_reference_is_found_whole_and_by_its_parts() {
    check("PE-2026-000199", "9");
    check("pe-2026", "91");
    check("2026", "091");
    check("000199", "9");
    check("pe 2025", "9");
    check("0199", "9");
}

#[test]
fn only_names_and_the_reference_are_searched() {
    check("TX0000199", "");
    check("example", "");
    check("5", "");
}

#[test]
fn deleted_ones_are_found_only_when_asked_for() {
    assert_eq!(found(&fold(projection, PEOPLE), "johanna", false), "9");
    let mut query = ListQuery { search: Search::parse("mull"), ..query(&["BID"], Sort::CreatedAt, true) };
    let snapshot = fold(projection, PEOPLE);
    assert_eq!(page(&snapshot, &query).unwrap().count, 1);
    query.filter.and(&["reference"], crate::Test::AnyOf(vec!["other".to_owned()]));
    assert_eq!(page(&snapshot, &query).unwrap().count, 0);
}

/// Every row of the index of words.
fn words(snapshot: &Snapshot) -> Vec<String> {
    let rows = snapshot.scan_prefix(index::WORDS, &[], Direction::Forward).unwrap();
    rows.map(|row| String::from_utf8_lossy(&row.unwrap().0).into_owned()).collect()
}

/// What the engine does for an erasure is what it does for a snapshot: `clear`, and the loan as it is now.
#[test]
fn who_is_forgotten_is_not_found_and_stands_nowhere() {
    let erased = r#"{"reference":"PE-2026-000199","participants":[{"id":"1","displayName":"[erased]"}]}"#;
    let changes = [
        format!("#a clear\n#a loanRequest a {erased}"),
        format!("#a loanRequest a {erased}"),
        r#"#a loanRequest a patch {"participants":[]}"#.to_owned(),
        "#a loanRequest a gone".to_owned(),
        "#a purge".to_owned(),
    ];
    for change in changes {
        let snapshot = fold(projection, &format!("{}\n{change}", PEOPLE.lines().nth(1).unwrap()));
        assert_eq!(found(&snapshot, "johanna", true), "", "{change}");
        for word in words(&snapshot) {
            assert!(!word.contains("joh") && !word.contains("mull"), "{word} after {change}");
        }
        let facts = snapshot.get(index::FACTS, &row_key("a")).unwrap();
        assert!(facts.is_none_or(|facts| !String::from_utf8_lossy(&facts).contains("johanna")));
    }
}

#[test]
fn a_loan_has_a_bounded_number_of_words() {
    let person = |n: u32| format!(r#"{{"displayName":"{}"}}"#, format!("p{n} ").repeat(400));
    let people: Vec<_> = (0..5).map(person).collect();
    let loan = format!(r#"#a loanRequest a {{"reference":"R1","participants":[{}]}}"#, people.join(","));
    let snapshot = fold(projection, &loan);
    assert!(words(&snapshot).len() <= 1_000);
    assert_eq!(found(&snapshot, "r1", false), "1");
}
