//! `/console/account/authenticator`: an authenticator app is set up, or taken away.

use askama::Template;
use axum::response::Response;
use continuity_auth::{SignInError, TotpOffer};
use http::StatusCode;
use qrcode::QrCode;
use qrcode::render::svg;

use super::{Done, recovery};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::next;
use crate::pages::trouble;
use crate::reply::{Answer, see_other};
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/account/authenticator";

#[derive(Template)]
#[template(path = "authenticator.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    /// The picture; `None` where it cannot be drawn, and the secret is typed in.
    picture: Option<String>,
    /// In groups of four.
    secret: String,
    uri: String,
    handle: String,
    replaces: bool,
    next: String,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let next = visit.next();
    let session = visit.proved(&next::with(PATH, next.as_deref()))?;
    let offer = visit.console.auth.offer_totp(session).map_err(|error| trouble::failed(&visit, &error))?;
    Ok(render(&visit, &offer, (StatusCode::OK, Faults::default()), next.as_deref()))
}

fn render(visit: &Visit, offer: &TotpOffer, (status, faults): (StatusCode, Faults), next: Option<&str>) -> Response {
    let letters: Vec<char> = offer.secret.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
    let page = Page {
        frame: visit.frame(visit.texts().authenticator_title).with_faults(!faults.is_empty()),
        faults,
        picture: picture(&offer.uri),
        secret: groups.join(" "),
        uri: offer.uri.clone(),
        handle: offer.handle.clone(),
        replaces: visit.session.as_ref().is_some_and(|session| session.account.has_totp),
        next: next.unwrap_or_default().to_owned(),
    };
    let leads_to = visit.application(next).map(|application| application.sent_to());
    visit.page_of(status, &page, leads_to.as_deref())
}

/// The QR code as SVG, without the declaration that it begins with.
fn picture(uri: &str) -> Option<String> {
    let code = QrCode::new(uri).ok()?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build();
    drawn.find("<svg").map(|start| drawn[start..].to_owned())
}

/// Takes the app, once a code shows that it has the secret.
pub(crate) async fn take(posted: Posted) -> Answer {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let session = visit.proved(&next::with(PATH, next.as_deref()))?;
    let (t, auth) = (visit.texts(), &visit.console.auth);
    let handle = fields.get("handle");
    let Some(offer) = auth.offered_totp(session, handle) else {
        return Ok(see_other(&next::with(PATH, next.as_deref())));
    };
    match auth.confirm_totp(session, handle, fields.get("code")).await {
        Ok(codes) if codes.is_empty() => Ok(super::done(&visit, next.as_deref(), Done::AuthenticatorAdded)),
        Ok(codes) => Ok(recovery::render(&visit, codes, t.done_authenticator_added, next.as_deref())),
        Err(SignInError::Refused) => {
            let wrong = (StatusCode::UNPROCESSABLE_ENTITY, Faults::at("code", t.code_refused_new));
            Ok(render(&visit, &offer, wrong, next.as_deref()))
        }
        Err(error) => Err(trouble::failed(&visit, &error).into()),
    }
}

/// Takes it away.
pub(crate) async fn remove(Posted { visit, .. }: Posted) -> Answer {
    visit.member()?;
    let removed = visit.console.auth.remove_totp(visit.proved(super::PATH)?).await;
    removed.map_err(|error| trouble::failed(&visit, &error))?;
    Ok(super::done(&visit, None, Done::AuthenticatorRemoved))
}
