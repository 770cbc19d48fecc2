//! `/console/settings/keys`: the keys that tokens are signed with.

pub(crate) mod retire;

use askama::Template;
use axum::response::Response;
use continuity_auth::{AuthError, KeyState, SigningAlgorithm, SigningKey};
use http::StatusCode;

use super::ADMINISTRATORS;
use crate::faults::Faults;
use crate::frame::Frame;
use crate::next;
use crate::pages::{confirm, trouble};
use crate::reply::{Answer, see_other};
use crate::texts::Texts;
use crate::visit::{Posted, Visit};
use crate::when::When;

pub(crate) const PATH: &str = "/console/settings/keys";

#[derive(Template)]
#[template(path = "settings/keys.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    done: Option<&'static str>,
    /// Where a proof of who it is comes first, if it has to.
    proof: Option<String>,
    lines: Vec<Line>,
    algorithms: Vec<&'static str>,
}

struct Line {
    id: String,
    algorithm: String,
    state: &'static str,
    /// Whether what it signs or signed is accepted.
    is_good: bool,
    made: When,
    made_by: String,
    signs: Option<When>,
    /// Whether it signs now.
    is_active: bool,
    accepted_until: Option<When>,
    retired: Option<(When, String)>,
    /// Where it is retired, unless it is.
    retire: Option<String>,
}

fn line(t: &Texts, key: SigningKey) -> Line {
    let when = |at| When::new(t, at);
    let is_good = key.state != KeyState::Retired;
    Line {
        state: state(t, key.state),
        is_good,
        made: when(key.made_at),
        made_by: key.made_by,
        signs: key.activated_at.map(when),
        is_active: key.state == KeyState::Active,
        accepted_until: key.passive_until.filter(|_| is_good).map(when),
        retired: key.retired_at.map(when).zip(key.retired_because),
        retire: is_good.then(|| retire::address(&key.id)),
        algorithm: key.algorithm,
        id: key.id,
    }
}

/// Where in its life a key is, in words.
fn state(t: &Texts, state: KeyState) -> &'static str {
    let a = t.administration;
    match state {
        KeyState::Next => a.key_next,
        KeyState::Active => a.key_active,
        KeyState::Passive => a.key_passive,
        KeyState::Retired => a.key_retired,
    }
}

pub(crate) async fn list(visit: Visit) -> Answer {
    visit.with_role(ADMINISTRATORS)?;
    Ok(render(&visit, (StatusCode::OK, Faults::default())))
}

fn render(visit: &Visit, (status, faults): (StatusCode, Faults)) -> Response {
    let (t, auth) = (visit.texts(), &visit.console.auth);
    let is_proved = visit.session.as_ref().is_some_and(|session| auth.is_proved(session));
    let done = match visit.query().get("done") {
        "rotated" => Some(t.administration.key_rotated),
        "replaced" => Some(t.administration.key_replaced),
        "retired" => Some(t.administration.key_is_retired),
        _ => None,
    };
    let page = Page {
        frame: visit.frame(t.administration.keys).with_faults(!faults.is_empty()),
        faults,
        done,
        proof: (!is_proved).then(|| next::with(confirm::PATH, Some(PATH))),
        // The newest first.
        lines: auth.signing_keys().into_iter().rev().map(|key| line(t, key)).collect(),
        algorithms: SigningAlgorithm::ALL.map(SigningAlgorithm::name).into(),
    };
    visit.page_of(status, &page, None)
}

/// The next key signs, or one of another algorithm is made.
pub(crate) async fn rotate(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, PATH)?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let at_once = fields.get("atOnce") == "true";
    let algorithm = fields.given("algorithm").map(|name| {
        let unknown = || AuthError::Invalid(format!("there is no signing algorithm {name:?}"));
        SigningAlgorithm::parse(name).ok_or_else(unknown)
    });
    let rotated = match algorithm.transpose() {
        Ok(algorithm) => auth.off_thread(move |auth| auth.rotate_key(algorithm, at_once)).await,
        Err(error) => Err(error),
    };
    match rotated {
        Ok(key) if key.state == KeyState::Active => Ok(see_other(&format!("{PATH}?done=rotated"))),
        Ok(_) => Ok(see_other(&format!("{PATH}?done=replaced"))),
        Err(error) => {
            let (status, text) = trouble::told(visit.texts(), &error.into(), "");
            Ok(render(&visit, (status, Faults::whole(text))))
        }
    }
}
