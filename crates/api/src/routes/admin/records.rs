//! `/api/v1/admin/records`: who did what, as the control log has it.

use continuity_auth::Role;

use super::{shown, work};
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};

const MOST: u64 = 1_000;
const FEW: u64 = 100;
const PARAMS: &[Param] = &[
    Param {
        name: "after",
        kind: ParamKind::Integer { min: 0, max: u64::MAX >> 11, default: Some(0) },
        description: "The `position` of the last record that is at hand.",
    },
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: MOST, default: Some(FEW) },
        description: "How many at most.",
    },
];

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/admin/records",
    id: "listRecords",
    tag: Tag::Administration,
    summary: "List records of the control log",
    description: "Every change and every sign-in: who, when, from where, why. The oldest first, from behind `after` on. For administrators and auditors.",
    access: Access::Roles { of: &[Role::Admin, Role::Auditor], proof: false },
    params: PARAMS,
    answer: Answer::Array("ControlRecord"),
    handler: Handler::Wait(list),
};

fn list(call: &Call) -> Waiting<'_> {
    let after = call.query.integer("after").unwrap_or_default();
    let limit = usize::try_from(call.query.integer("limit").unwrap_or(FEW)).unwrap_or_default();
    work(call, move |who| shown(&who.auth.control_records(after, limit)?))
}
