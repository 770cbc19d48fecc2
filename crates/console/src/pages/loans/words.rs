//! What the platform writes, as people read it.

use crate::json::{Node, plain};
use crate::texts::Texts;
use crate::when::When;

/// A word of the platform (`SALE_AGREEMENT`, `kycComplete`) as one writes it.
pub(crate) fn spoken(word: &str) -> String {
    let is_code = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_code {
        return plain(word);
    }
    let mut spoken = String::with_capacity(word.len() + 4);
    let mut before = '_';
    for c in word.chars() {
        if c == '_' || (c.is_ascii_uppercase() && before.is_ascii_lowercase()) {
            spoken.push(' ');
        }
        if c != '_' {
            spoken.push(if spoken.is_empty() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
        }
        before = c;
    }
    spoken
}

/// A word of the platform in words of the catalogue; as it came where there are none.
pub(crate) fn word(t: &Texts, node: &Node) -> String {
    plain(t.loans.word(node.raw()))
}

/// Who it was: the name, else the id.
pub(crate) fn who(actor: &Node) -> String {
    let name = actor.text("displayName");
    let name = if name.is_empty() { actor.text("id") } else { name };
    let for_whom = actor.at("onBehalfOf").text("displayName");
    if for_whom.is_empty() { name } else { format!("{name} ({for_whom})") }
}

/// A time of the platform, if there is one.
pub(crate) fn when(t: &Texts, node: &Node) -> Option<When> {
    Some(node.raw()).filter(|text| !text.is_empty()).map(|text| When::read(t, &plain(text)))
}

/// A size in bytes, as people say it.
pub(crate) fn size(bytes: &str) -> String {
    let Ok(count) = bytes.parse::<u64>() else { return plain(bytes) };
    let tenths = |unit: u64| format!("{}.{}", count / unit, count % unit * 10 / unit);
    match count {
        ..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// One line of something that is shown whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// How far within; four at most.
    pub(crate) depth: usize,
    pub(crate) label: String,
    /// Empty where lines within follow.
    pub(crate) value: String,
    pub(crate) is_number: bool,
}

/// The lines of a value, `most` at most.
pub(crate) fn lines(label: &str, node: &Node, most: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    add(&mut lines, (0, label.to_owned()), node, most);
    lines
}

fn add(lines: &mut Vec<Line>, (depth, label): (usize, String), node: &Node, most: usize) {
    if lines.len() >= most {
        return;
    }
    let line = |value: String, is_number| Line { depth: depth.min(4), label: label.clone(), value, is_number };
    match node {
        Node::Nothing => lines.push(line("–".to_owned(), false)),
        Node::Text(text) | Node::Literal(text) => lines.push(line(plain(text), is_number(text))),
        Node::List(list) if list.is_empty() => lines.push(line("–".to_owned(), false)),
        Node::List(list) => {
            lines.push(line(String::new(), false));
            for (number, element) in list.iter().enumerate() {
                add(lines, (depth + 1, (number + 1).to_string()), element, most);
            }
        }
        Node::Members(members) => {
            let is_outermost = label.is_empty();
            if !is_outermost {
                lines.push(line(String::new(), false));
            }
            for (name, value) in members {
                add(lines, (depth + usize::from(!is_outermost), spoken(name)), value, most);
            }
        }
    }
}

/// Whether a text is written as a number.
pub(crate) fn is_number(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE,".contains(&byte))
        && !text.starts_with(['e', 'E', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_spoken() {
        for (word, expected) in [
            ("SALE_AGREEMENT", "Sale agreement"),
            ("kycComplete", "Kyc complete"),
            ("deed", "Deed"),
            ("", ""),
            ("<b>", "<b>"),
            ("In Person", "In Person"),
        ] {
            assert_eq!(spoken(word), expected);
        }
    }

    #[test]
    fn sizes_are_said() {
        for (bytes, expected) in
            [("0", "0 B"), ("999", "999 B"), ("18048", "18.0 kB"), ("2500000", "2.5 MB"), ("x", "x")]
        {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn a_value_is_told_in_lines() {
        let node = Node::parse(br#"{"netIncome":3150.0,"parts":[{"a":null}],"note":"x"}"#).unwrap();
        let shown: Vec<String> = lines("", &node, 10)
            .iter()
            .map(|line| format!("{}{}={}{}", line.depth, line.label, line.value, if line.is_number { "#" } else { "" }))
            .collect();
        assert_eq!(shown, ["0Net income=3150.0#", "0Parts=", "11=", "2A=–", "0Note=x"]);
        assert_eq!(lines("", &node, 2).len(), 2);
    }
}
