//! Who administers: somebody who is signed in, or whose application brings a token for it; and whether that person may.

use std::net::IpAddr;

use continuity_auth::{PROOF_LIFE, Principal, Purpose, Role};
use http::Method;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;

use super::bearer::{Presented, REALM, no_token, presented, verified};
use super::dpop;
use crate::call::{Shared, internal};
use crate::problem::{ACCOUNT_NOT_READY, CSRF_TOKEN_WANTED, NOT_ADMITTED, PROOF_WANTED, Problem};

/// The person, if one of the roles is there, and a recent proof of who it is where one is wanted. Tokens that clients get
/// for themselves open nothing here: they are for another audience.
pub(crate) fn admit(
    shared: &Shared,
    (roles, proof): (&[Role], bool),
    parts: &Parts,
    from: Option<IpAddr>,
) -> Result<Option<Principal>, Problem> {
    let auth = &shared.state.auth;
    let presented = presented(&parts.headers)?;
    let scheme = if matches!(presented, Some(Presented::Dpop(_))) { dpop::challenge() } else { bearer() };
    let principal = match presented {
        Some(presented) => verified(&shared.state, Purpose::Administration, presented, parts, from)?,
        None => of_session(shared, parts, from)?,
    };
    let person = principal.person.as_ref().ok_or_else(|| internal("somebody administers who is no person"))?;
    // Deleted meanwhile.
    let account = auth.account(&person.account);
    let account = account.map_err(|_| no_token())?;
    if !roles.iter().any(|role| account.has_role(*role)) {
        let names = roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" or ");
        return Err(Problem::new(&NOT_ADMITTED, format!("This needs the role {names}.")));
    }
    if proof && !auth.is_recent(person.proved_at) {
        return Err(proof_wanted(&scheme));
    }
    Ok(Some(principal))
}

fn of_session(shared: &Shared, parts: &Parts, from: Option<IpAddr>) -> Result<Principal, Problem> {
    let changes = parts.method != Method::GET && parts.method != Method::HEAD;
    let session = (shared.session)(&shared.state.auth, &parts.headers, from, changes);
    let session = session.map_err(|why| Problem::new(&CSRF_TOKEN_WANTED, why))?;
    let session = session.ok_or_else(no_token)?;
    if !session.duties.is_empty() {
        let detail = "Change the password or set up the second factor first, at /console/account.";
        return Err(Problem::new(&ACCOUNT_NOT_READY, detail));
    }
    Ok(session.principal())
}

fn bearer() -> String {
    format!("Bearer realm=\"{REALM}\"")
}

/// RFC 9470 section 3.
fn proof_wanted(scheme: &str) -> Problem {
    let seconds = PROOF_LIFE.as_secs();
    let challenge = format!(
        "{scheme}, error=\"insufficient_user_authentication\", error_description=\"A recent proof of who you are is needed\", max_age=\"{seconds}\""
    );
    let detail = "Prove once more who you are, at /console/confirm, or let the application ask with max_age.";
    Problem::new(&PROOF_WANTED, detail).header(WWW_AUTHENTICATE, &challenge)
}
