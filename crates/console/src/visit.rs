//! One request of a person: who it is, where from, and whether a form of it may be taken.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use continuity_auth::{Authorization, Duty, Origin, Role, Session};
use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderName, Uri};

use crate::cookies::{AT_PROVIDER, FORM, SESSION, STEP};
use crate::forms::Fields;
use crate::frame::Frame;
use crate::pages::{account, confirm, sign_in, trouble};
use crate::places::Places;
use crate::reply::{Away, see_other};
use crate::state::Shared;
use crate::texts::Texts;
use crate::{guard, next};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The field of a form that repeats the secret.
const TOKEN: &str = "token";

/// One request of a person. As it is: whoever changes something asks for a [`Posted`] one.
pub(crate) struct Visit {
    pub(crate) console: Shared,
    pub(crate) session: Option<Session>,
    pub(crate) from: Origin,
    pub(crate) uri: Uri,
    /// What a sign-in that waits for a second factor is known by.
    pub(crate) step: Option<String>,
    /// What a sign-in at the bank's provider is bound to.
    pub(crate) at_provider: Option<String>,
    pub(crate) request_id: String,
    /// The secret of the session that the browser has.
    cookie: Option<String>,
    /// What forms repeat.
    token: String,
    /// Whether the browser does not have it yet.
    pub(crate) token_is_new: bool,
}

impl Visit {
    fn of(console: &Shared, parts: &Parts) -> Self {
        let text = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let address = parts.extensions.get::<ConnectInfo<IpAddr>>().map(|ConnectInfo(address)| *address);
        let from = Origin { address, agent: text(&USER_AGENT).unwrap_or_default().to_owned() };
        let cookie = SESSION.of(&parts.headers).map(str::to_owned);
        let session = cookie.as_ref().and_then(|cookie| console.auth.session(cookie, &from));
        let of_form = FORM.of(&parts.headers).map(str::to_owned);
        let token_is_new = session.is_none() && of_form.is_none();
        let token = session.as_ref().map(|session| session.csrf.clone()).or(of_form);
        Self {
            console: console.clone(),
            session,
            from,
            uri: parts.uri.clone(),
            step: STEP.of(&parts.headers).map(str::to_owned),
            at_provider: AT_PROVIDER.of(&parts.headers).map(str::to_owned),
            request_id: text(&REQUEST_ID).unwrap_or_default().to_owned(),
            cookie,
            token: token.unwrap_or_else(random),
            token_is_new,
        }
    }

    pub(crate) fn texts(&self) -> &'static Texts {
        self.console.texts
    }

    /// What stands around a page of that title.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        let who = self.session.as_ref().map(|session| session.account.settings.name.clone());
        let mut frame = Frame::new(self.texts(), title, &self.token, who);
        frame.places = Places::of(self);
        frame
    }

    /// What forms repeat.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The parameters of the address.
    pub(crate) fn query(&self) -> Fields {
        Fields::parse(self.uri.query().unwrap_or_default().as_bytes())
    }

    /// Where to go on afterwards, as the address says.
    pub(crate) fn next(&self) -> Option<String> {
        next::local(self.query().get("next")).map(str::to_owned)
    }

    /// The request of an application that is gone on with afterwards, if it is one.
    pub(crate) fn application(&self, next: Option<&str>) -> Option<Authorization> {
        self.console.auth.authorization(next?.strip_prefix("/oauth/authorize?")?).ok()
    }

    /// Whoever is signed in, whatever has to be done first; else to the sign-in.
    pub(crate) fn member_on_duty(&self) -> Result<&Session, Away> {
        self.session.as_ref().ok_or_else(|| {
            let here = self.uri.path_and_query().and_then(|path| next::local(path.as_str()));
            see_other(&next::with(sign_in::PATH, here.or(Some(account::PATH)))).into()
        })
    }

    /// What has to be done first now, after something was done.
    pub(crate) fn duties_now(&self) -> Vec<Duty> {
        self.session_now().map(|session| session.duties).unwrap_or_default()
    }

    /// The session as it is now, after a while.
    pub(crate) fn session_now(&self) -> Option<Session> {
        self.cookie.as_ref().and_then(|cookie| self.console.auth.session(cookie, &self.from))
    }

    /// Whoever is signed in, has done what has to be done first, and has one of the roles; else to that, or told so.
    pub(crate) fn with_role(&self, roles: &[Role]) -> Result<&Session, Away> {
        let session = self.member()?;
        if roles.iter().any(|role| session.account.has_role(*role)) {
            return Ok(session);
        }
        Err(trouble::not_allowed(self).into())
    }

    /// As [`Visit::with_role`], and proved a short while ago who it is; else to that, and from there to `next`.
    pub(crate) fn proved_with_role(&self, roles: &[Role], next: &str) -> Result<&Session, Away> {
        self.with_role(roles)?;
        self.proved(next)
    }

    /// Whoever is signed in, whatever has to be done first, and proved a short while ago who it is; else to that, and from
    /// there to `next`.
    pub(crate) fn proved(&self, next: &str) -> Result<&Session, Away> {
        let session = self.member_on_duty()?;
        if self.console.auth.is_proved(session) {
            return Ok(session);
        }
        Err(see_other(&next::with(confirm::PATH, Some(next))).into())
    }

    /// Whoever is signed in and has done what has to be done first; else to that.
    pub(crate) fn member(&self) -> Result<&Session, Away> {
        let session = self.member_on_duty()?;
        if session.duties.is_empty() { Ok(session) } else { Err(see_other(&account::onward(session, None)).into()) }
    }
}

impl FromRequestParts<Shared> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Shared) -> Result<Self, Infallible> {
        Ok(Self::of(console, parts))
    }
}

/// 256 random bits as text.
pub(crate) fn random() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// A form that was sent by a page of this server.
pub(crate) struct Posted {
    pub(crate) visit: Visit,
    pub(crate) fields: Fields,
}

impl Posted {
    /// Where to go on afterwards, as the form says.
    pub(crate) fn next(&self) -> Option<String> {
        next::local(self.fields.get("next")).map(str::to_owned)
    }
}

impl FromRequest<Shared> for Posted {
    type Rejection = Away;

    async fn from_request(request: Request, console: &Shared) -> Result<Self, Away> {
        let Unguarded { visit, fields, is_from_here } = Unguarded::from_request(request, console).await?;
        if !is_from_here {
            return Err(trouble::foreign(&visit).into());
        }
        if visit.token_is_new || !guard::repeats(fields.get(TOKEN), &visit.token) {
            return Err(trouble::outdated(&visit).into());
        }
        Ok(Self { visit, fields })
    }
}

/// A form from wherever. An application may send a person who wants to sign out with one; nothing else may be done for it.
pub(crate) struct Unguarded {
    pub(crate) visit: Visit,
    pub(crate) fields: Fields,
    is_from_here: bool,
}

impl Unguarded {
    /// The form, if it was sent by a page of this server after all.
    pub(crate) fn guarded(self) -> Result<Posted, Box<Self>> {
        let repeats = !self.visit.token_is_new && guard::repeats(self.fields.get(TOKEN), &self.visit.token);
        if self.is_from_here && repeats {
            Ok(Posted { visit: self.visit, fields: self.fields })
        } else {
            Err(Box::new(self))
        }
    }
}

impl FromRequest<Shared> for Unguarded {
    type Rejection = Away;

    async fn from_request(request: Request, console: &Shared) -> Result<Self, Away> {
        let (parts, body) = request.into_parts();
        let visit = Visit::of(console, &parts);
        let is_from_here = guard::is_from_here(&parts.headers, &console.origin);
        let Some(fields) = Fields::read(body).await else { return Err(trouble::unreadable(&visit).into()) };
        Ok(Self { visit, fields, is_from_here })
    }
}
