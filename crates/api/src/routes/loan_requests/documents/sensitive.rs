//! Sensitive documents: bytes of one leave only once that is on record, alone (a download) or within a list (`INLINE`).

use continuity_auth::Accessed;
use continuity_events::json;
use continuity_projections::documents;

use crate::access;
use crate::call::Call;
use crate::problem::Problem;

/// Whether a document, given as JSON, is `sensitive`: anything but absent, `null` and `false`, because a doubt must be on
/// record.
pub(crate) fn is(document: &str) -> bool {
    json::member(document, "sensitive").is_some_and(|raw| !matches!(raw, "false" | "null"))
}

/// Whether the document is sensitive now, where it is asked for as of an earlier point.
pub(crate) fn is_now(call: &Call, loan: &str, id: &str) -> Result<bool, Problem> {
    let Some(model) = call.model_now("documents")? else { return Ok(false) };
    let now = documents::get(model, loan, id).map_err(|e| Problem::store(&e))?;
    Ok(now.is_some_and(|now| is(&String::from_utf8_lossy(&now))))
}

/// The ids of the sensitive documents of an array that bytes are within, as far as the query's `fields` show them.
pub(crate) fn with_bytes(call: &Call, array: &str) -> Vec<String> {
    let mut fields = call.query.texts("fields").filter(|name| !name.is_empty()).peekable();
    let shown = fields.peek().is_none() || fields.any(|name| name == "blob" || name == "versions");
    // As of an earlier point it does not count what they were: all are on record.
    let past = call.as_of.is_some();
    if shown { holding_bytes(array, past) } else { Vec::new() }
}

fn holding_bytes(array: &str, whatever: bool) -> Vec<String> {
    const NAME: &str = "\"base64\"";
    if !array.contains(NAME) {
        return Vec::new();
    }
    let documents = json::elements(array).unwrap_or_default().into_iter();
    let wanted = documents.filter(|document| document.contains(NAME) && (whatever || is(document)));
    wanted.map(|document| json::member(document, "id").and_then(json::text).unwrap_or_default().into_owned()).collect()
}

/// Records that the bytes of these are about to leave.
pub(crate) async fn record(call: &Call, loan: &str, ids: Vec<String>) -> Result<(), Problem> {
    for document in ids {
        let what = Accessed::Document { document, version: None, endpoint: call.endpoint.id };
        access::record(call, loan, what).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_documents_with_bytes_are_found() {
        let bytes = r#""blob":{"fetch":{"kind":"INLINE","base64":"aA=="}}"#;
        let array = format!(
            r#"[{{"id":"a",{bytes}}},{{"id":"b","sensitive":true,{bytes}}},{{"id":"c","sensitive":true}},
                {{"id":"d","sensitive":false,{bytes}}},{{"id":"e","sensitive":"yes","versions":[{{{bytes}}}]}}]"#
        );
        assert_eq!(holding_bytes(&array, false), ["b", "e"]);
        assert!(!is(r#"{"sensitive":null}"#));
    }
}
