//! `/~/open-api/`: Swagger UI, the OpenAPI document, and the same as a page to read. Nothing comes from another host.

use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::openapi;
use crate::problem::Problem;
use crate::reply::{Caching, Reply};

static HTML: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API documentation</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/~/open-api/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>Without scripts, read <a href="/~/open-api/reference">the reference</a>.</noscript>
<script src="/~/open-api/swagger-ui-bundle.js"></script>
<script src="/~/open-api/start.js"></script>
</body>
</html>
"#;

static SCRIPT: &str = r##"window.ui = SwaggerUIBundle({
  url: "/~/open-api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
"##;

/// Swagger UI sets styles from script and shows inlined pictures; beyond that nothing but this host.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The page to read runs nothing, and has one style.
const READING: &str =
    "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const fn endpoint(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    media_type: &'static str,
    handler: fn(&Call) -> Result<Reply, Problem>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Get,
        path,
        id,
        tag: Tag::Documentation,
        summary,
        description: "",
        access: Access::Open,
        params: &[],
        answer: Answer::Media(media_type),
        handler: Handler::Read(handler),
    }
}

pub(crate) static PAGE: Endpoint = endpoint("/~/open-api/", "getDocumentation", "These pages", "text/html", |_| {
    asset("text/html; charset=utf-8", HTML)
});
pub(crate) static DOCUMENT: Endpoint =
    endpoint("/~/open-api/openapi.json", "getOpenApi", "This document", "application/json", |_| {
        asset("application/json", openapi::text())
    });
pub(crate) static BUNDLE: Endpoint =
    endpoint("/~/open-api/swagger-ui-bundle.js", "getDocumentationScript", "Swagger UI", "text/javascript", |_| {
        asset("text/javascript; charset=utf-8", &include_bytes!("../../assets/swagger-ui-bundle.js")[..])
    });
pub(crate) static STYLE: Endpoint =
    endpoint("/~/open-api/swagger-ui.css", "getDocumentationStyle", "Swagger UI's style", "text/css", |_| {
        asset("text/css; charset=utf-8", &include_bytes!("../../assets/swagger-ui.css")[..])
    });
pub(crate) static START: Endpoint =
    endpoint("/~/open-api/start.js", "getDocumentationStart", "What starts Swagger UI", "text/javascript", |_| {
        asset("text/javascript; charset=utf-8", SCRIPT)
    });

pub(crate) static REFERENCE: Endpoint =
    endpoint("/~/open-api/reference", "getReference", "The document as a page to read", "text/html", |_| {
        guarded("text/html; charset=utf-8", openapi::page(), READING)
    });
pub(crate) static REFERENCE_STYLE: Endpoint =
    endpoint("/~/open-api/reference.css", "getReferenceStyle", "The style of that page", "text/css", |_| {
        asset("text/css; charset=utf-8", openapi::STYLE)
    });

fn asset(content_type: &'static str, body: impl Into<Bytes>) -> Result<Reply, Problem> {
    guarded(content_type, body, POLICY)
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every handler")]
fn guarded(content_type: &'static str, body: impl Into<Bytes>, policy: &str) -> Result<Reply, Problem> {
    Ok(Reply::of(content_type, body)
        .caching(Caching::Public)
        .header(CONTENT_SECURITY_POLICY, policy)
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_no_other_host() {
        for text in [HTML, SCRIPT] {
            assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("=\"//"));
        }
    }
}
