//! The page against the table of endpoints.

use super::*;
use crate::openapi::document;

#[test]
fn every_operation_and_schema_has_its_place_and_every_link_leads_there() {
    let document = document();
    let page = page(&document);
    for endpoint in TABLE {
        assert_eq!(page.matches(&format!("<article id=\"{}\">", endpoint.id)).count(), 1, "{}", endpoint.id);
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert_eq!(page.matches(&format!("<article id=\"{name}\">")).count(), 1, "{name}");
    }
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
    }
}

#[test]
fn nothing_runs_and_nothing_comes_from_elsewhere() {
    let page = page(&document());
    assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("javascript:"));
    for target in ["href=\"", "src=\""].iter().flat_map(|a| page.split(a).skip(1)) {
        let target = target.split('"').next().unwrap();
        assert!(target.starts_with(['#', '/']) || target == "data:,", "{target}");
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn text_is_shown_and_not_run() {
    assert_eq!(prose::inline("a <b> & `c<d`"), "a &lt;b&gt; &amp; <code>c&lt;d</code>");
    assert_eq!(
        paragraphs("One.\n\n## Two\n\n```sh\nx > y\n```\n"),
        "<p>One.</p>\n<h3>Two</h3>\n<figure><figcaption>sh</figcaption><pre tabindex=\"0\"><code>x &gt; y</code></pre></figure>\n"
    );
}

#[test]
fn kinds_are_read_as_people_say_them() {
    let cases = [
        (serde_json::json!({"type": "string", "format": "date-time"}), "string (date-time)"),
        (serde_json::json!({"type": ["string", "number", "null"]}), "string or number"),
        (serde_json::json!({"type": "array", "items": {"type": "string"}}), "array of strings"),
        (
            serde_json::json!({"anyOf": [{"$ref": "#/components/schemas/Deed"}, {"type": "null"}]}),
            "<a href=\"#Deed\">Deed</a>",
        ),
        (serde_json::json!({}), "anything"),
    ];
    for (schema, expected) in cases {
        assert_eq!(schema::kind(&schema), expected);
    }
}
