//! `/api/v1/admin/accounts/{accountId}/sessions`: where somebody is signed in.

use super::{ADMINISTRATORS, CHANGES, done, shown, work};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::{NOT_FOUND, Problem};
use crate::reply::Reply;

const PATH: &str = "/api/v1/admin/accounts/{accountId}/sessions";

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: PATH,
    id: "listSessions",
    tag: Tag::Administration,
    summary: "List sessions of an account",
    description: "Where its person is signed in, the newest first.",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Array("Session"),
    handler: Handler::Read(list),
};

pub(crate) static END_ALL: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: PATH,
    id: "endSessions",
    tag: Tag::Administration,
    summary: "End all sessions of an account",
    description: "They are refused once this is answered. No proof is asked for: it may be urgent.",
    access: ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Nothing,
    handler: Handler::Wait(end_all),
};

pub(crate) static END: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/admin/accounts/{accountId}/sessions/{sessionId}",
    id: "endSession",
    tag: Tag::Administration,
    summary: "End a session",
    description: "It is refused once this is answered. No proof is asked for: it may be urgent.",
    access: ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Nothing,
    handler: Handler::Wait(end),
};

fn list(call: &Call) -> Result<Reply, Problem> {
    let auth = &call.shared.state.auth;
    let account = auth.account(call.path("accountId"))?;
    shown(&auth.sessions(&account.id))
}

fn end_all(call: &Call) -> Waiting<'_> {
    let account = call.path("accountId").to_owned();
    work(call, move |who| {
        who.auth.end_sessions(&account, None)?;
        Ok(done())
    })
}

fn end(call: &Call) -> Waiting<'_> {
    let (account, id) = (call.path("accountId").to_owned(), call.path("sessionId").to_owned());
    work(call, move |who| match who.auth.end_sessions(&account, Some(&id))? {
        0 => Err(Problem::new(&NOT_FOUND, format!("The account has no session {id:?}."))),
        _ => Ok(done()),
    })
}
