//! The forms in which an audit log can be had.

use continuity_events::json;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Lines,
    Csv,
}

/// Heading, and the path of members that leads to its value.
const COLUMNS: [(&str, &[&str]); 12] = [
    ("id", &["id"]),
    ("sequence", &["sequence"]),
    ("occurredAt", &["occurredAt"]),
    ("action", &["action"]),
    ("actorId", &["actor", "id"]),
    ("actorType", &["actor", "type"]),
    ("targetType", &["target", "type"]),
    ("targetId", &["target", "id"]),
    ("targetLabel", &["target", "label"]),
    ("reason", &["reason"]),
    ("origin", &["origin"]),
    ("changes", &["changes"]),
];

impl Format {
    /// On offer, the preferred one first.
    pub(super) const MEDIA_TYPES: [&'static str; 3] = ["application/json", "application/x-ndjson", "text/csv"];

    pub(super) fn of(media_type: &str) -> Self {
        match media_type {
            "text/csv" => Self::Csv,
            "application/x-ndjson" => Self::Lines,
            _ => Self::Json,
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    pub(super) fn begin(self) -> Vec<u8> {
        match self {
            Self::Json => b"[".to_vec(),
            Self::Lines => Vec::new(),
            Self::Csv => {
                let headings = COLUMNS.map(|(heading, _)| heading).join(",");
                format!("{headings}\r\n").into_bytes()
            }
        }
    }

    /// Appends one entry, given as JSON.
    pub(super) fn entry(self, out: &mut Vec<u8>, entry: &str, first: bool) {
        match self {
            Self::Json => {
                if !first {
                    out.push(b',');
                }
                out.extend_from_slice(entry.as_bytes());
            }
            Self::Lines => {
                // A line break inside an entry can only be blank space between its tokens: strings escape theirs.
                out.extend(entry.bytes().map(|b| if b == b'\n' || b == b'\r' { b' ' } else { b }));
                out.push(b'\n');
            }
            Self::Csv => {
                let cells = COLUMNS.map(|(_, path)| cell(entry, path));
                out.extend_from_slice(cells.join(",").as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Json {
            out.push(b']');
        }
    }
}

/// The member at `path`: text as it reads, anything else as JSON, absent ones empty.
fn cell(entry: &str, path: &[&str]) -> String {
    let mut value = Some(entry);
    for name in path {
        value = value.and_then(|object| json::member(object, name));
    }
    let Some(raw) = value.map(str::trim).filter(|raw| *raw != "null") else { return String::new() };
    match json::text(raw) {
        Some(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => quoted(&format!("'{text}")),
        Some(text) => quoted(&text),
        None => quoted(raw),
    }
}

/// RFC 4180: quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "{\"id\":\"e1\",\"sequence\":7,\n\"occurredAt\":\"t\",\"action\":\"A\",\"actor\":{\"id\":\"=cmd()\",\"type\":\"USER\"},\"target\":{\"type\":\"TASK\",\"id\":\"a,b\"},\"changes\":[{\"path\":\"x\"}],\"origin\":\"CLOUD\"}";

    fn all(format: Format, entries: &[&str]) -> String {
        let mut out = format.begin();
        for (n, entry) in entries.iter().enumerate() {
            format.entry(&mut out, entry, n == 0);
        }
        format.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_is_the_entries_as_they_are() {
        assert_eq!(all(Format::Json, &[]), "[]");
        assert_eq!(all(Format::Json, &[ENTRY, "{}"]), format!("[{ENTRY},{{}}]"));
    }

    #[test]
    fn lines_hold_one_entry_each() {
        assert_eq!(all(Format::Lines, &[ENTRY, "{}"]).lines().count(), 2);
        assert_eq!(all(Format::Lines, &[]), "");
    }

    #[test]
    fn csv_is_quoted_and_harmless() {
        let text = all(Format::Csv, &[ENTRY]);
        let row = text.split("\r\n").nth(1).unwrap();
        assert_eq!(row, "e1,7,t,A,'=cmd(),USER,TASK,\"a,b\",,,CLOUD,\"[{\"\"path\"\":\"\"x\"\"}]\"");
    }
}
