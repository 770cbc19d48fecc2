//! The little Markdown that descriptions use: paragraphs, headings, code spans, blocks of code.

/// Text as HTML shows it.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One paragraph: `code` between backticks.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in escape(text).split('`').enumerate() {
        match n % 2 {
            0 => out.push_str(part),
            _ => out.extend(["<code>", part, "</code>"]),
        }
    }
    out
}

/// A whole description.
pub(super) fn paragraphs(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split("```").enumerate() {
        if n % 2 == 1 {
            let (language, code) = part.split_once('\n').unwrap_or(("", part));
            out.push_str(&block(language, code.trim_end()));
            continue;
        }
        for paragraph in part.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
            let html = match paragraph.strip_prefix("## ") {
                Some(heading) => ["<h3>", &inline(heading), "</h3>\n"].concat(),
                None => ["<p>", &inline(paragraph), "</p>\n"].concat(),
            };
            out.push_str(&html);
        }
    }
    out
}

/// A block of code; it can be reached by keyboard, so that it can be scrolled.
pub(super) fn block(label: &str, code: &str) -> String {
    format!(
        "<figure><figcaption>{}</figcaption><pre tabindex=\"0\"><code>{}</code></pre></figure>\n",
        escape(label),
        escape(code)
    )
}
