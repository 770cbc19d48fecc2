//! The platform's own lines, taken apart again: what a transport needs to know of an event.

/// The top-level members of an event, names and values as written, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    members: Vec<(&'a str, &'a str)>,
}

/// Prefix of a loan event's `subject`.
const LOAN_SUBJECT: &str = "loan-requests/";

impl<'a> Envelope<'a> {
    /// Takes `line` apart; `None` when it is no object that comes to its end.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let mut rest = line.strip_prefix('{')?;
        let mut members = Vec::with_capacity(12);
        loop {
            let end = string_end(rest)?;
            let name = &rest[1..end - 1];
            rest = rest[end..].strip_prefix(':')?;
            let end = value_end(rest)?;
            members.push((name, &rest[..end]));
            rest = &rest[end..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        (rest == "}").then_some(Self { members })
    }

    /// All members.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.members.iter().copied()
    }

    /// The value of a member, as written.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.members.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// The text of a member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.raw(name).and_then(unquoted)
    }

    /// The loan that the event is about; none for control events.
    pub(crate) fn loan(&self) -> Option<String> {
        Some(self.text("subject")?.strip_prefix(LOAN_SUBJECT)?.to_owned())
    }

    /// The `sequence`, where there is one.
    pub(crate) fn sequence(&self) -> Option<u64> {
        self.text("sequence")?.parse().ok()
    }

    /// The event's name, without the prefix of its type.
    pub(crate) fn name(&self) -> &'a str {
        let raw = self.raw("type").unwrap_or_default().trim_matches('"');
        raw.strip_prefix("com.banclo.").unwrap_or(raw)
    }

    /// What stands behind the loan in a NATS subject: the entity, `snapshot` for a snapshot.
    pub(crate) fn entity_token(&self) -> String {
        if self.name() == "LoanRequestSnapshot" {
            return "snapshot".to_owned();
        }
        let entity = self.raw("data").and_then(Envelope::of).and_then(|data| data.text("entity"));
        entity.unwrap_or_else(|| "unknown".to_owned())
    }
}

/// The text of a JSON string; `None` when `raw` is none.
pub(crate) fn unquoted(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'u' => out.push(escaped(&mut chars)?),
            other => out.push(other),
        }
    }
    Some(out)
}

fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let first = four_digits(chars)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    if chars.next()? != '\\' || chars.next()? != 'u' {
        return None;
    }
    let second = four_digits(chars)?.checked_sub(0xdc00)?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)
}

fn four_digits(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + chars.next()?.to_digit(16)?))
}

/// Where the string at the beginning of `text` ends, its closing quote included.
fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where the value at the beginning of `text` ends.
fn value_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at += string_end(&text[at..])?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b',' | b'}' | b']' if depth == 0 => return (at > 0).then_some(at),
            _ => at += 1,
        }
        if depth == 0 && matches!(bytes.get(at), Some(b',' | b'}')) {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_apart_as_written() {
        let line = r#"{"id":"a\"b","subject":"loan-requests/x \u00e9\ud83d\ude00","type":"com.banclo.TaskAssigned","shard":7,"sequence":"12","data":{"entity":"task","n":[1,{"}":"]"}]}}"#;
        let envelope = Envelope::of(line).unwrap();
        assert_eq!(envelope.text("id").as_deref(), Some("a\"b"));
        assert_eq!(envelope.loan().as_deref(), Some("x é😀"));
        assert_eq!(
            (envelope.name(), envelope.sequence(), envelope.raw("shard")),
            ("TaskAssigned", Some(12), Some("7"))
        );
        assert_eq!(envelope.raw("data"), Some(r#"{"entity":"task","n":[1,{"}":"]"}]}"#));
        assert_eq!(envelope.entity_token(), "task");
        assert_eq!(envelope.members().count(), 6);
    }

    #[test]
    fn what_does_not_come_to_its_end_is_no_event() {
        for line in ["", "{", "[]", "not json", r#"{"a":1"#, r#"{"a":"b}"#, r#"{"a":{}}}"#, r#"{"a":}"#, r#"{"a"}"#] {
            assert_eq!(Envelope::of(line), None, "{line}");
        }
    }

    #[test]
    fn control_events_have_no_loan() {
        let envelope = Envelope::of(r#"{"subject":"control","type":"com.banclo.SourceHeartbeat","data":{"at":"x"}}"#);
        let envelope = envelope.unwrap();
        assert_eq!((envelope.loan(), envelope.sequence(), envelope.name()), (None, None, "SourceHeartbeat"));
    }
}
