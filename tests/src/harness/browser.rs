//! A person's browser without JavaScript, as far as the pages need one: cookies, forms, and no redirect followed by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Method, StatusCode, redirect};

use super::{Access, Failure};

/// How long one reply may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Keeps cookies, and what forms of the page that it has open repeat.
#[derive(Clone, Debug)]
pub struct Browser {
    http: reqwest::Client,
    base: String,
    address: Option<String>,
    /// Name and value.
    pub cookies: BTreeMap<String, String>,
    /// The secret in the forms of the page that is open.
    pub token: String,
}

/// What came.
#[derive(Clone, Debug)]
pub struct Page {
    /// Status code.
    pub status: StatusCode,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Browser {
    /// Without cookies.
    pub fn new(access: &Access) -> Result<Self, Failure> {
        let authority = Certificate::from_pem(&std::fs::read(&access.ca_file)?)?;
        let client = reqwest::Client::builder().tls_certs_only([authority]).timeout(PATIENCE);
        let http = client.redirect(redirect::Policy::none()).build()?;
        let (base, address) = (access.base_url.clone(), None);
        Ok(Self { http, base, address, cookies: BTreeMap::new(), token: String::new() })
    }

    /// Another browser behind the same connections.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self { cookies: BTreeMap::new(), token: String::new(), ..self.clone() }
    }

    /// It stands at another address, behind a proxy that the replica trusts.
    #[must_use]
    pub fn at(self, address: &str) -> Self {
        Self { address: Some(address.to_owned()), ..self }
    }

    /// Opens a path, or a whole address of this server.
    pub async fn get(&mut self, path: &str) -> Result<Page, Failure> {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Sends a form of the page that is open.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Page, Failure> {
        let (token, base) = (self.token.clone(), self.base.clone());
        self.post_as(path, fields, &[("origin", &base)], &token).await
    }

    /// Sends a form from wherever, with whatever secret.
    pub async fn post_as(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
        token: &str,
    ) -> Result<Page, Failure> {
        let fields = [("token", token)].into_iter().chain(fields.iter().copied());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form = ("content-type", "application/x-www-form-urlencoded");
        self.send(Method::POST, path, &[&[form], headers].concat(), body).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Page, Failure> {
        let path = path.strip_prefix(&self.base).unwrap_or(path);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some(address) = &self.address {
            request = request.header("x-forwarded-for", address);
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        for set in headers.get_all(SET_COOKIE) {
            let (pair, rest) = set.to_str()?.split_once(';').ok_or("a cookie without attributes")?;
            let (name, value) = pair.split_once('=').ok_or("a cookie without a value")?;
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let page = Page { status, headers, text: response.text().await? };
        if let Some(token) = page.value("token") {
            self.token = token;
        }
        Ok(page)
    }

    /// Sets a password by a one-time link.
    pub async fn choose_password(&mut self, link: &str, password: &str) -> Result<(), Failure> {
        self.get(link).await?;
        let page = self.post(link, &[("new", password), ("repeat", password)]).await?;
        page.to().map(drop)
    }

    /// Opens the sign-in and sends address and password, on the way to `next`.
    pub async fn sign_in(&mut self, email: &str, password: &str, next: &str) -> Result<Page, Failure> {
        self.get("/console/sign-in").await?;
        self.post("/console/sign-in", &[("email", email), ("password", password), ("next", next)]).await
    }

    /// The cookie of the session, if there is one.
    pub fn session(&self) -> Option<&str> {
        self.cookies.get("__Host-continuity").map(String::as_str)
    }
}

impl Page {
    /// Where it leads; an error when it leads nowhere.
    pub fn to(&self) -> Result<&str, Failure> {
        let to = self.headers.get(LOCATION).filter(|_| self.status == StatusCode::SEE_OTHER);
        Ok(to.ok_or_else(|| format!("it leads nowhere: {} {}", self.status, self.text))?.to_str()?)
    }

    /// The value of a hidden field, the first of that name.
    pub fn value(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split('"').next().map(|text| text.replace("&#38;", "&"))
    }

    /// What stands between two texts, the first time.
    pub fn between(&self, start: &str, end: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(start)?;
        rest.split(end).next().map(str::to_owned)
    }

    /// A header field as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
