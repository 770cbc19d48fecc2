//! Raw bytes, for people: as text, or as digits with what is legible beside them.

/// Bytes that are shown as text, at most.
const TEXT: usize = 16 << 10;
/// Bytes that are shown as digits, at most.
const DIGITS: usize = 4 << 10;
/// Bytes of a line.
const LINE: usize = 16;

/// The beginning of a text, and whether that is all of it.
pub(super) fn text(text: &str) -> (String, bool) {
    let mut end = text.len().min(TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text[..end].to_owned(), end == text.len())
}

/// Lines of digits of the bytes that `hex` stands for, and how many bytes they show.
pub(super) fn dump(hex: &str) -> (String, usize) {
    let bytes = hex::decode(hex).unwrap_or_default();
    let shown = &bytes[..bytes.len().min(DIGITS)];
    let lines = shown.chunks(LINE).enumerate().map(|(number, line)| {
        let digits: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let legible =
            line.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' });
        format!("{:08x}  {:<47}  {}", number * LINE, digits.join(" "), legible.collect::<String>())
    });
    (lines.collect::<Vec<_>>().join("\n"), shown.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_between_characters() {
        let long = "é".repeat(TEXT);
        let (shown, whole) = text(&long[..]);
        assert!(shown.len() == TEXT && !whole);
        let (shown, whole) = text(&format!("a{long}"));
        assert!(shown.len() == TEXT - 1 && !whole);
        assert_eq!(text("{}"), ("{}".to_owned(), true));
    }

    #[test]
    fn digits_stand_beside_what_is_legible() {
        let (lines, shown) = dump(&hex::encode(b"<b>\xff\n0123456789ABC"));
        let digits = "00000000  3c 62 3e ff 0a 30 31 32 33 34 35 36 37 38 39 41  <b>..0123456789A\n";
        assert!(lines.starts_with(digits) && lines.ends_with("  BC"), "{lines}");
        assert_eq!(shown, 18);
        assert_eq!(dump(&"00".repeat(DIGITS + 1)).1, DIGITS);
        assert_eq!(dump("x"), (String::new(), 0));
    }
}
