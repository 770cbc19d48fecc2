//! `/api/v1/admin/clients`: OAuth clients and their secrets.

use std::time::Duration;

use continuity_auth::{AuthError, ClientSettings, Created};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ADMINISTRATORS, CHANGES, PROVED_ADMINISTRATORS, created, done, json as read, json_or_default, shown, work,
};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;

const PATH: &str = "/api/v1/admin/clients";
const ONE: &str = "/api/v1/admin/clients/{clientId}";
const UNUSED: Param = Param {
    name: "unusedForDays",
    kind: ParamKind::Integer { min: 1, max: 3_650, default: None },
    description: "Only those that got no token for so many days.",
};

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: PATH,
    id: "listClients",
    tag: Tag::Administration,
    summary: "List clients",
    description: "All clients, the oldest first, without secrets; with `unusedForDays` those that nobody seems to use.",
    access: ADMINISTRATORS,
    params: &[UNUSED],
    answer: Answer::Array("Client"),
    handler: Handler::Read(list),
};

pub(crate) static CREATE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: PATH,
    id: "createClient",
    tag: Tag::Administration,
    summary: "Create a client",
    description: "Its id and its secret are generated. The secret is shown this once: only a keyed digest of it is kept.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Created("ClientWithSecret"),
    handler: Handler::Wait(create),
};

pub(crate) static GET: Endpoint = Endpoint {
    verb: Verb::Get,
    path: ONE,
    id: "getClient",
    tag: Tag::Administration,
    summary: "Get a client",
    description: "",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Object("Client"),
    handler: Handler::Read(get),
};

pub(crate) static CHANGE: Endpoint = Endpoint {
    verb: Verb::Patch,
    path: ONE,
    id: "changeClient",
    tag: Tag::Administration,
    summary: "Change a client",
    description: "What the body names changes, null takes it away (RFC 7396). What the client may do no longer ends at once, live tokens included.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("Client"),
    handler: Handler::Wait(change),
};

pub(crate) static DELETE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: ONE,
    id: "deleteClient",
    tag: Tag::Administration,
    summary: "Delete a client",
    description: "For good, with its tokens. What it read stays on record, and its id is never given again.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Nothing,
    handler: Handler::Wait(delete),
};

pub(crate) static ENABLE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/clients/{clientId}/enable",
    id: "enableClient",
    tag: Tag::Administration,
    summary: "Enable a client",
    description: "It gets tokens again; those of before stay refused.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("Client"),
    handler: Handler::Wait(|call| set_enabled(call, true)),
};

pub(crate) static DISABLE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/clients/{clientId}/disable",
    id: "disableClient",
    tag: Tag::Administration,
    summary: "Disable a client",
    description: "Its tokens are refused once this is answered. No proof is asked for: it may be urgent.",
    access: ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("Client"),
    handler: Handler::Wait(|call| set_enabled(call, false)),
};

pub(crate) static ROTATE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/clients/{clientId}/secret",
    id: "rotateClientSecret",
    tag: Tag::Administration,
    summary: "Rotate a client's secret",
    description: "A new secret, shown this once. The present one is accepted for `overlapSeconds` more: 0, the default, after a leak. Tokens stay valid.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("ClientWithSecret"),
    handler: Handler::Wait(rotate),
};

/// How long the present secret stays beside the new one.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rotation {
    #[serde(default)]
    pub(super) overlap_seconds: u64,
}

/// A client with its secret, to be shown once.
pub(super) fn with_secret(created: &Created) -> Value {
    json!({ "client": created.client, "clientSecret": created.secret })
}

fn list(call: &Call) -> Result<Reply, Problem> {
    let auth = &call.shared.state.auth;
    let days = call.query.integer("unusedForDays").and_then(|days| u32::try_from(days).ok());
    shown(&days.map_or_else(|| auth.list_clients(), |days| auth.unused_clients(days)))
}

fn get(call: &Call) -> Result<Reply, Problem> {
    let id = call.path("clientId");
    let client = call.shared.state.auth.client(id);
    shown(&client.ok_or_else(|| AuthError::UnknownClient(id.to_owned()))?)
}

fn create(call: &Call) -> Waiting<'_> {
    let settings = read::<ClientSettings>(call);
    work(call, move |who| {
        let made = who.auth.create_client(settings?)?;
        created(&with_secret(&made), &format!("{PATH}/{}", made.client.id))
    })
}

fn change(call: &Call) -> Waiting<'_> {
    let (id, patch) = (call.path("clientId").to_owned(), read::<Value>(call));
    work(call, move |who| {
        let patch = patch?;
        shown(&who.auth.change_client_with(&id, |settings| settings.merged(&patch))?)
    })
}

fn delete(call: &Call) -> Waiting<'_> {
    let id = call.path("clientId").to_owned();
    work(call, move |who| {
        who.auth.delete_client(&id)?;
        Ok(done())
    })
}

fn set_enabled(call: &Call, enabled: bool) -> Waiting<'_> {
    let id = call.path("clientId").to_owned();
    work(call, move |who| shown(&who.auth.set_enabled(&id, enabled)?))
}

fn rotate(call: &Call) -> Waiting<'_> {
    let (id, rotation) = (call.path("clientId").to_owned(), json_or_default::<Rotation>(call));
    work(call, move |who| {
        let overlap = Duration::from_secs(rotation?.overlap_seconds);
        shown(&with_secret(&who.auth.rotate_secret(&id, overlap)?))
    })
}
