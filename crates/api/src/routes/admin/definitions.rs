//! `/api/v1/admin/client-definitions`: clients without their secrets, to be taken from one replica to another.

use continuity_auth::ClientDefinition;
use serde_json::json;

use super::{ADMINISTRATORS, CHANGES, PROVED_ADMINISTRATORS, json as read, shown, work};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;

const PATH: &str = "/api/v1/admin/client-definitions";

pub(crate) static EXPORT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: PATH,
    id: "exportClients",
    tag: Tag::Administration,
    summary: "Export clients",
    description: "The definitions of all clients, without secrets.",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Array("ClientDefinition"),
    handler: Handler::Read(export),
};

pub(crate) static IMPORT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: PATH,
    id: "importClient",
    tag: Tag::Administration,
    summary: "Import a client",
    description: "Makes a client what the definition says. One that is new here keeps its id, and has no secret until it is rotated.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("ClientImport"),
    handler: Handler::Wait(import),
};

fn export(call: &Call) -> Result<Reply, Problem> {
    shown(&call.shared.state.auth.export_clients()?)
}

fn import(call: &Call) -> Waiting<'_> {
    let definition = read::<ClientDefinition>(call);
    work(call, move |who| {
        let definition = definition?;
        let id = definition.id.clone();
        shown(&json!({ "id": id, "outcome": who.auth.import_client(definition)? }))
    })
}
