//! Links: where the ids of an answer lead, so that tools can walk the API as people do.

use serde_json::{Map, Value, json};

use super::parameters::names;
use crate::endpoint::Endpoint;
use crate::routes::TABLE;

/// Operation, a parameter of other paths, and where in its answer a value for that stands.
const PROVIDED: &[(&str, &str, &str)] = &[
    ("listLoanRequests", "loanRequestId", "/loanRequests/0/id"),
    ("listTasks", "taskId", "/0/id"),
    ("listTasks", "itemId", "/0/items/0/id"),
    ("listDocuments", "documentId", "/0/id"),
    ("listSpaces", "spaceId", "/0/id"),
    ("listGuilds", "guildId", "/0/id"),
    ("listGuilds", "channelId", "/0/channels/0/id"),
    ("listWorksheets", "worksheetId", "/0/id"),
];

/// The operations whose paths this one's answer has the missing ids for, and its own next page.
pub(super) fn of(endpoint: &Endpoint) -> Map<String, Value> {
    let provided: Vec<_> = PROVIDED.iter().filter(|row| row.0 == endpoint.id).collect();
    let mut links = Map::new();
    for target in TABLE {
        let wanted: Vec<&str> = names(target.path).collect();
        let value = |name: &str| match provided.iter().find(|row| row.1 == name) {
            Some(row) => Some(format!("$response.body#{}", row.2)),
            None => names(endpoint.path).any(|own| own == name).then(|| format!("$request.path.{name}")),
        };
        let values: Option<Map<_, _>> =
            wanted.iter().map(|name| Some(((*name).to_owned(), Value::from(value(name)?)))).collect();
        let leads_on = wanted.iter().any(|name| provided.iter().any(|row| row.1 == *name));
        if let Some(values) = values.filter(|_| leads_on) {
            links.insert(target.id.to_owned(), json!({"operationId": target.id, "parameters": values}));
        }
    }
    links
}
