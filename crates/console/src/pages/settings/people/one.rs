//! `/console/settings/people/{id}`: one account, and what is done with it.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::{Account, AuthError};
use http::StatusCode;

use super::super::ADMINISTRATORS;
use super::form::{self, Form};
use super::{PATH, address, failed};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::next;
use crate::pages::account::{ApplicationLine, SessionLine, applications, sessions};
use crate::pages::{confirm, trouble};
use crate::reply::{Answer, see_other};
use crate::texts::{Texts, fill};
use crate::visit::{Posted, Visit};
use crate::when::When;

#[derive(Template)]
#[template(path = "settings/person.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    done: Option<&'static str>,
    /// Where a proof of who it is comes first, if it has to.
    proof: Option<String>,
    form: Form,
    action: String,
    person: Facts,
    sessions: Vec<SessionLine>,
    consents: Vec<ApplicationLine>,
}

/// What is known of it beside its settings.
struct Facts {
    name: String,
    email: String,
    roles: Vec<&'static str>,
    is_enabled: bool,
    created: When,
    created_by: String,
    signed_in: Option<When>,
    password: &'static str,
    has_factor: bool,
    factor: String,
    link_until: Option<When>,
    /// Who it is at the bank's provider; `None` where there is no provider, and none that it was linked to.
    linked: Option<String>,
}

fn facts(visit: &Visit, account: &Account) -> Facts {
    let (t, a) = (visit.texts(), visit.texts().administration);
    let when = |at| When::new(t, at);
    let linked = account.linked.as_ref().map(|at| fill(a.linked_to, &[&at.subject, &at.issuer]));
    let not_linked = visit.console.provider.as_ref().map(|_| a.not_linked.to_owned());
    Facts {
        name: account.settings.name.clone(),
        email: account.settings.email.clone(),
        roles: account.settings.roles.iter().map(|role| t.role(role.name())).collect(),
        is_enabled: account.enabled,
        created: when(account.created_at),
        created_by: account.created_by.clone(),
        signed_in: account.last_sign_in_at.map(when),
        password: match (account.has_password, account.must_change_password) {
            (true, true) => a.password_temporary,
            (true, false) => a.password_set,
            (false, _) => a.password_not_set,
        },
        has_factor: account.has_second_factor(),
        factor: factor(t, account),
        link_until: account.link_until.map(when),
        linked: linked.or(not_linked),
    }
}

/// Its second factors in words.
fn factor(t: &Texts, account: &Account) -> String {
    let a = t.administration;
    let counts = [account.passkeys.len(), account.recovery_codes_left].map(|count| count.to_string());
    let text = match (account.has_second_factor(), account.has_totp) {
        (false, _) => a.no_second_factor,
        (true, true) => a.app_and_passkeys,
        (true, false) => a.passkeys_alone,
    };
    fill(text, &counts.each_ref().map(String::as_str))
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    visit.with_role(ADMINISTRATORS)?;
    Ok(render(&visit, &id, None, (StatusCode::OK, Faults::default())))
}

/// What was done, to be said once.
fn said(t: &Texts, done: &str) -> Option<&'static str> {
    let a = t.administration;
    match done {
        "changed" => Some(a.person_changed),
        "enabled" => Some(a.person_enabled),
        "disabled" => Some(a.person_disabled),
        "factors-reset" => Some(a.factors_reset),
        "session-ended" => Some(a.session_ended),
        "sessions-ended" => Some(a.sessions_ended),
        "withdrawn" => Some(a.withdrawn),
        _ => None,
    }
}

/// The page, with the form as it was sent or as the account is.
fn render(visit: &Visit, id: &str, sent: Option<Form>, (status, faults): (StatusCode, Faults)) -> Response {
    let (t, auth) = (visit.texts(), &visit.console.auth);
    let Ok(account) = auth.account(id) else { return trouble::gone(visit) };
    let is_proved = visit.session.as_ref().is_some_and(|session| auth.is_proved(session));
    let page = Page {
        frame: visit.frame(&account.settings.name).with_faults(!faults.is_empty()),
        faults,
        done: said(t, visit.query().get("done")),
        proof: (!is_proved).then(|| next::with(confirm::PATH, Some(&address(id)))),
        form: sent.unwrap_or_else(|| Form::of(t, &account.settings)),
        action: address(id),
        person: facts(visit, &account),
        sessions: sessions(visit, id),
        consents: applications(visit, id),
    };
    visit.page_of(status, &page, None)
}

/// Its page, with that said.
pub(super) fn done(id: &str, what: &str) -> Response {
    see_other(&format!("{}?done={what}", address(id)))
}

/// Changes its settings.
pub(crate) async fn change(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let form = Form::sent(visit.texts(), &fields);
    let of = id.clone();
    let changed = auth.off_thread(move |auth| auth.change_account_with(&of, |before| form::settings(&fields, before)));
    match changed.await {
        Ok(_) => Ok(done(&id, "changed")),
        Err(error @ (AuthError::Invalid(_) | AuthError::Conflict(_))) => {
            let (status, text) = trouble::told(visit.texts(), &error.into(), "");
            Ok(render(&visit, &id, Some(form), (status, Faults::whole(text))))
        }
        Err(error) => Err(failed(&visit, error)),
    }
}

/// Lets its person in again, or no longer. Disabling it asks for no proof: it may be urgent.
pub(crate) async fn set_enabled(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let enabled = fields.get("enabled") == "true";
    let session = if enabled {
        visit.proved_with_role(ADMINISTRATORS, &address(&id))?
    } else {
        visit.with_role(ADMINISTRATORS)?
    };
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let of = id.clone();
    let set = auth.off_thread(move |auth| auth.set_account_enabled(&of, enabled)).await;
    set.map_err(|error| failed(&visit, error))?;
    Ok(done(&id, if enabled { "enabled" } else { "disabled" }))
}

/// Takes its second factors away, for somebody who lost them.
pub(crate) async fn reset_factors(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let (by, reason) = (&session.account.settings.email, fields.get("factors-reason").trim());
    if reason.is_empty() {
        let faults = Faults::at("factors-reason", visit.texts().administration.reason_missing);
        return Ok(render(&visit, &id, None, (StatusCode::UNPROCESSABLE_ENTITY, faults)));
    }
    let auth = visit.console.auth.acting_for(session, reason);
    let of = id.clone();
    tracing::warn!(by, account = id, reason, "second factors are taken away");
    let reset = auth.off_thread(move |auth| auth.reset_second_factors(&of)).await;
    reset.map_err(|error| failed(&visit, error))?;
    Ok(done(&id, "factors-reset"))
}

/// Deletes it for good, once its e-mail address was typed.
pub(crate) async fn delete(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let auth = &visit.console.auth;
    let Ok(account) = auth.account(&id) else { return Ok(trouble::gone(&visit)) };
    if fields.get("name").trim().to_lowercase() != account.settings.email {
        let faults = Faults::at("confirm-name", visit.texts().administration.email_not_typed);
        return Ok(render(&visit, &id, None, (StatusCode::UNPROCESSABLE_ENTITY, faults)));
    }
    let auth = auth.acting_for(session, fields.get("reason"));
    let deleted = auth.off_thread(move |auth| auth.delete_account(&id)).await;
    deleted.map_err(|error| failed(&visit, error))?;
    Ok(see_other(&format!("{PATH}?done=deleted")))
}
