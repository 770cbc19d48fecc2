//! `/api/v1/admin/keys`: the keys that tokens are signed with.

use continuity_auth::SigningAlgorithm;
use serde::Deserialize;

use super::{
    ADMINISTRATORS, CHANGES, CHANGES_WITH_REASON, PROVED_ADMINISTRATORS, json_or_default, reason, shown, work,
};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::{Problem, UNUSABLE_SETTINGS};
use crate::reply::Reply;

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/admin/keys",
    id: "listKeys",
    tag: Tag::Administration,
    summary: "List signing keys",
    description: "Which key signs, which comes next, and which ones are still accepted. Private halves are shown nowhere.",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Array("SigningKey"),
    handler: Handler::Read(list),
};

pub(crate) static ROTATE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/keys/rotate",
    id: "rotateKey",
    tag: Tag::Administration,
    summary: "Rotate the signing key",
    description: "The next key signs from now on, and another one is made and published. Refused while clients may not know the next key yet, unless `atOnce`: after a leak. With an `algorithm` that the next key has not, a key of that is published as the next one, and signs at once only with `atOnce`.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("SigningKey"),
    handler: Handler::Wait(rotate),
};

pub(crate) static RETIRE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/keys/{keyId}/retire",
    id: "retireKey",
    tag: Tag::Administration,
    summary: "Retire a signing key",
    description: "Whatever it signed is refused from now on: after a leak. Where it is the active one, the next one takes its place.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES_WITH_REASON,
    answer: Answer::Object("SigningKey"),
    handler: Handler::Wait(retire),
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotation {
    algorithm: Option<String>,
    #[serde(default)]
    at_once: bool,
}

fn list(call: &Call) -> Result<Reply, Problem> {
    shown(&call.shared.state.auth.signing_keys())
}

fn rotate(call: &Call) -> Waiting<'_> {
    let rotation = json_or_default::<Rotation>(call);
    work(call, move |who| {
        let Rotation { algorithm, at_once } = rotation?;
        let algorithm = algorithm.map(|name| {
            let known = || SigningAlgorithm::ALL.map(SigningAlgorithm::name).join(", ");
            let unknown = || format!("There is no signing algorithm {name:?}: there are {}.", known());
            SigningAlgorithm::parse(&name).ok_or_else(|| Problem::new(&UNUSABLE_SETTINGS, unknown()))
        });
        shown(&who.auth.rotate_key(algorithm.transpose()?, at_once)?)
    })
}

fn retire(call: &Call) -> Waiting<'_> {
    let (id, reason) = (call.path("keyId").to_owned(), reason(call));
    work(call, move |who| shown(&who.auth.retire_key(&id, &reason?)?))
}
