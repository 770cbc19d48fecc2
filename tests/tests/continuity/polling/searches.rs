//! `q` over a replica that is at rest, against every row of it.

use std::collections::{BTreeMap, BTreeSet};

use continuity_tests::compare::segment;
use continuity_tests::harness::{Client, Failure};
use continuity_tests::json::Json;

use super::clients::walk;

/// What is typed, and plain parts that a name or the reference has to begin with, one after the other.
const SEARCHES: [(&str, &[&str]); 8] = [
    ("muster hart", &["muster", "hart"]),
    ("ŁOMIEJ", &["lomiej"]),
    ("bartlo", &["bartlo"]),
    ("oystein", &["oystein"]),
    ("o'quil", &["oquil"]),
    ("2026 ho", &["2026", "ho"]),
    ("erased", &["erased"]),
    ("yildiz ipek", &["yildiz", "ipek"]),
];

/// Each search finds exactly the loans whose rows have its words.
pub(super) async fn agree(client: &Client, truth: &BTreeMap<String, Json>) -> Result<(), Failure> {
    let mut found = 0;
    for (q, words) in SEARCHES {
        let query = format!("q={}&includeDeleted=true&limit=9&sortBy=updatedAt", segment(q));
        let rows = walk(client, &query).await?.rows;
        let got: BTreeSet<&String> = rows.iter().map(|(loan, _)| loan).collect();
        assert_eq!(got.len(), rows.len(), "{q}: a loan came twice");
        let wanted: BTreeSet<&String> =
            truth.iter().filter(|(_, row)| words.iter().all(|word| has(row, word))).map(|(loan, _)| loan).collect();
        assert_eq!(got, wanted, "{q}");
        found += got.len();
    }
    assert!(found > 10, "only {found} loans were found: too tame");
    Ok(())
}

fn has(row: &Json, word: &str) -> bool {
    let people = row.get("participants").map_or(&[][..], Json::elements).iter();
    let names = people.flat_map(|person| ["givenName", "familyName", "displayName"].map(|name| person.text(name)));
    names.chain([row.text("reference")]).flatten().any(|text| {
        let parts = parts(text);
        (0..parts.len()).any(|at| parts[at..].concat().starts_with(word))
    })
}

/// The parts of a text in letters without accents, for the letters that the simulator's names have.
fn parts(text: &str) -> Vec<String> {
    const PLAIN: &[(&str, &str)] = &[
        ("ł", "l"),
        ("éèêë", "e"),
        ("ġ", "g"),
        ("åāáä", "a"),
        ("íı", "i"),
        ("ü", "u"),
        ("ħ", "h"),
        ("øö", "o"),
        ("š", "s"),
        ("ż", "z"),
        ("ć", "c"),
        ("\u{307}", ""),
    ];
    let lower = text.to_lowercase();
    let plain = lower.chars().map(|letter| {
        let found = PLAIN.iter().find(|(letters, _)| letters.contains(letter));
        found.map_or_else(|| letter.to_string(), |(_, plain)| (*plain).to_owned())
    });
    let plain: String = plain.collect();
    plain.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
