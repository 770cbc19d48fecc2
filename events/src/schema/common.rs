//! What the schemas share: the envelope, the forms of `data`, blob references.

use serde_json::{Value, json};

use super::DIALECT;
use crate::catalogue;

/// A reference to a shared definition from a schema of an event.
pub(super) fn reference(definition: &str) -> Value {
    reference_from("common.json", definition)
}

pub(super) fn reference_from(file: &str, definition: &str) -> Value {
    json!({ "$ref": format!("{file}#/definitions/{definition}") })
}

/// The definition of the `data` of an event that changes no single entity.
pub(super) fn data_of(name: &str) -> &'static str {
    match name {
        catalogue::SNAPSHOT => "snapshot",
        catalogue::ERASURE => "erasure",
        catalogue::HEARTBEAT => "heartbeat",
        catalogue::SNAPSHOT_STARTED | catalogue::SNAPSHOT_COMPLETED => "snapshotBracket",
        catalogue::MANIFEST => "manifest",
        _ => "announcement",
    }
}

/// The definitions that the other schemas refer to.
pub fn common_schema() -> Value {
    json!({
        "$schema": DIALECT,
        "title": "Shared definitions",
        "definitions": {
            "envelope": envelope(),
            "loanSubject": { "type": "string", "pattern": "^loan-requests/.+$" },
            "sequence": {
                "description": "Gapless per subject, from 1.", "type": "string", "pattern": "^[1-9][0-9]{0,18}$"
            },
            "text": { "type": "string", "minLength": 1 },
            "version": { "type": "integer", "minimum": 1 },
            "digest": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "change": change(),
            "changes": changes(),
            "blob": blob(),
            "entities": entities(),
            "snapshot": {
                "type": "object",
                "required": ["asOfSequence", "entities"],
                "properties": {
                    "asOfSequence": { "type": "integer", "minimum": 1 }, "entities": own("entities")
                }
            },
            "erasure": erasure(),
            "heartbeat": { "type": "object", "required": ["at"], "properties": { "at": time() } },
            "snapshotBracket": {
                "type": "object",
                "required": ["snapshotId"],
                "properties": { "snapshotId": { "type": "string" }, "loanRequests": count(), "entities": count() }
            },
            "manifest": manifest(),
            "announcement": {
                "type": "object", "properties": { "from": time(), "until": time(), "note": { "type": "string" } }
            }
        }
    })
}

fn envelope() -> Value {
    json!({
        "description": "CloudEvents 1.0 in structured JSON mode. Other attributes are welcome and kept.",
        "type": "object",
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "description": "Unique within source; a redelivery repeats it.", "type": "string", "minLength": 1 },
            "source": { "type": "string", "format": "uri-reference", "minLength": 1 },
            "type": own("text"),
            "subject": own("text"),
            "time": time(),
            "sequence": own("sequence"),
            "partitionkey": { "type": "string" },
            "actor": { "description": "JSON text of {id, type, displayName?, role?}.", "type": "string" },
            "datacontenttype": { "type": "string" },
            "dataschema": {
                "description": "Ends in the payload's major version; absent means 1.", "type": "string", "format": "uri"
            },
            "traceparent": { "type": "string" }
        }
    })
}

fn change() -> Value {
    json!({
        "description": "One change of one entity: exactly one of an after-image, `after: null`, or a merge patch.",
        "type": "object",
        "required": ["entity", "id", "version"],
        "properties": {
            "entity": own("text"),
            "id": own("text"),
            "parent": { "description": "Absent: unchanged.", "type": "object" },
            "version": own("version"),
            "after": { "type": ["object", "null"] },
            "patch": { "description": "JSON Merge Patch, RFC 7396.", "type": "object" },
            "baseVersion": { "type": "integer", "minimum": 0 },
            "changes": own("changes"),
            "reason": { "type": "string" },
            "correctsEventId": own("text")
        },
        "oneOf": [
            { "required": ["after"], "not": { "anyOf": [{ "required": ["patch"] }, { "required": ["baseVersion"] }] } },
            { "required": ["patch", "baseVersion"], "not": { "required": ["after"] } }
        ]
    })
}

fn changes() -> Value {
    json!({
        "type": "array",
        "items": { "type": "object", "properties": { "field": { "type": "string" }, "from": true, "to": true } }
    })
}

fn blob() -> Value {
    json!({
        "description": "A reference to bytes, addressed by their SHA-256. INLINE up to 64 KiB only.",
        "type": "object",
        "required": ["sha256", "sizeBytes", "fetch"],
        "properties": {
            "blobId": { "type": "string" },
            "sha256": own("digest"),
            "sizeBytes": count(),
            "mediaType": { "type": "string" },
            "fileName": { "type": "string" },
            "fetch": {
                "type": "object",
                "required": ["kind"],
                "properties": {
                    "kind": { "enum": ["OBJECT_STORE", "URL", "INLINE"] },
                    "bucket": { "type": "string" },
                    "key": { "type": "string" },
                    "url": { "type": "string", "format": "uri" },
                    "base64": { "type": "string", "contentEncoding": "base64" }
                }
            }
        }
    })
}

fn entities() -> Value {
    json!({
        "description": "Every entity of the loan; one that is not listed is gone.",
        "type": "array",
        "items": {
            "type": "object",
            "required": ["entity", "id", "after"],
            "properties": {
                "entity": own("text"),
                "id": own("text"),
                "parent": { "type": "object" },
                "version": own("version"),
                "after": { "type": "object" }
            },
            "if": { "properties": { "entity": { "const": "auditEntry" } } },
            "else": { "required": ["version"] }
        }
    })
}

fn erasure() -> Value {
    json!({
        "type": "object",
        "required": ["entity", "participantIds", "entities"],
        "properties": {
            "entity": { "const": "erasure" },
            "participantIds": { "type": "array", "items": { "type": "string" } },
            "legalBasis": { "type": "string" },
            "requestedAt": time(),
            "entities": own("entities")
        }
    })
}

fn manifest() -> Value {
    json!({
        "type": "object",
        "required": ["at", "loanRequests", "events", "digest"],
        "properties": {
            "asOf": time(),
            "at": { "description": "{stream: sequence} or {topic: {partition: offset}}", "type": "object" },
            "loanRequests": count(),
            "events": count(),
            "digest": own("digest"),
            "contentDigest": own("digest"),
            "loans": {
                "description": "[{id, lastSequence}], or a blob reference to such a list.", "type": ["array", "object"]
            }
        }
    })
}

fn own(definition: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{definition}") })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}
