//! A server with a directory and a clock of its own, and browsers that keep cookies.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_auth::{
    Account, AccountSettings, Auth, AuthOptions, Authentication, ClientSettings, ControlRecord, GrantType, KeyRotation,
    ProviderPolicy, Role, Scope, ScopeSet, SignInPolicy, SigningAlgorithm,
};
use continuity_base::{Clock, ManualClock, Timestamp};
use continuity_history::History;
use continuity_provider::{Provider, ProviderOptions};
use http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::orders::{Order, Orders};

pub(crate) const ISSUER: &str = "https://localhost:8083";
pub(crate) const EMAIL: &str = "jane@bank.example";
pub(crate) const PASSWORD: &str = "trout lantern velvet";
pub(crate) const CALLBACK: &str = "http://127.0.0.1/callback";

pub(crate) struct Bench {
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) account: Account,
    pub(crate) history: History,
    router: Router,
    _dir: tempfile::TempDir,
}

/// Carries nothing out.
struct Nobody;

impl Orders for Nobody {
    fn give(&self, _: Order, _: &str, _: &mut dyn FnMut(u64, u64)) -> Result<Value, String> {
        Err("nobody carries it out".to_owned())
    }
}

/// The provider at that address.
fn asked(to: &str, replica: &str, clock: &Arc<dyn Clock>) -> Provider {
    let options = ProviderOptions {
        issuer: to.to_owned(),
        name: "Sign in with Example <Bank>".to_owned(),
        client_id: "continuity".to_owned(),
        client_secret: "secret".to_owned().into(),
        scopes: "openid".to_owned(),
        groups_claim: "groups".to_owned(),
        redirect_uri: format!("{replica}{}", crate::PROVIDER_CALLBACK),
        ca: None,
        limit: Duration::from_secs(5),
        clock: Arc::clone(clock),
    };
    Provider::new(options).unwrap()
}

impl Bench {
    /// Whose people need a second factor.
    pub(crate) fn strict() -> Self {
        Self::with(ISSUER, SignInPolicy::default())
    }

    /// Whose people need none.
    pub(crate) fn lax() -> Self {
        Self::with(ISSUER, SignInPolicy { second_factor_required: false, ..SignInPolicy::default() })
    }

    pub(crate) fn with(issuer: &str, sign_in: SignInPolicy) -> Self {
        Self::with_provider(issuer, sign_in, None)
    }

    /// Whose people need no second factor, and whose pages ask that API.
    pub(crate) fn with_api(api: Router) -> Self {
        Self::over(api, Arc::new(Nobody))
    }

    /// Whose people need no second factor, over that API and what carries orders out.
    pub(crate) fn over(api: Router, orders: Arc<dyn Orders>) -> Self {
        let sign_in = SignInPolicy { second_factor_required: false, ..SignInPolicy::default() };
        Self::on(ISSUER, sign_in, None, (api, orders))
    }

    /// Whose people may come from that provider, too.
    pub(crate) fn with_provider(issuer: &str, sign_in: SignInPolicy, provider: Option<&str>) -> Self {
        Self::on(issuer, sign_in, provider, (Router::new(), Arc::new(Nobody)))
    }

    fn on(
        issuer: &str,
        sign_in: SignInPolicy,
        provider: Option<&str>,
        (api, orders): (Router, Arc<dyn Orders>),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_795_370_400_000_000)));
        let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let rotation = KeyRotation { algorithm: SigningAlgorithm::Es256, ..KeyRotation::default() };
        let policy = provider.map(|issuer| ProviderPolicy {
            issuer: issuer.to_owned(),
            group_prefix: "bcl".to_owned(),
            scopes_of_viewers: ScopeSet::EMPTY,
            trusts_second_factor: true,
        });
        let provider = provider.map(|to| Arc::new(asked(to, issuer, &as_clock)));
        let options =
            AuthOptions { rotation, sign_in, provider: policy, ..AuthOptions::new(dir.path(), issuer, as_clock) };
        let auth = Auth::open(options).unwrap();
        let settings = AccountSettings {
            email: EMAIL.to_owned(),
            name: "Jane <Doe>".to_owned(),
            roles: vec![Role::Admin],
            scopes: ScopeSet::EMPTY.with(Scope::LoansRead),
            teams: vec!["North".to_owned()],
            ..AccountSettings::default()
        };
        let account = auth.create_account(settings).unwrap();
        let history = History::in_memory(Arc::<ManualClock>::clone(&clock));
        let (asked, of_bench) = (auth.clone(), history.clone());
        let backing = crate::Backing { auth: asked, provider, api, orders, clock: clock.clone(), history: of_bench };
        let router =
            crate::pages(backing).into_iter().fold(Router::new(), |router, (path, page)| router.route(path, page));
        Self { auth, clock, account, history, router, _dir: dir }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { bench: self, cookies: BTreeMap::new(), token: String::new() }
    }

    /// A browser whose person set a password.
    pub(crate) async fn with_password(&self) -> Browser<'_> {
        self.with_password_of(&self.account).await
    }

    async fn with_password_of(&self, account: &Account) -> Browser<'_> {
        let mut browser = self.browser();
        let link = self.auth.make_link(&account.id).unwrap();
        let path = format!("/console/link/{}", *link);
        browser.get(&path).await;
        let set = browser.post(&path, &[("new", PASSWORD), ("repeat", PASSWORD)]).await;
        assert_eq!(set.to(), "/console/sign-in?said=password-set");
        browser
    }

    /// A browser whose person is signed in, with a password alone.
    pub(crate) async fn signed_in(&self) -> Browser<'_> {
        let mut browser = self.with_password().await;
        browser.sign_in("").await;
        browser
    }

    /// As [`Bench::signed_in`], of another account.
    pub(crate) async fn signed_in_as(&self, account: &Account) -> Browser<'_> {
        let mut browser = self.with_password_of(account).await;
        browser.sign_in_as(&account.settings.email, "").await;
        browser
    }

    /// An account beside the first one.
    pub(crate) fn person(&self, email: &str, roles: &[Role]) -> Account {
        let (email, scopes) = (email.to_owned(), ScopeSet::EMPTY.with(Scope::LoansRead));
        let settings = AccountSettings {
            email,
            name: "Joe".to_owned(),
            roles: roles.to_vec(),
            scopes,
            ..AccountSettings::default()
        };
        self.auth.create_account(settings).unwrap()
    }

    /// The last record of the control log.
    pub(crate) fn last_record(&self) -> ControlRecord {
        let head = self.auth.control_log().head().position;
        self.auth.control_records(head - 1, 1).unwrap().remove(0).record
    }

    /// An application that may read loans and audit logs, and its request.
    pub(crate) fn application(&self, more: &str) -> (String, String) {
        let scopes = ScopeSet::EMPTY.with(Scope::LoansRead).with(Scope::AuditRead);
        let settings = ClientSettings {
            grant_types: vec![GrantType::AuthorizationCode],
            authentication: Authentication::None,
            redirect_uris: vec![CALLBACK.to_owned()],
            description: "Shows loans & more.".to_owned(),
            ..ClientSettings::named("Loan <Browser>", scopes)
        };
        let id = self.auth.create_client(settings).unwrap().client.id;
        let challenge = URL_SAFE_NO_PAD.encode([7; 32]);
        let back: String = form_urlencoded::byte_serialize(CALLBACK.as_bytes()).collect();
        let request = format!(
            "/oauth/authorize?response_type=code&client_id={id}&redirect_uri={back}&state=s%26t&code_challenge={challenge}&code_challenge_method=S256&scope=openid+loans%3Aread+audit%3Aread{more}"
        );
        (id, request)
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The code of an authenticator app now.
    pub(crate) fn code(&self, secret: &str) -> String {
        let mut bits = 0_u64;
        let mut count = 0;
        let mut bytes = Vec::new();
        for letter in secret.bytes().filter(|byte| *byte != b' ') {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
            bits = bits << 5 | value as u64;
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
            }
        }
        let now = u64::try_from(self.clock.now().as_seconds()).unwrap();
        totp_rs::Builder::new().with_secret(bytes).build().unwrap().generate(now).to_string()
    }
}

/// Status, headers and bytes, which may break off.
pub(crate) type Reply = (StatusCode, HeaderMap, Result<bytes::Bytes, axum::Error>);

/// Keeps cookies, and what forms of the page that it has open repeat.
pub(crate) struct Browser<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) token: String,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Request::builder().method(Method::GET).uri(path), String::new()).await
    }

    /// Sends a form of the page that is open.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token.clone();
        self.post_as(path, fields, &[(ORIGIN.as_str(), ISSUER)], &token).await
    }

    pub(crate) async fn post_as(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
        token: &str,
    ) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("token", token).extend_pairs(fields);
        let request = Request::builder().method(Method::POST).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request, body.finish()).await
    }

    async fn send(&mut self, request: http::request::Builder, body: String) -> Page {
        let (status, headers, bytes) = self.exchange(request, body).await;
        let text = String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        let page = Page { status, headers, text };
        if let Some(token) = page.value("token") {
            self.token = token;
        }
        page
    }

    /// A request with these headers, and its reply as bytes, which may break off.
    pub(crate) async fn bytes(&mut self, path: &str, headers: &[(&str, &str)], form: Option<&str>) -> Reply {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let request = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.exchange(request, form.unwrap_or_default().to_owned()).await
    }

    async fn exchange(&mut self, request: http::request::Builder, body: String) -> Reply {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request
            .header(COOKIE, cookies.join("; "))
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36")
            .extension(ConnectInfo::<IpAddr>([192, 0, 2, 1].into()));
        let response = self.bench.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(SET_COOKIE) {
            let (pair, rest) = set.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        (parts.status, parts.headers, body.collect().await.map(http_body_util::Collected::to_bytes))
    }

    /// Signs in with the password, on the way to `next`.
    pub(crate) async fn sign_in(&mut self, next: &str) -> Page {
        self.sign_in_as(EMAIL, next).await
    }

    async fn sign_in_as(&mut self, email: &str, next: &str) -> Page {
        self.get("/console/sign-in").await;
        self.post("/console/sign-in", &[("email", email), ("password", PASSWORD), ("next", next)]).await
    }

    /// Sets up an authenticator app; its secret and the recovery codes.
    pub(crate) async fn set_up_app(&mut self) -> (String, Vec<String>) {
        let page = self.get("/console/account/authenticator").await;
        let secret = page.between("<p class=\"secret\"><code>", "</code>");
        let code = self.bench.code(&secret);
        let handle = page.value("handle").unwrap();
        let codes = self.post("/console/account/authenticator", &[("handle", &handle), ("code", &code)]).await;
        assert_eq!(codes.status, StatusCode::OK, "{}", codes.text);
        let codes = codes.text.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        (secret, codes.collect())
    }

    pub(crate) fn session(&self) -> Option<&String> {
        self.cookies.get("__Host-continuity")
    }
}

impl Page {
    /// Where it leads.
    pub(crate) fn to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers[LOCATION].to_str().unwrap()
    }

    /// The value of a hidden field, the first of that name.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split('"').next().map(str::to_owned)
    }

    pub(crate) fn between(&self, start: &str, end: &str) -> String {
        let (_, rest) = self.text.split_once(start).unwrap_or_else(|| panic!("no {start} in {}", self.text));
        rest.split(end).next().unwrap().to_owned()
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}
