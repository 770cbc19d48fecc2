//! `/api/v1/admin/consents`: what people let applications do.

use super::{ADMINISTRATORS, CHANGES, done, shown, work};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::{NOT_FOUND, Problem};

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/admin/consents",
    id: "listConsents",
    tag: Tag::Administration,
    summary: "List consents",
    description: "Which applications act for whom, and with what.",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Array("Consent"),
    handler: Handler::Wait(|call| work(call, |who| shown(&who.auth.all_consents()))),
};

pub(crate) static OF_ACCOUNT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/admin/accounts/{accountId}/consents",
    id: "listConsentsOfAccount",
    tag: Tag::Administration,
    summary: "List consents of an account",
    description: "Which applications act for this person, and with what.",
    access: ADMINISTRATORS,
    params: &[],
    answer: Answer::Array("Consent"),
    handler: Handler::Wait(of_account),
};

pub(crate) static WITHDRAW: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/admin/accounts/{accountId}/consents/{clientId}",
    id: "withdrawConsent",
    tag: Tag::Administration,
    summary: "Withdraw a consent",
    description: "The application's tokens for this person are refused once this is answered. No proof is asked for: it may be urgent.",
    access: ADMINISTRATORS,
    params: CHANGES,
    answer: Answer::Nothing,
    handler: Handler::Wait(withdraw),
};

fn of_account(call: &Call) -> Waiting<'_> {
    let account = call.path("accountId").to_owned();
    work(call, move |who| shown(&who.auth.consents_of(&account)?))
}

fn withdraw(call: &Call) -> Waiting<'_> {
    let (account, client) = (call.path("accountId").to_owned(), call.path("clientId").to_owned());
    work(call, move |who| {
        if who.auth.withdraw_for(&account, &client)? {
            return Ok(done());
        }
        Err(Problem::new(&NOT_FOUND, format!("The account lets no application {client:?} in.")))
    })
}
