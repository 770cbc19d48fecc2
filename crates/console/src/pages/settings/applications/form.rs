//! The form of an application's settings, and what it says.

use continuity_auth::{
    Account, ApplicationSettings, AuthError, Authentication, ClientSettings, GrantType, Role, Scope, ScopeSet,
};
use serde_json::{Value, json};

use super::super::tick::{self, Tick};
use crate::forms::Fields;
use crate::texts::Texts;

const SERVER: &str = "server";
const BROWSER: &str = "browser";
const DEVICE: &str = "device";
const KEY: &str = "key";

/// What the form shows: as it was sent, or as the application is.
pub(super) struct Form {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) scopes: Vec<Tick>,
    pub(super) kinds: Vec<Tick>,
    pub(super) redirect_uris: String,
    pub(super) more: Vec<Tick>,
}

/// Who fills it in, and what the application is so far.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) t: &'a Texts,
    pub(super) of: &'a Account,
    /// `None` for one that is new.
    pub(super) before: Option<&'a ClientSettings>,
}

impl About<'_> {
    /// As the application is.
    pub(super) fn form(self) -> Form {
        let Some(settings) = self.before else { return self.ticked(&[], SERVER, true) };
        let scopes: Vec<&str> = settings.scopes.iter().map(Scope::as_str).collect();
        let refreshes = settings.grant_types.contains(&GrantType::RefreshToken);
        Form {
            name: settings.name.clone(),
            description: settings.description.clone(),
            redirect_uris: settings.redirect_uris.join("\n"),
            ..self.ticked(&scopes, kind(settings), refreshes)
        }
    }

    /// As it was sent.
    pub(super) fn sent(self, fields: &Fields) -> Form {
        let scopes: Vec<&str> = fields.all("scopes").collect();
        Form {
            name: fields.get("name").to_owned(),
            description: fields.get("description").to_owned(),
            redirect_uris: fields.get("redirectUris").to_owned(),
            ..self.ticked(&scopes, fields.get("kind"), fields.get("refreshes") == "true")
        }
    }

    /// The form with these, and no texts.
    fn ticked(self, scopes: &[&str], kind: &str, refreshes: bool) -> Form {
        let a = self.t.administration;
        let kinds = [(SERVER, a.kind_server), (BROWSER, a.kind_browser), (DEVICE, a.kind_device)];
        // A key is given over HTTP alone.
        let has_key = self.before.is_some_and(|settings| settings.authentication == Authentication::PrivateKeyJwt);
        let kinds = kinds.into_iter().chain(has_key.then_some((KEY, a.kind_key)));
        Form {
            name: String::new(),
            description: String::new(),
            scopes: tick::scopes(self.t, self.offered(), scopes),
            kinds: kinds.map(|(value, label)| Tick::plain(&[kind], value, label)).collect(),
            redirect_uris: String::new(),
            more: vec![Tick { is_set: refreshes, ..Tick::plain(&[], "true", a.refreshes) }],
        }
    }

    /// What it may ask for: what the person may read, and what it may already.
    fn offered(self) -> ScopeSet {
        if self.of.has_role(Role::Admin) {
            return ScopeSet::all();
        }
        let before = self.before.map_or(ScopeSet::EMPTY, |settings| settings.scopes);
        before.iter().fold(self.of.settings.scopes, ScopeSet::with)
    }
}

/// What it is. A page in a browser is sent back to a web server, an app on a device to itself.
fn kind(settings: &ClientSettings) -> &'static str {
    let is_on_the_web = || settings.redirect_uris.iter().any(|uri| uri.starts_with("https://"));
    match settings.authentication {
        Authentication::ClientSecret => SERVER,
        Authentication::PrivateKeyJwt => KEY,
        Authentication::None if is_on_the_web() => BROWSER,
        Authentication::None => DEVICE,
    }
}

/// What a form says, as a change of settings. What it has no field for stays as it was.
pub(super) fn patch(t: &Texts, fields: &Fields) -> Result<Value, AuthError> {
    let authentication = match fields.get("kind") {
        SERVER => Authentication::ClientSecret,
        BROWSER | DEVICE => Authentication::None,
        KEY => Authentication::PrivateKeyJwt,
        _ => return Err(AuthError::Invalid(t.administration.no_kind.to_owned())),
    };
    let mut patch = json!({
        "name": fields.get("name").trim(),
        "description": fields.get("description").trim(),
        "scopes": fields.all("scopes").collect::<Vec<_>>(),
        "tokenEndpointAuthMethod": authentication.name(),
        "redirectUris": fields.lines("redirectUris"),
        "refreshes": fields.get("refreshes") == "true",
    });
    if authentication != Authentication::PrivateKeyJwt {
        patch["jwks"] = Value::Null;
    }
    Ok(patch)
}

/// The settings of a new one.
pub(super) fn settings(t: &Texts, fields: &Fields) -> Result<ApplicationSettings, AuthError> {
    let unusable = |error| AuthError::Invalid(format!("these are no settings of an application: {error}"));
    serde_json::from_value(patch(t, fields)?).map_err(unusable)
}
