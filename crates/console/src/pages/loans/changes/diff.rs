//! What differs between two states, member by member.

use super::keyed;
use crate::json::{Node, plain};

/// A member that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where it stands.
    pub(super) path: String,
    /// What it was; nothing where it was not there.
    pub(super) old: Option<String>,
    /// What it is; nothing where it is not there.
    pub(super) new: Option<String>,
}

/// Every member that was added, taken away or changed, in the order of the new state.
pub(super) fn between(old: &Node, new: &Node) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(old), Some(new), &mut found);
    found
}

fn compare(path: &str, old: Option<&Node>, new: Option<&Node>, out: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Node::Members(_)) | None, Some(Node::Members(_)) | None) => {
            members(path, old, new, out);
        }
        (Some(Node::List(_)) | None, Some(Node::List(_)) | None) => elements(path, old, new, out),
        _ => out.push(Difference { path: plain(path), old: old.map(text), new: new.map(text) }),
    }
}

/// A scalar as people write it, all else as JSON.
fn text(node: &Node) -> String {
    if let Node::Text(text) = node { plain(text) } else { plain(&node.to_string()) }
}

fn members(path: &str, old: Option<&Node>, new: Option<&Node>, out: &mut Vec<Difference>) {
    let of = |node: Option<&Node>, name: &str| {
        node.and_then(|node| node.members().iter().find(|(known, _)| known == name)).map(|(_, value)| value.clone())
    };
    let before = out.len();
    let (was, is) = (old.map_or(&[][..], Node::members), new.map_or(&[][..], Node::members));
    let gone = was.iter().filter(|(name, _)| !is.iter().any(|(known, _)| known == name));
    for (name, _) in is.iter().chain(gone) {
        let path = if path.is_empty() { name.clone() } else { format!("{path} › {name}") };
        compare(&path, of(old, name).as_ref(), of(new, name).as_ref(), out);
    }
    whole(path, old, new, before, out);
}

fn elements(path: &str, old: Option<&Node>, new: Option<&Node>, out: &mut Vec<Difference>) {
    let before = out.len();
    let (was, is) = (old.map_or(&[][..], Node::list), new.map_or(&[][..], Node::list));
    let at = |name: &str| format!("{path}[{name}]");
    let empty = |list: &[Node]| list.is_empty().then(Default::default);
    let keys = |list| keyed(list).or_else(|| empty(list));
    match (keys(was), keys(is)) {
        (Some(was), Some(is)) => {
            let gone = was.keys().filter(|key| !is.contains_key(*key));
            for key in is.keys().chain(gone) {
                compare(&at(key), was.get(key).copied(), is.get(key).copied(), out);
            }
        }
        _ => (0..was.len().max(is.len())).for_each(|n| compare(&at(&(n + 1).to_string()), was.get(n), is.get(n), out)),
    }
    whole(path, old, new, before, out);
}

/// Something empty that came or went has no members to tell of; nor has a mere change of order.
fn whole(path: &str, old: Option<&Node>, new: Option<&Node>, before: usize, out: &mut Vec<Difference>) {
    if out.len() == before && old.is_some() != new.is_some() {
        out.push(Difference { path: plain(path), old: old.map(text), new: new.map(text) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(old: &str, new: &str) -> Vec<String> {
        let found = between(&Node::parse(old.as_bytes()).unwrap(), &Node::parse(new.as_bytes()).unwrap());
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        found.into_iter().map(|one| format!("{}: {} > {}", one.path, text(one.old), text(one.new))).collect()
    }

    #[test]
    fn members_are_added_taken_away_and_changed() {
        let old = r#"{"a":1,"b":"x","c":{"d":0.30,"e":[1,2]},"f":null}"#;
        let new = r#"{"a":1,"b":"y","c":{"d":0.3,"e":[1,3,4]},"g":{"h":{"i":true}},"k":{}}"#;
        let expected = [
            "b: x > y",
            "c › d: 0.30 > 0.3",
            "c › e[2]: 2 > 3",
            "c › e[3]: - > 4",
            "g › h › i: - > true",
            "k: - > {}",
            "f: null > -",
        ];
        assert_eq!(differences(old, new), expected);
        assert!(differences(old, old).is_empty());
        let old = "{\"a\":\"fdp.exe\"}";
        assert_eq!(differences(old, "{\"a\":\"\u{202e}fdp.exe\"}"), ["a: fdp.exe > [U+202E]fdp.exe"]);
    }

    #[test]
    fn elements_are_known_by_their_ids_whatever_their_order() {
        let old = r#"[{"id":"a","n":1},{"id":"b","n":2}]"#;
        assert!(differences(old, r#"[{"id":"b","n":2},{"id":"a","n":1}]"#).is_empty());
        let new = r#"[{"id":"c","n":3},{"id":"b","n":5}]"#;
        let expected = ["[b] › n: 2 > 5", "[c] › id: - > c", "[c] › n: - > 3", "[a] › id: a > -", "[a] › n: 1 > -"];
        assert_eq!(differences(old, new), expected);
        assert_eq!(differences("[]", r#"[{"key":"k"}]"#), ["[k] › key: - > k"]);
        assert_eq!(
            differences(r#"[{"id":"a"},{"id":"a","x":1}]"#, r#"[{"id":"a"}]"#),
            ["[2] › id: a > -", "[2] › x: 1 > -"]
        );
    }

    #[test]
    fn what_changes_its_form_is_shown_whole() {
        assert_eq!(differences(r#"{"a":{"b":1}}"#, r#"{"a":[1]}"#), ["a: {\"b\": 1} > [1]"]);
        assert_eq!(differences(r#"{"a":null}"#, r#"{"a":{"b":1}}"#), ["a: null > {\"b\": 1}"]);
    }
}
