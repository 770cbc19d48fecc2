//! The secret of a client or an application: the answer itself, as it is kept nowhere.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use continuity_auth::{Created, GrantType};

use crate::forms::Fields;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::Away;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "settings/client_secret.html")]
struct Page {
    frame: Frame,
    done: &'static str,
    name: String,
    id: String,
    /// `None` for a client that has none.
    secret: Option<String>,
    /// Whether it gets tokens for itself now, which is tried easily.
    is_for_itself: bool,
    token_url: String,
    scopes: String,
    onward: String,
}

/// How long the present secret stays good beside a new one, as the form says. It is not guessed: with 0 programs that have the
/// present one are shut out at once.
pub(in crate::pages::settings) fn overlap(visit: &Visit, fields: &Fields) -> Result<Duration, Away> {
    let hours: u32 = fields.get("overlapHours").parse().map_err(|_| trouble::unreadable(visit))?;
    Ok(Duration::from_hours(hours.into()))
}

/// Shows it, this once. `address`: where the page is of what has that id.
pub(in crate::pages::settings) fn render(
    visit: &Visit,
    created: Created,
    done: &'static str,
    address: fn(&str) -> String,
) -> Response {
    let Created { client, secret } = created;
    visit.page(&Page {
        frame: visit.frame(visit.texts().client_credentials_title),
        done,
        name: client.settings.name,
        secret,
        is_for_itself: client.enabled && client.settings.grant_types.contains(&GrantType::ClientCredentials),
        token_url: format!("{}/api/v1/oauth/token", visit.console.auth.issuer()),
        scopes: client.settings.scopes.to_string(),
        onward: address(&client.id),
        id: client.id,
    })
}
