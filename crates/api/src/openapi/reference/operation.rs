//! One operation of the page.

use serde_json::{Map, Value};

use super::prose::{block, escape, inline, paragraphs};
use super::{put, schema, text};
use crate::endpoint::{Endpoint, Verb};

pub(super) fn write(page: &mut String, document: &Value, endpoint: &Endpoint) {
    let (verb, method) = match endpoint.verb {
        Verb::Get => ("get", "GET"),
        Verb::GetOrPost => ("get", "GET or POST"),
        Verb::Post => ("post", "POST"),
        Verb::Patch => ("patch", "PATCH"),
        Verb::Delete => ("delete", "DELETE"),
    };
    let operation = &document["paths"][endpoint.path][verb];
    let (id, summary) = (endpoint.id, escape(endpoint.summary));
    put(page, format_args!("<article id=\"{id}\">\n<h3><a href=\"#{id}\">{summary}</a></h3>\n"));
    let path = escape(endpoint.path).replace('/', "/<wbr>");
    put(
        page,
        format_args!("<p class=\"path\"><span class=\"method {verb}\">{method}</span> <code>{path}</code></p>\n"),
    );
    scopes(page, operation);
    page.push_str(&paragraphs(text(operation, "description")));
    parameters(page, document, operation);
    body(page, operation);
    page.push_str("<h4>Answers</h4>\n");
    for (status, response) in members(&operation["responses"]) {
        answer(page, document, status, response);
    }
    samples(page, operation);
    page.push_str("</article>\n");
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// What a reference leads to; anything else is itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn scopes(page: &mut String, operation: &Value) {
    let alternatives = || operation["security"].as_array().into_iter().flatten();
    let names: Vec<String> = alternatives()
        .filter_map(|alternative| Some(format!("<code>{}</code>", escape(alternative["oauth2"][0].as_str()?))))
        .collect();
    match names.as_slice() {
        [] if alternatives().any(|alternative| alternative.get("session").is_some()) => {
            page.push_str(
                "<p class=\"scope\">For people who are signed in, or their application with <code>admin</code></p>\n",
            );
        }
        [] if alternatives().next().is_some() => {
            page.push_str("<p class=\"scope\">For applications that a person let in</p>\n");
        }
        [] => page.push_str("<p class=\"scope\">Open to anybody</p>\n"),
        names => put(page, format_args!("<p class=\"scope\">Needs {}</p>\n", names.join(" or "))),
    }
}

fn parameters(page: &mut String, document: &Value, operation: &Value) {
    let mut rows = String::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(document, parameter);
        let (name, place) = (escape(text(parameter, "name")), text(parameter, "in"));
        let kind = schema::kind(&parameter["schema"]);
        let description = inline(text(parameter, "description"));
        let bounds = bounds(&parameter["schema"]);
        put(
            &mut rows,
            format_args!(
                "<dt><code>{name}</code> <small>{place} · {kind}</small></dt>\n<dd>{description}{bounds}</dd>\n"
            ),
        );
    }
    if !rows.is_empty() {
        let count = rows.matches("<dt>").count();
        let open = if count <= 16 { " open" } else { "" };
        put(
            page,
            format_args!(
                "<details class=\"block\"{open}><summary>Parameters <small>{count}</small></summary>\n<dl>\n{rows}</dl></details>\n"
            ),
        );
    }
}

/// Default, bounds, words and an example of a parameter.
fn bounds(schema: &Value) -> String {
    let shown = |value: &Value| match value.as_str() {
        Some(text) => format!("<code>{}</code>", escape(text)),
        None => format!("<code>{}</code>", escape(&value.to_string())),
    };
    let mut parts = Vec::new();
    if let Some(words) = schema["enum"].as_array() {
        parts.push(format!("One of {}.", words.iter().map(shown).collect::<Vec<_>>().join(", ")));
    }
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, _) | (_, Value::Null) => {}
        (least, most) => parts.push(format!("From {least} to {most}.")),
    }
    if !schema["default"].is_null() {
        parts.push(format!("Default: {}.", shown(&schema["default"])));
    } else if let Some(example) = schema["examples"].get(0) {
        let example = example.get(0).unwrap_or(example);
        parts.push(format!("Example: {}.", shown(example)));
    }
    if parts.is_empty() { String::new() } else { format!(" <small>{}</small>", parts.join(" ")) }
}

fn body(page: &mut String, operation: &Value) {
    let Some(content) = operation["requestBody"]["content"].as_object() else { return };
    let types: Vec<String> = content.keys().map(|name| format!("<code>{}</code>", escape(name))).collect();
    let kind = content.values().next().map_or(String::new(), |first| schema::kind(&first["schema"]));
    let description = inline(text(&operation["requestBody"], "description"));
    put(page, format_args!("<h4>Body</h4>\n<p>{description} {kind}, as {}.</p>\n", types.join(" or ")));
}

fn answer(page: &mut String, document: &Value, status: &str, response: &Value) {
    let response = resolved(document, response);
    let description = inline(text(response, "description"));
    let class = if status < "400" { "good" } else { "bad" };
    put(
        page,
        format_args!(
            "<details class=\"answer {class}\"><summary><b>{status}</b> <span>{description}</span></summary>\n"
        ),
    );
    for (media_type, content) in members(&response["content"]) {
        let kind = schema::kind(&content["schema"]);
        let of = if kind.is_empty() { String::new() } else { format!(": {kind}") };
        put(page, format_args!("<p><code>{}</code>{of}</p>\n", escape(media_type)));
    }
    page.push_str("<dl>\n");
    for (name, header) in members(&response["headers"]) {
        let description = inline(text(resolved(document, header), "description"));
        put(page, format_args!("<dt><code>{name}</code></dt>\n<dd>{description}</dd>\n"));
    }
    page.push_str("</dl></details>\n");
}

fn samples(page: &mut String, operation: &Value) {
    page.push_str("<details class=\"block\"><summary>Samples <small>curl, Python, JavaScript</small></summary>\n");
    for sample in operation["x-codeSamples"].as_array().into_iter().flatten() {
        page.push_str(&block(text(sample, "label"), text(sample, "source")));
    }
    page.push_str("</details>\n");
}
