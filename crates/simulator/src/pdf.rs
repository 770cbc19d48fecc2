//! Small, real PDF files: one page of text, a cross-reference table, nothing else.

use std::fmt::Write;

/// A PDF 1.4 file of one A4 page that shows `title` and `lines` (ASCII is shown as it is, anything else as `?`).
pub(crate) fn document(title: &str, lines: &[String]) -> Vec<u8> {
    let stream = page_text(title, lines);
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        format!("<< /Title ({}) /Producer (Harbour Bank origination platform) >>", escaped(title)),
    ];
    assemble(&objects)
}

fn assemble(objects: &[String]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::with_capacity(objects.len());
    for (i, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", i + 1);
    }
    let xref = out.len();
    let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(out, "{offset:010} 00000 n ");
    }
    let size = objects.len() + 1;
    let _ = write!(out, "trailer\n<< /Size {size} /Root 1 0 R /Info {} 0 R >>\nstartxref\n{xref}\n%%EOF\n", size - 1);
    out.into_bytes()
}

/// The instructions that show `title` and `lines` on a page.
pub(crate) fn page_text(title: &str, lines: &[String]) -> String {
    let mut out = format!("BT /F1 16 Tf 56 780 Td ({}) Tj ET\n", escaped(title));
    for (i, line) in lines.iter().enumerate() {
        let _ = writeln!(out, "BT /F1 10 Tf 56 {} Td ({}) Tj ET", 750_usize.saturating_sub(i * 14), escaped(line));
    }
    out.pop();
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' | ')' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Checks header, trailer, and that every cross-reference entry points at its object; says what is wrong.
    pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
        let whole = text.starts_with("%PDF-1.4\n") && text.ends_with("%%EOF\n");
        whole.then_some(()).ok_or("no header or no end")?;
        let tail = text.rsplit("startxref\n").next().ok_or("no startxref")?;
        let xref: usize = tail.lines().next().unwrap_or("").parse().map_err(|_| "startxref is no number")?;
        let table = text.get(xref..).filter(|t| t.starts_with("xref\n0 ")).ok_or("startxref does not point at xref")?;
        let count: usize = table[7..].lines().next().unwrap_or("").parse().map_err(|_| "no size")?;
        let entries = table.split_once("65535 f \n").ok_or("no free entry")?.1.as_bytes();
        for object in 1..count {
            let entry = std::str::from_utf8(&entries[(object - 1) * 20..object * 20]).map_err(|e| e.to_string())?;
            let offset: usize = entry[..10].parse().map_err(|_| "bad offset")?;
            let there = text[offset..].starts_with(&format!("{object} 0 obj\n"));
            there.then_some(()).ok_or_else(|| format!("object {object} is not where the table says"))?;
        }
        let length: usize = text
            .split_once("/Length ")
            .and_then(|(_, t)| t.split(' ').next())
            .unwrap_or("")
            .parse()
            .map_err(|_| "no length")?;
        let stream = text.split_once("stream\n").ok_or("no stream")?.1;
        stream[length..]
            .starts_with("\nendstream")
            .then_some(())
            .ok_or_else(|| "the stream has another length".to_owned())
    }

    #[test]
    fn is_a_whole_pdf() {
        let lines: Vec<String> = (0..30).map(|i| format!("Line {i} (brackets) and \\ and é")).collect();
        let bytes = document("Sanction letter (copy)", &lines);
        assert_eq!(check(&bytes), Ok(()));
        assert!(bytes.len() > 1_000 && bytes.len() < 8_192);
    }

    #[test]
    fn the_check_notices_damage() {
        let good = String::from_utf8(document("t", &[])).unwrap();
        assert!(check(good.replace("%%EOF", "%%EO").as_bytes()).is_err());
        assert!(check(good.replace("1 0 obj", "1 0  obj").as_bytes()).is_err());
        assert!(check(good.replace("Helvetica", "Helvetic").replace("(t)", "(ttt)").as_bytes()).is_err());
    }
}
