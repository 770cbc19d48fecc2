//! The schemas of the page.

use serde_json::Value;

use super::prose::{block, escape, inline};
use super::{put, text};

/// Every schema of the document.
pub(super) fn write_all(page: &mut String, document: &Value) {
    page.push_str("<section class=\"tag\" id=\"schemas\">\n<h2>Schemas</h2>\n<p>Objects are open: members that are not listed are sent as the platform sent them. What is optional may be null as well as absent.</p>\n");
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    for (name, schema) in schemas {
        put(page, format_args!("<article id=\"{name}\">\n<h3><a href=\"#{name}\">{name}</a></h3>\n"));
        put(page, format_args!("<p>{}</p>\n<dl>\n", inline(text(schema, "description"))));
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        for (member, inner) in schema["properties"].as_object().into_iter().flatten() {
            let optional = if required.iter().any(|r| r == member) { "" } else { " · optional" };
            let (kind, description) = (kind(inner), inline(text(inner, "description")));
            put(
                page,
                format_args!(
                    "<dt><code>{member}</code> <small>{kind}{optional}</small></dt>\n<dd>{description}</dd>\n"
                ),
            );
        }
        page.push_str("</dl>\n");
        if let Some(example) = schema["examples"].get(0) {
            page.push_str("<details class=\"block\"><summary>Example</summary>\n");
            page.push_str(&block("JSON", &format!("{example:#}")));
            page.push_str("</details>\n");
        }
        page.push_str("</article>\n");
    }
    page.push_str("</section>\n");
}

/// What a schema admits, in a word or two.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let mut kinds: Vec<String> = alternatives.iter().map(kind).filter(|kind| !kind.is_empty()).collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    let format = schema["format"].as_str().map_or(String::new(), |format| format!(" ({})", escape(format)));
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("array of {}", one_of(&schema["items"])),
        Value::String(kind) if kind == "null" => String::new(),
        Value::String(kind) => format!("{kind}{format}"),
        Value::Array(kinds) if kinds.iter().any(|kind| kind == "array") => {
            format!("array of {}", one_of(&schema["items"]))
        }
        Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect();
            format!("{}{format}", kinds.join(" or "))
        }
        _ if schema.is_object() => "anything".to_owned(),
        _ => String::new(),
    }
}

fn one_of(items: &Value) -> String {
    let kind = kind(items);
    if kind.starts_with('<') || kind == "anything" { kind } else { format!("{kind}s") }
}
