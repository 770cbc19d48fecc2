//! The forms in which an audit log and the recorded reads can be had.

use continuity_base::Timestamp;
use continuity_events::instant::Instant;
use continuity_events::json;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Lines,
    Csv,
}

/// Columns of CSV: the heading, and the path of members that leads to the value.
pub(crate) type Columns = &'static [(&'static str, &'static [&'static str])];

/// What a loan's audit log has; new columns come at the end.
pub(crate) const AUDIT_LOG: Columns = &[
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
    ("until", &["until"]),
    ("endpoint", &["endpoint"]),
    ("count", &["count"]),
];

/// What the recorded reads have.
pub(crate) const ACCESSES: Columns = &[
    ("id", &["id"]),
    ("occurredAt", &["occurredAt"]),
    ("until", &["until"]),
    ("action", &["action"]),
    ("actorId", &["actor", "id"]),
    ("actorType", &["actor", "type"]),
    ("actorName", &["actor", "displayName"]),
    ("loanRequestId", &["loanRequestId"]),
    ("targetType", &["target", "type"]),
    ("targetId", &["target", "id"]),
    ("version", &["version"]),
    ("endpoint", &["endpoint"]),
    ("count", &["count"]),
    ("scope", &["scope"]),
    ("requestId", &["requestId"]),
    ("controlPosition", &["controlPosition"]),
    ("origin", &["origin"]),
];

/// The first line of recorded reads as CSV.
pub fn accesses_head() -> String {
    head(ACCESSES)
}

/// One recorded read, given as JSON, as a line of CSV: harmless in a spreadsheet.
pub fn access_line(entry: &str) -> String {
    line(ACCESSES, entry)
}

/// One end of a range, as people write it: an RFC 3339 time, or a date, which stands for its beginning (UTC), or for its
/// end when it is the end of the range. `None` when it is neither.
pub fn time(text: &str, end: bool) -> Option<Timestamp> {
    let of_date = if end { "T23:59:59.999999Z" } else { "T00:00:00Z" };
    let instant = Instant::parse(text).or_else(|| Instant::parse(&format!("{text}{of_date}")))?;
    Some(Timestamp::from_micros(instant.unix_micros()))
}

impl Format {
    /// On offer, the preferred one first.
    pub(crate) const MEDIA_TYPES: [&'static str; 3] = ["application/json", "application/x-ndjson", "text/csv"];

    pub(crate) fn of(media_type: &str) -> Self {
        match media_type {
            "text/csv" => Self::Csv,
            "application/x-ndjson" => Self::Lines,
            _ => Self::Json,
        }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    pub(crate) fn begin(self, columns: Columns) -> Vec<u8> {
        match self {
            Self::Json => b"[".to_vec(),
            Self::Lines => Vec::new(),
            Self::Csv => head(columns).into_bytes(),
        }
    }

    /// Appends one entry, given as JSON.
    pub(crate) fn entry(self, columns: Columns, out: &mut Vec<u8>, entry: &str) {
        match self {
            Self::Json => {
                if out.len() > 1 {
                    out.push(b',');
                }
                out.extend_from_slice(entry.as_bytes());
            }
            Self::Lines => {
                // A line break inside an entry can only be blank space between its tokens: strings escape theirs.
                out.extend(entry.bytes().map(|b| if b == b'\n' || b == b'\r' { b' ' } else { b }));
                out.push(b'\n');
            }
            Self::Csv => out.extend_from_slice(line(columns, entry).as_bytes()),
        }
    }

    pub(crate) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Json {
            out.push(b']');
        }
    }
}

fn head(columns: Columns) -> String {
    let headings: Vec<&str> = columns.iter().map(|(heading, _)| *heading).collect();
    format!("{}\r\n", headings.join(","))
}

fn line(columns: Columns, entry: &str) -> String {
    let cells: Vec<String> = columns.iter().map(|(_, path)| cell(entry, path)).collect();
    format!("{}\r\n", cells.join(","))
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
        let mut out = format.begin(AUDIT_LOG);
        for entry in entries {
            format.entry(AUDIT_LOG, &mut out, entry);
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
        assert_eq!(row, "e1,7,t,A,'=cmd(),USER,TASK,\"a,b\",,,CLOUD,\"[{\"\"path\"\":\"\"x\"\"}]\",,,");
    }

    #[test]
    fn a_recorded_read_is_a_line_of_its_own_columns() {
        let read = r#"{"id":"r","actor":{"id":"c","displayName":"@evil"},"count":7,"endpoint":"listTasks"}"#;
        assert_eq!(access_line(read), "r,,,,c,,'@evil,,,,,listTasks,7,,,,\r\n");
        assert_eq!(accesses_head().matches(',').count(), access_line(read).matches(',').count());
    }

    #[test]
    fn an_end_of_a_range_is_a_time_or_a_date() {
        let micros = |text, end| time(text, end).map(Timestamp::as_micros);
        assert_eq!(micros("1970-01-02", false), Some(86_400_000_000));
        assert_eq!(micros("1970-01-01", true), Some(86_399_999_999));
        assert_eq!(micros("1970-01-01T01:00:00+01:00", true), Some(0));
        assert_eq!((micros("yesterday", true), micros("", false)), (None, None));
    }
}
