//! What is left of an entry after an erasure: who did what to which entity and when (event contract, section 7).

use continuity_events::json;

use super::entry::push;

/// Members that stay if they are no objects or arrays.
const KEPT: [&str; 5] = ["id", "sequence", "occurredAt", "action", "origin"];

/// Actors of these types are the bank's people and machines, and stay whole; others may be the data subject.
const STAFF: [&str; 3] = ["USER", "SYSTEM", "API_CLIENT"];

/// The entry without anything that may be personal: `changes`, `reason`, the target's `label`, the name of an actor
/// from outside the bank, and whatever this program does not know. Redacting again changes nothing.
pub(super) fn redacted(entry: &[u8]) -> String {
    let entry = std::str::from_utf8(entry).unwrap_or_default();
    let mut left = String::with_capacity(256);
    for (name, raw) in json::members(entry).unwrap_or_default() {
        match name.as_ref() {
            "actor" if is_staff(raw) => push(&mut left, "actor", raw),
            "actor" => push_only(&mut left, "actor", raw, &["id", "type", "role"]),
            "target" => push_only(&mut left, "target", raw, &["type", "id"]),
            name if KEPT.contains(&name) && is_scalar(raw) => push(&mut left, name, raw),
            _ => {}
        }
    }
    closed(left)
}

fn is_staff(actor: &str) -> bool {
    let kind = actor.starts_with('{').then(|| json::member(actor, "type").and_then(json::text)).flatten();
    kind.is_some_and(|kind| STAFF.contains(&kind.as_ref()))
}

/// Appends those members of an object that are scalars; nothing when it is no object.
fn push_only(out: &mut String, name: &str, object: &str, names: &[&str]) {
    let Ok(members) = json::members(object) else { return };
    let mut left = String::new();
    for (name, raw) in members.iter().filter(|(name, raw)| names.contains(&name.as_ref()) && is_scalar(raw)) {
        push(&mut left, name, raw);
    }
    push(out, name, &closed(left));
}

fn is_scalar(raw: &str) -> bool {
    !raw.starts_with(['{', '['])
}

fn closed(mut object: String) -> String {
    object.push_str(if object.is_empty() { "{}" } else { "}" });
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str, expected: &str) {
        assert_eq!(redacted(entry.as_bytes()), expected);
        assert_eq!(redacted(expected.as_bytes()), expected, "redacting twice");
    }

    #[test]
    fn who_what_and_when_stay() {
        check(
            concat!(
                r#"{"id":"e","sequence":"7","occurredAt":"T","action":"A","actor":{"id":"u","type":"USER","displayName":"N"},"#,
                r#""target":{"type":"TASK","id":"t","label":"Jane"},"changes":[{"to":"Jane"}],"reason":"Jane","origin":"CLOUD"}"#,
            ),
            concat!(
                r#"{"id":"e","sequence":"7","occurredAt":"T","action":"A","actor":{"id":"u","type":"USER","displayName":"N"},"#,
                r#""target":{"type":"TASK","id":"t"},"origin":"CLOUD"}"#,
            ),
        );
    }

    #[test]
    fn actors_from_outside_lose_their_name() {
        for kind in ["CLIENT", "PROFESSIONAL", "UNKNOWN", "NEW_KIND"] {
            check(
                &format!(
                    r#"{{"actor":{{"id":"c","type":"{kind}","displayName":"Jane","role":"BUYER","mail":"j@x"}}}}"#
                ),
                &format!(r#"{{"actor":{{"id":"c","type":"{kind}","role":"BUYER"}}}}"#),
            );
        }
        check(r#"{"actor":"Jane Doe","id":"e"}"#, r#"{"id":"e"}"#);
        check(r#"{"actor":{"displayName":"Jane"}}"#, r#"{"actor":{}}"#);
        check(r#"{"actor":["USER"]}"#, "{}");
    }

    #[test]
    fn nothing_unknown_and_nothing_hidden_in_a_known_member_stays() {
        check(r#"{"id":{"name":"Jane"},"action":["Jane"],"note":"Jane","sequence":7}"#, r#"{"sequence":7}"#);
        check(r#"{ "target" : { "label" : "Jane", "id" : {"a":1} , "type" : "T" } }"#, r#"{"target":{"type":"T"}}"#);
        check(r#"{"target":"Jane"}"#, "{}");
        check("{}", "{}");
    }
}
