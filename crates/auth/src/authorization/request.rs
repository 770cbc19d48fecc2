//! A request to the authorization endpoint (RFC 6749 section 4.1.1), read and checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::{Host, Url};

use super::identity::{Identity, Scopes};
use crate::{Auth, ClientSettings, GrantType};

/// The longest query, in bytes.
const MAX_QUERY_BYTES: usize = 8_000;
/// The longest `state` and `nonce`, in bytes.
const MAX_OPAQUE_BYTES: usize = 2_000;

/// A request that names an application and a way back to it which are registered, and asks for nothing that it may not have.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The application.
    pub client_id: String,
    /// Its name, for the person.
    pub client_name: String,
    /// Whom to sign in, if the application knows.
    pub login_hint: Option<String>,
    pub(crate) redirect_uri: Url,
    /// As it stood in the request: what the token request has to repeat.
    pub(crate) asked_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: String,
    /// The thumbprint of the key that the code is bound to, if it is to one (RFC 9449 section 10).
    pub(crate) key: Option<String>,
    pub(crate) scopes: Scopes,
    /// The account that has to be signed in, if the application knows it.
    pub(crate) subject: Option<String>,
    pub(crate) prompt: Prompt,
    /// How long ago the person may have signed in, in seconds.
    pub(crate) max_age: Option<i64>,
}

impl Authorization {
    /// Where the person is sent afterwards: scheme, host and port.
    pub fn sent_to(&self) -> String {
        let (back, scheme) = (&self.redirect_uri, self.redirect_uri.scheme());
        match (back.host_str(), back.port()) {
            (Some(host), Some(port)) => format!("{scheme}://{host}:{port}"),
            (Some(host), None) => format!("{scheme}://{host}"),
            (None, _) => format!("{scheme}:"),
        }
    }
}

/// How the person may be asked (OpenID Connect Core section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) none: bool,
    pub(crate) login: bool,
    pub(crate) consent: bool,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum AuthorizationError {
    /// Nobody may be sent anywhere: the application or the way back is not known. To be said to the person.
    Page(&'static str),
    /// The person is sent back to the application with this address, which says what is wrong.
    Redirect(String),
}

/// A response code of RFC 6749 section 4.1.2.1 or OpenID Connect Core section 3.1.2.6, and for developers what is wrong.
pub(crate) type Refusal = (&'static str, &'static str);

/// The parameters, each at most once (RFC 6749 section 3.1); one without a value counts as absent.
struct Query(Vec<(String, String)>);

impl Query {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    fn repeated(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).any(|two| two[0] == two[1])
    }

    fn repeats(&self, name: &str) -> bool {
        self.0.iter().filter(|(key, _)| key == name).count() > 1
    }
}

impl Auth {
    /// Reads and checks the query of a request to the authorization endpoint.
    pub fn authorization(&self, query: &str) -> Result<Authorization, AuthorizationError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(AuthorizationError::Page("The request is too long."));
        }
        let query = Query(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect());
        let (client_id, settings, redirect_uri) = self.way_back(&query).map_err(AuthorizationError::Page)?;
        let state = query.get("state").map(str::to_owned);
        let back = redirect_uri.clone();
        let checked = check(&query, &settings, client_id, redirect_uri);
        let checked = checked.and_then(|request| self.is_served(&query, request));
        let checked = checked.and_then(|request| self.hinted(&query, request));
        checked.map_err(|(error, description)| {
            let answer = [("error", error), ("error_description", description)];
            AuthorizationError::Redirect(self.answer(&back, state.as_deref(), &answer))
        })
    }

    /// RFC 8707 section 2: the resource, where one is named, has to be what such a token is for.
    fn is_served(&self, query: &Query, request: Authorization) -> Result<Authorization, Refusal> {
        let served = self.endpoint().audiences.of(request.scopes);
        match query.get("resource") {
            Some(resource) if resource != served => {
                Err(("invalid_target", "The resource is not served here, or not with these scopes"))
            }
            _ => Ok(request),
        }
    }

    /// Whom the application believes to be there: the person of an ID token that it got before (Core section 3.1.2.1).
    fn hinted(&self, query: &Query, mut request: Authorization) -> Result<Authorization, Refusal> {
        let Some(hint) = query.get("id_token_hint") else { return Ok(request) };
        // One that cannot be read any more, as its key is gone, says nothing; nor does one of an account that is gone.
        let Some((subject, client)) = self.verifier().id_token(hint) else { return Ok(request) };
        if client != request.client_id {
            return Err(("invalid_request", "The id_token_hint is of another client"));
        }
        request.subject = self.people().account(&subject).is_ok().then_some(subject);
        Ok(request)
    }

    /// Whose request it is and where its answer goes: what has to be known before anybody is sent anywhere.
    fn way_back(&self, query: &Query) -> Result<(String, std::sync::Arc<ClientSettings>, Url), &'static str> {
        if query.repeats("client_id") || query.repeats("redirect_uri") || query.repeats("state") {
            return Err("The request repeats a parameter.");
        }
        let unknown = "The application is not known here, or is switched off.";
        let client_id = query.get("client_id").ok_or("The request does not name an application.")?;
        if !self.clients().enabled(client_id).unwrap_or(false) {
            return Err(unknown);
        }
        let settings = self.clients().settings(client_id).map_err(|_| unknown)?;
        let asked = query.get("redirect_uri").ok_or("The request does not say where to go back to.")?;
        if !settings.redirect_uris.iter().any(|registered| matches(registered, asked)) {
            return Err("The request asks to go back to an address that is not registered for the application.");
        }
        let url = Url::parse(asked).map_err(|_| "The address to go back to cannot be read.")?;
        Ok((client_id.to_owned(), settings, url))
    }

    /// The address that sends a person back to an application, with the issuer (RFC 9207) and the state.
    pub(crate) fn answer(&self, back: &Url, state: Option<&str>, answer: &[(&str, &str)]) -> String {
        let mut url = back.clone();
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(answer);
            query.extend_pairs(state.map(|state| ("state", state)));
            query.append_pair("iss", self.issuer());
        }
        url.into()
    }
}

fn check(
    query: &Query,
    settings: &ClientSettings,
    client_id: String,
    redirect_uri: Url,
) -> Result<Authorization, Refusal> {
    let invalid = |description| Err(("invalid_request", description));
    if query.repeated() {
        return invalid("A parameter is repeated");
    }
    if query.get("request").is_some() {
        return Err(("request_not_supported", "Request objects are not supported"));
    }
    if query.get("request_uri").is_some() {
        return Err(("request_uri_not_supported", "Request objects are not supported"));
    }
    match query.get("response_type") {
        Some("code") => {}
        None => return invalid("The response type is missing"),
        Some(_) => return Err(("unsupported_response_type", "The response type must be code")),
    }
    if query.get("response_mode").is_some_and(|mode| mode != "query") {
        return invalid("The response mode must be query");
    }
    if !settings.grant_types.contains(&GrantType::AuthorizationCode) {
        return Err(("unauthorized_client", "The client may not use this grant type"));
    }
    let (challenge, key) = (challenge(query)?, key(query)?);
    let scopes = scopes(query, settings)?;
    let opaque = |name: &str| query.get(name).map(str::to_owned);
    let (state, nonce) = (opaque("state"), opaque("nonce"));
    if [&state, &nonce].into_iter().flatten().any(|text| text.len() > MAX_OPAQUE_BYTES) {
        return invalid("The state or the nonce is too long");
    }
    Ok(Authorization {
        client_id,
        client_name: settings.name.clone(),
        login_hint: opaque("login_hint"),
        redirect_uri,
        asked_uri: opaque("redirect_uri").unwrap_or_default(),
        state,
        nonce,
        challenge,
        key,
        scopes,
        subject: None,
        prompt: prompt(query)?,
        max_age: max_age(query)?,
    })
}

/// RFC 7636 section 4.3, with S256 and nothing else, whatever kind of client (RFC 9700 section 2.1.1).
fn challenge(query: &Query) -> Result<String, Refusal> {
    let Some(challenge) = query.get("code_challenge") else {
        return Err(("invalid_request", "The code challenge is missing: PKCE is required"));
    };
    if query.get("code_challenge_method") != Some("S256") {
        return Err(("invalid_request", "The code challenge method must be S256"));
    }
    match URL_SAFE_NO_PAD.decode(challenge) {
        Ok(digest) if digest.len() == 32 => Ok(challenge.to_owned()),
        _ => Err(("invalid_request", "The code challenge is no SHA-256 in base64url")),
    }
}

/// RFC 9449 section 10: `dpop_jkt`.
fn key(query: &Query) -> Result<Option<String>, Refusal> {
    let Some(key) = query.get("dpop_jkt") else { return Ok(None) };
    match URL_SAFE_NO_PAD.decode(key) {
        Ok(thumbprint) if thumbprint.len() == 32 => Ok(Some(key.to_owned())),
        _ => Err(("invalid_request", "The dpop_jkt is no SHA-256 in base64url")),
    }
}

/// Absent: all data that the client may have.
fn scopes(query: &Query, settings: &ClientSettings) -> Result<Scopes, Refusal> {
    let owned = Scopes::of_data(settings.scopes);
    let Some(asked) = query.get("scope") else { return Ok(owned) };
    let refused = ("invalid_scope", "A scope is unknown or not owned by the client");
    let asked = Scopes::parse(asked).map_err(|_| refused)?;
    if asked.is_empty() {
        return Ok(owned);
    }
    if !settings.scopes.contains_all(asked.data) {
        return Err(refused);
    }
    if asked.administers() {
        if !settings.may_administer {
            return Err(refused);
        }
        // A token is for one audience; and who administers is there.
        if !asked.data.is_empty() || asked.has(Identity::OfflineAccess) {
            return Err(("invalid_scope", "The scope admin goes with openid, profile and email alone"));
        }
    }
    Ok(asked)
}

fn prompt(query: &Query) -> Result<Prompt, Refusal> {
    let mut prompt = Prompt::default();
    for word in query.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            // There is one account to a browser; signing in again is how another one is chosen.
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err(("invalid_request", "The prompt is not understood")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent) {
        return Err(("invalid_request", "A prompt of none stands alone"));
    }
    Ok(prompt)
}

fn max_age(query: &Query) -> Result<Option<i64>, Refusal> {
    let Some(text) = query.get("max_age") else { return Ok(None) };
    match text.parse() {
        Ok(seconds) if seconds >= 0 => Ok(Some(seconds)),
        _ => Err(("invalid_request", "The max_age is no number of seconds")),
    }
}

/// As they stand (RFC 9700 section 2.1); to this machine, by http, the port may be any (RFC 8252 section 7.3).
pub(crate) fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    let (Ok(mut registered), Ok(mut asked)) = (Url::parse(registered), Url::parse(asked)) else { return false };
    let here = match asked.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    let without_port = registered.set_port(None).is_ok() && asked.set_port(None).is_ok();
    here && asked.scheme() == "http" && without_port && registered == asked && asked.fragment().is_none()
}
