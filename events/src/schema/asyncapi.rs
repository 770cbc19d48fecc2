//! The `AsyncAPI` 3 document: which messages come over which channels.

use serde_json::{Map, Value, json};

use crate::catalogue::{ERASURE, EVENTS, EventName, SNAPSHOT};
use crate::{Role, TYPE_PREFIX};

/// The `AsyncAPI` 3 document of the feed. Payloads refer to the schemas beside it.
pub fn asyncapi() -> Value {
    let of_loans = |event: &&EventName| event.role != Role::Control;
    let of_feed = |event: &&EventName| event.role == Role::Control;
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Change feed of the loan platform",
            "version": "1.0.0",
            "description": "CloudEvents 1.0, structured mode or (NATS, Kafka) binary mode. README.md beside this file is the contract in words.",
            "license": { "name": "Apache-2.0" }
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "changes": {
                "title": "Changes of loans, NATS JetStream stream BANCLO_CHANGES",
                "address": "banclo.changes.{loanRequestId}.{entity}",
                "parameters": {
                    "loanRequestId": { "description": "The loan's id; what is not unreserved in RFC 3986, and `.`, is percent-encoded." },
                    "entity": { "description": format!("The entity that changes; `snapshot` for {SNAPSHOT}, `erasure` for {ERASURE}.") }
                },
                "messages": references(EVENTS.iter().filter(of_loans))
            },
            "control": {
                "title": "The feed itself, NATS subject and Kafka topic",
                "address": "banclo.control",
                "messages": references(EVENTS.iter().filter(of_feed))
            },
            "changesTopic": {
                "title": "Changes of loans, Kafka topic; the record key is the loan's id",
                "address": "banclo.changes",
                "messages": references(EVENTS.iter().filter(of_loans))
            }
        },
        "operations": {
            "receiveChanges": { "action": "receive", "channel": { "$ref": "#/channels/changes" } },
            "receiveControl": { "action": "receive", "channel": { "$ref": "#/channels/control" } },
            "receiveChangesTopic": { "action": "receive", "channel": { "$ref": "#/channels/changesTopic" } }
        },
        "components": { "messages": EVENTS.iter().map(|event| (event.name.to_owned(), message(event))).collect::<Map<_, _>>() }
    })
}

fn references<'a>(events: impl Iterator<Item = &'a EventName>) -> Map<String, Value> {
    let reference = |event: &EventName| json!({ "$ref": format!("#/components/messages/{}", event.name) });
    events.map(|event| (event.name.to_owned(), reference(event))).collect()
}

fn message(event: &EventName) -> Value {
    json!({
        "name": format!("{TYPE_PREFIX}{}", event.name),
        "title": event.name,
        "summary": event.summary,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": { "$ref": format!("schemas/{}.json", event.name) }
        }
    })
}
