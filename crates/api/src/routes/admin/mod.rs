//! `/api/v1/admin/`: clients, people, keys and applications, for people alone.
//!
//! Nothing here is data of the replica. Whoever asks was admitted by `request::administrator`; each change is a record of
//! the control log with the person, the address and the reason that was given.

pub(crate) mod accounts;
pub(crate) mod applications;
pub(crate) mod clients;
pub(crate) mod consents;
pub(crate) mod definitions;
pub(crate) mod keys;
pub(crate) mod me;
pub(crate) mod records;
pub(crate) mod sessions;

use continuity_auth::{Account, Auth, AuthError, By, Principal, Role};
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::{Call, internal};
use crate::endpoint::{Access, Param, ParamKind, Waiting};
use crate::problem::{
    BAD_PARAMETER, BAD_REQUEST, CHANGE_NOT_RECORDED, CONFLICT, CONTENT_TOO_LARGE, INTERNAL, NOT_FOUND, Problem,
    UNSUPPORTED_TYPE, UNUSABLE_SETTINGS,
};
use crate::reply::{Caching, Reply};

/// To look.
const ADMINISTRATORS: Access = Access::Roles { of: &[Role::Admin], proof: false };
/// What shows a secret, or lets somebody in or do more.
const PROVED_ADMINISTRATORS: Access = Access::Roles { of: &[Role::Admin], proof: true };

const fn why(is_needed: bool) -> Param {
    let kind = ParamKind::Text { most: 500, is_needed };
    Param { name: "reason", kind, description: "Why, for the record of the change." }
}

/// What every change takes.
const CHANGES: &[Param] = &[why(false)];
/// What a change takes for which there has to be a reason, see [`reason`].
const CHANGES_WITH_REASON: &[Param] = &[why(true)];

/// The longest body, in bytes: settings with 64 KiB of keys fit.
pub(crate) const MAX_SETTINGS_BYTES: usize = 128 << 10;

/// Who asks, with what that person may change.
struct Administrator {
    /// Records what it changes as made by that person.
    auth: Auth,
    account: Account,
}

/// The person, as it stands in records.
fn administrator(call: &Call) -> Result<Administrator, Problem> {
    let principal: Option<&Principal> = call.principal.as_ref();
    let person = principal.and_then(|principal| Some((principal, principal.person.as_ref()?)));
    let (principal, person) = person.ok_or_else(|| internal("a change without a person"))?;
    let account = call.shared.state.auth.account(&person.account)?;
    let by = By {
        actor: principal.actor(&account.settings.email),
        address: call.address.map(|address| address.to_string()),
        reason: call.query.text("reason").map(str::to_owned).filter(|reason| !reason.trim().is_empty()),
    };
    Ok(Administrator { auth: call.shared.state.auth.acting(by), account })
}

/// Why, where that has to be said.
fn reason(call: &Call) -> Result<String, Problem> {
    let reason = call.query.text("reason").map(str::trim).filter(|reason| !reason.is_empty());
    let missing = || Problem::new(&BAD_PARAMETER, "`reason` has to be given here: it stands on record.");
    reason.map(str::to_owned).ok_or_else(missing)
}

/// Does what may block for the disk where it may.
fn work(call: &Call, work: impl FnOnce(&Administrator) -> Result<Reply, Problem> + Send + 'static) -> Waiting<'_> {
    let administrator = administrator(call);
    Box::pin(async move {
        let administrator = administrator?;
        let worked = tokio::task::spawn_blocking(move || work(&administrator)).await;
        let reply = worked.unwrap_or_else(|_| Err(internal("a thread of the administration panicked")))?;
        Ok(reply.caching(Caching::NoStore))
    })
}

fn shown(what: &impl Serialize) -> Result<Reply, Problem> {
    let text = serde_json::to_vec(what).map_err(|_| internal("something of the administration has no JSON"))?;
    Ok(Reply::json(text).caching(Caching::NoStore))
}

/// 201, with where it is.
fn created(what: &impl Serialize, path: &str) -> Result<Reply, Problem> {
    Ok(shown(what)?.status(StatusCode::CREATED).header(LOCATION, path))
}

/// 204.
fn done() -> Reply {
    Reply::nothing().caching(Caching::NoStore)
}

/// The JSON of the request's body.
fn json<T: DeserializeOwned>(call: &Call) -> Result<T, Problem> {
    let kind = call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/json" && kind != "application/merge-patch+json" {
        return Err(Problem::new(&UNSUPPORTED_TYPE, "Send the body as application/json."));
    }
    if call.body.len() > MAX_SETTINGS_BYTES {
        let detail = format!("At most {MAX_SETTINGS_BYTES} bytes of a request body are read.");
        return Err(Problem::new(&CONTENT_TOO_LARGE, detail));
    }
    let unreadable = |kind, error| Problem::new(kind, format!("The request body cannot be read: {error}."));
    let value: Value = serde_json::from_slice(&call.body).map_err(|error| unreadable(&BAD_REQUEST, error))?;
    if !value.is_object() {
        return Err(Problem::new(&UNUSABLE_SETTINGS, "The request body must be a JSON object."));
    }
    serde_json::from_value(value).map_err(|error| unreadable(&UNUSABLE_SETTINGS, error))
}

/// As [`json`], where the body may be left out.
fn json_or_default<T: DeserializeOwned + Default>(call: &Call) -> Result<T, Problem> {
    if call.body.is_empty() { Ok(T::default()) } else { json(call) }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::UnknownClient(_) | AuthError::UnknownAccount(_) | AuthError::UnknownKey(_) => {
                Self::new(&NOT_FOUND, error.sentence())
            }
            AuthError::Conflict(_) => Self::new(&CONFLICT, error.sentence()),
            AuthError::Invalid(_) => Self::new(&UNUSABLE_SETTINGS, error.sentence()),
            AuthError::Overloaded(_) | AuthError::Closed(_) | AuthError::ControlLog(_) => {
                tracing::error!(%error, "a change of the administration was not recorded");
                Self::new(&CHANGE_NOT_RECORDED, "Look whether it was made before you repeat it.").retry_after(5)
            }
            other => {
                tracing::error!(error = %other, "a request of the administration failed");
                Self::new(&INTERNAL, "The operator's log says why.")
            }
        }
    }
}
