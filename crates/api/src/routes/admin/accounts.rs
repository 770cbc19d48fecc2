//! `/api/v1/admin/accounts`: people.

use continuity_auth::{AccountSettings, LINK_LIFE};
use serde_json::{Value, json};

use super::{
    ADMINISTRATORS, CHANGES, CHANGES_WITH_REASON, PROVED_ADMINISTRATORS, created, done, json as read, reason, shown,
    work,
};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;

const PATH: &str = "/api/v1/admin/accounts";
const ONE: &str = "/api/v1/admin/accounts/{accountId}";

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: PATH,
    id: "listAccounts",
    tag: Tag::Administration,
    summary: "List accounts",
    description: "All accounts, the oldest first. Nothing that signs anybody in is in them.",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Array("Account"),
    handler: Handler::Read(list),
};

pub(crate) static CREATE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: PATH,
    id: "createAccount",
    tag: Tag::Administration,
    summary: "Create an account",
    description: "Its person sets a password through a one-time link: `/api/v1/admin/accounts/{accountId}/link`.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Created("Account"),
    handler: Handler::Wait(create),
};

pub(crate) static GET: Endpoint = Endpoint {
    verb: Verb::Get,
    path: ONE,
    id: "getAccount",
    tag: Tag::Administration,
    summary: "Get an account",
    description: "",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Object("Account"),
    handler: Handler::Read(get),
};

pub(crate) static CHANGE: Endpoint = Endpoint {
    verb: Verb::Patch,
    path: ONE,
    id: "changeAccount",
    tag: Tag::Administration,
    summary: "Change an account",
    description: "What the body names changes, null takes it away (RFC 7396). What the person may do no longer ends at once. The last administrator stays one.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("Account"),
    handler: Handler::Wait(change),
};

pub(crate) static DELETE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: ONE,
    id: "deleteAccount",
    tag: Tag::Administration,
    summary: "Delete an account",
    description: "For good, with its sessions and what it let applications do. What its person read stays on record.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Nothing,
    handler: Handler::Wait(delete),
};

pub(crate) static ENABLE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/accounts/{accountId}/enable",
    id: "enableAccount",
    tag: Tag::Administration,
    summary: "Enable an account",
    description: "Its person may sign in again.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("Account"),
    handler: Handler::Wait(|call| set_enabled(call, true)),
};

pub(crate) static DISABLE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/accounts/{accountId}/disable",
    id: "disableAccount",
    tag: Tag::Administration,
    summary: "Disable an account",
    description: "Its sessions end at once, and what it let applications do. No proof is asked for: it may be urgent.",
    access: ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("Account"),
    handler: Handler::Wait(|call| set_enabled(call, false)),
};

pub(crate) static INVITE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/accounts/{accountId}/link",
    id: "makeAccountLink",
    tag: Tag::Administration,
    summary: "Make a one-time link",
    description: "With it the person sets a password, within 72 hours; one made before is no good any more. It is shown this once.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Object("AccountLink"),
    handler: Handler::Wait(invite),
};

pub(crate) static RESET_FACTORS: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/admin/accounts/{accountId}/reset-factors",
    id: "resetAccountFactors",
    tag: Tag::Administration,
    summary: "Take second factors away",
    description: "For somebody who lost them: authenticator app, passkeys and recovery codes are gone, and the sessions end.",
    access: PROVED_ADMINISTRATORS,
    params: CHANGES_WITH_REASON,
    answer: Answer::Object("Account"),
    handler: Handler::Wait(reset_factors),
};

fn list(call: &Call) -> Result<Reply, Problem> {
    shown(&call.shared.state.auth.accounts())
}

fn get(call: &Call) -> Result<Reply, Problem> {
    shown(&call.shared.state.auth.account(call.path("accountId"))?)
}

fn create(call: &Call) -> Waiting<'_> {
    let settings = read::<AccountSettings>(call);
    work(call, move |who| {
        let account = who.auth.create_account(settings?)?;
        created(&account, &format!("{PATH}/{}", account.id))
    })
}

fn change(call: &Call) -> Waiting<'_> {
    let (id, patch) = (call.path("accountId").to_owned(), read::<Value>(call));
    work(call, move |who| {
        let patch = patch?;
        shown(&who.auth.change_account_with(&id, |settings| settings.merged(&patch))?)
    })
}

fn delete(call: &Call) -> Waiting<'_> {
    let id = call.path("accountId").to_owned();
    work(call, move |who| {
        who.auth.delete_account(&id)?;
        Ok(done())
    })
}

fn set_enabled(call: &Call, enabled: bool) -> Waiting<'_> {
    let id = call.path("accountId").to_owned();
    work(call, move |who| shown(&who.auth.set_account_enabled(&id, enabled)?))
}

fn invite(call: &Call) -> Waiting<'_> {
    let id = call.path("accountId").to_owned();
    work(call, move |who| {
        let token = who.auth.make_link(&id)?;
        let link = who.auth.link_address(&token);
        let account = who.auth.account(&id)?;
        shown(&json!({ "account": account, "link": link, "validSeconds": LINK_LIFE.as_secs() }))
    })
}

fn reset_factors(call: &Call) -> Waiting<'_> {
    let (id, reason) = (call.path("accountId").to_owned(), reason(call));
    work(call, move |who| {
        let reason = reason?;
        tracing::warn!(by = who.account.settings.email, account = id, reason, "second factors are taken away");
        shown(&who.auth.reset_second_factors(&id)?)
    })
}
