//! `/console/status`: how the replica is, readable from across a room. It stays up when everything else is down: it asks
//! `/health` and `/ready`, which answer from memory, and shows what the process measured of itself, which is in memory too.

mod alarms;
mod chain;
mod chart;
mod health;
mod measured;
mod sentence;
mod words;

use askama::Template;
use axum::response::{IntoResponse, Response};
use continuity_auth::Session;
use http::{HeaderName, HeaderValue, StatusCode};

use self::alarms::{Alarm, alarms};
use self::chain::{Link, Recent, aside, chain};
use self::health::{Health, Known};
use self::measured::{Measured, measured};
use self::sentence::{Verdict, verdict};
use self::words::Words;
use crate::assets::{HTMX, STATUS};
use crate::frame::Frame;
use crate::reply::Answer;
use crate::texts::Texts;
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/status";
pub(crate) const NOW: &str = "/console/status/now";

/// Where htmx takes the browser instead of putting an answer into the page.
const REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

#[derive(Template)]
#[template(path = "status/page.html")]
struct Page {
    frame: Frame,
    n: Now,
    htmx: String,
    script: String,
    /// The range that is shown, as it stands in addresses.
    range: &'static str,
}

/// What is fetched anew every few seconds.
#[derive(Template)]
#[template(path = "status/now.html")]
struct Fragment {
    n: Now,
}

/// What is true now.
struct Now {
    t: &'static Texts,
    verdict: Verdict,
    /// When this was rendered.
    rendered: When,
    /// The same to the second, as a clock shows it.
    clock: String,
    alarms: Vec<Alarm>,
    chain: Vec<Link>,
    aside: Vec<(&'static str, String, bool)>,
    measured: Measured,
    about: Option<Health>,
}

impl Now {
    async fn of(visit: &Visit, session: &Session) -> Self {
        let (t, history) = (visit.texts(), &visit.console.history);
        let known = Known::of(visit, session).await;
        // Taken after the answers: what they say is not older than it seems.
        let now = history.now();
        let w = Words::new(t, now);
        let recent = Recent::of(history);
        let machine = now.to_string();
        Self {
            t,
            verdict: verdict(w, &known),
            rendered: When::new(t, now),
            clock: format!("{} UTC", machine.get(11..19).unwrap_or_default()),
            alarms: alarms(w, &known, history.is_kept()),
            chain: known.health.iter().flat_map(|health| chain(w, health, &recent)).collect(),
            aside: known.health.as_ref().map(|health| aside(w, &health.components)).unwrap_or_default(),
            measured: measured(w, history, measured::range(visit.query().get("range"))),
            about: known.health,
        }
    }
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.member()?;
    let page = Page {
        frame: visit.frame(visit.texts().status_page.title),
        n: Now::of(&visit, session).await,
        htmx: HTMX.address(),
        script: STATUS.address(),
        range: measured::word(measured::range(visit.query().get("range"))),
    };
    Ok(visit.page(&page))
}

/// `GET /console/status/now`: the part that grows old. Whoever is signed out meanwhile is taken to the sign-in, whose page
/// must not stand inside this one.
pub(crate) async fn now(visit: Visit) -> Response {
    match visit.member() {
        Ok(session) => visit.page(&Fragment { n: Now::of(&visit, session).await }),
        Err(away) => {
            let mut response = away.into_response();
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            response.headers_mut().insert(REDIRECT, HeaderValue::from_static(PATH));
            response
        }
    }
}
