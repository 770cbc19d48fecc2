//! The document as one page to read: no script, nothing from another host, light and dark, and it prints.

mod operation;
mod prose;
mod schema;

use std::fmt::Write;

use serde_json::Value;

use crate::endpoint::{Endpoint, Tag};
use crate::routes::TABLE;
use prose::{escape, paragraphs};

/// The style of the page.
pub(crate) static STYLE: &str = include_str!("reference/style.css");

/// The page of a document.
pub(super) fn page(document: &Value) -> String {
    let info = &document["info"];
    let title = escape(text(info, "title"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/~/open-api/reference.css\">\n</head>\n<body>\n"
    );
    navigation(&mut page, document, &title);
    page.push_str("<main>\n<header id=\"top\">\n");
    let (version, summary) = (escape(text(info, "version")), escape(text(info, "summary")));
    put(&mut page, format_args!("<p class=\"eyebrow\">Version {version}</p>\n<h1>{title}</h1>\n"));
    put(&mut page, format_args!("<p class=\"lead\">{summary}.</p>\n{}", paragraphs(text(info, "description"))));
    page.push_str("<p><a href=\"/~/open-api/\">Try it in the browser</a> · <a href=\"/~/open-api/openapi.json\">The document itself, OpenAPI 3.1</a></p>\n</header>\n");
    for tag in Tag::ALL {
        let (name, description) = (tag.name(), tag.description());
        put(
            &mut page,
            format_args!(
                "<section class=\"tag\" id=\"{}\">\n<h2>{name}</h2>\n{}",
                anchor(name),
                paragraphs(description)
            ),
        );
        for endpoint in of(tag) {
            operation::write(&mut page, document, endpoint);
        }
        page.push_str("</section>\n");
    }
    schema::write_all(&mut page, document);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// The operations under a heading.
fn of(tag: Tag) -> impl Iterator<Item = &'static Endpoint> {
    TABLE.iter().copied().filter(move |endpoint| endpoint.tag == tag)
}

fn navigation(page: &mut String, document: &Value, title: &str) {
    put(page, format_args!("<nav aria-label=\"Contents\">\n<a class=\"brand\" href=\"#top\">{title}</a>\n"));
    for tag in Tag::ALL {
        put(page, format_args!("<details open><summary>{}</summary>\n<ul>\n", tag.name()));
        for endpoint in of(tag) {
            put(page, format_args!("<li><a href=\"#{}\">{}</a></li>\n", endpoint.id, escape(endpoint.summary)));
        }
        page.push_str("</ul></details>\n");
    }
    page.push_str("<details><summary>Schemas</summary>\n<ul>\n");
    for name in document["components"]["schemas"].as_object().into_iter().flat_map(serde_json::Map::keys) {
        put(page, format_args!("<li><a href=\"#{name}\">{name}</a></li>\n"));
    }
    page.push_str("</ul></details>\n</nav>\n");
}

/// A heading as the name of a place.
fn anchor(heading: &str) -> String {
    heading.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests;
