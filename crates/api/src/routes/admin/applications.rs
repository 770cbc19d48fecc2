//! `/api/v1/admin/applications`: what people register, to act for people who let it in.

use std::time::Duration;

use continuity_auth::{ApplicationSettings, Role};
use serde_json::Value;

use super::clients::{Rotation, with_secret};
use super::{CHANGES, administrator, created, done, json as read, json_or_default, shown, work};
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;

const PATH: &str = "/api/v1/admin/applications";
const ONE: &str = "/api/v1/admin/applications/{clientId}";
const DEVELOPERS: Access = Access::Roles { of: &[Role::Developer, Role::Admin], proof: false };
const PROVED_DEVELOPERS: Access = Access::Roles { of: &[Role::Developer, Role::Admin], proof: true };

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: PATH,
    id: "listApplications",
    tag: Tag::Administration,
    summary: "List applications",
    description: "Those that you registered; administrators see those of everybody.",
    access: DEVELOPERS,
    params: &[],
    answer: Answer::Array("Client"),
    handler: Handler::Read(list),
};

pub(crate) static REGISTER: Endpoint = Endpoint {
    verb: Verb::Post,
    path: PATH,
    id: "registerApplication",
    tag: Tag::Administration,
    summary: "Register an application",
    description: "It acts for people who let it in (authorization code with PKCE), and for nobody else. It may ask for no more than you may read yourself. Its secret, where it has one, is shown this once.",
    access: PROVED_DEVELOPERS,
    params: CHANGES,
    answer: Answer::Created("ClientWithSecret"),
    handler: Handler::Wait(register),
};

pub(crate) static GET: Endpoint = Endpoint {
    verb: Verb::Get,
    path: ONE,
    id: "getApplication",
    tag: Tag::Administration,
    summary: "Get an application",
    description: "",
    access: DEVELOPERS,
    params: &[],
    answer: Answer::Object("Client"),
    handler: Handler::Read(get),
};

pub(crate) static CHANGE: Endpoint = Endpoint {
    verb: Verb::Patch,
    path: ONE,
    id: "changeApplication",
    tag: Tag::Administration,
    summary: "Change an application",
    description: "What the body names changes, null takes it away (RFC 7396). What an administrator decided beyond that stays.",
    access: PROVED_DEVELOPERS,
    params: CHANGES,
    answer: Answer::Object("Client"),
    handler: Handler::Wait(change),
};

pub(crate) static DELETE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: ONE,
    id: "deleteApplication",
    tag: Tag::Administration,
    summary: "Delete an application",
    description: "For good, with whatever people let it do.",
    access: PROVED_DEVELOPERS,
    params: CHANGES,
    answer: Answer::Nothing,
    handler: Handler::Wait(delete),
};

pub(crate) static ROTATE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/applications/{clientId}/secret",
    id: "rotateApplicationSecret",
    tag: Tag::Administration,
    summary: "Rotate an application's secret",
    description: "A new secret, shown this once. The present one is accepted for `overlapSeconds` more.",
    access: PROVED_DEVELOPERS,
    params: CHANGES,
    answer: Answer::Object("ClientWithSecret"),
    handler: Handler::Wait(rotate),
};

fn list(call: &Call) -> Result<Reply, Problem> {
    let who = administrator(call)?;
    shown(&who.auth.applications(&who.account))
}

fn get(call: &Call) -> Result<Reply, Problem> {
    let who = administrator(call)?;
    shown(&who.auth.application(&who.account, call.path("clientId"))?)
}

fn register(call: &Call) -> Waiting<'_> {
    let settings = read::<ApplicationSettings>(call);
    work(call, move |who| {
        let made = who.auth.register_application(&who.account, settings?)?;
        created(&with_secret(&made), &format!("{PATH}/{}", made.client.id))
    })
}

fn change(call: &Call) -> Waiting<'_> {
    let (id, patch) = (call.path("clientId").to_owned(), read::<Value>(call));
    work(call, move |who| {
        let patch = patch?;
        shown(&who.auth.change_application(&who.account, &id, |settings| settings.merged(&patch))?)
    })
}

fn delete(call: &Call) -> Waiting<'_> {
    let id = call.path("clientId").to_owned();
    work(call, move |who| {
        who.auth.delete_application(&who.account, &id)?;
        Ok(done())
    })
}

fn rotate(call: &Call) -> Waiting<'_> {
    let (id, rotation) = (call.path("clientId").to_owned(), json_or_default::<Rotation>(call));
    work(call, move |who| {
        let overlap = Duration::from_secs(rotation?.overlap_seconds);
        shown(&with_secret(&who.auth.rotate_application(&who.account, &id, overlap)?))
    })
}
