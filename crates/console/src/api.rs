//! The API, asked for whoever is signed in: pages read data as every client does, and show what it says of them.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use continuity_auth::Session;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tower::ServiceExt;

use crate::json::Node;
use crate::pages::trouble;
use crate::reply::Away;
use crate::visit::Visit;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A good answer of the API.
pub(crate) struct Told {
    /// JSON as it was said: with the literals of its numbers.
    text: String,
    pub(crate) headers: HeaderMap,
}

/// A good answer of the API, byte for byte.
pub(crate) struct Raw {
    pub(crate) bytes: Vec<u8>,
    pub(crate) headers: HeaderMap,
}

/// What the API says where it does not answer (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refused {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// Which sort of refusal it is: `urn:continuity:problem:` and a word.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) detail: String,
}

impl Told {
    /// A header as text; nothing where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// The answer, where none of its numbers is of the platform's making: some are beyond what this can hold.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The answer with the literals of its numbers.
    pub(crate) fn node(&self) -> Node {
        Node::parse(self.text.as_bytes()).unwrap_or_default()
    }
}

impl Refused {
    /// There was an answer, of which nothing can be told.
    pub(crate) fn unreadable() -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::default() }
    }

    /// Whether there is no such thing, or not any more.
    pub(crate) fn is_gone(&self) -> bool {
        [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&self.status)
    }

    /// Which sort of refusal it is, in a word of the API.
    pub(crate) fn code(&self) -> &str {
        self.kind.rsplit(':').next().unwrap_or_default()
    }
}

impl Raw {
    /// A header as text; nothing where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }
}

/// A header as text; nothing where there is none.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Why the API did not answer.
pub(crate) async fn refusal(response: Response) -> Refused {
    let status = response.status();
    let refused = bytes(response).await.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Refused { status, ..refused.unwrap_or_default() }
}

/// An answer byte for byte, or why there is none.
pub(crate) async fn whole(response: Response) -> Result<Raw, Refused> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let headers = response.headers().clone();
    Ok(Raw { bytes: bytes(response).await?, headers })
}

/// The whole text of an answer, however long: it comes from this process. Of one that breaks off, nothing: a part would be
/// taken for all there is.
async fn bytes(response: Response) -> Result<Vec<u8>, Refused> {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    bytes.map(Vec::from).map_err(|error| {
        tracing::error!(%error, "an answer of the API broke off");
        Refused::unreadable()
    })
}

impl Visit {
    /// Asks the API with these headers for the person of the session, whose scopes and limits hold and who is recorded as the reader.
    pub(crate) async fn ask(&self, session: &Session, path: &str, mut headers: HeaderMap) -> Response {
        if let Ok(id) = self.request_id.parse() {
            headers.insert(REQUEST_ID, id);
        }
        let mut request = Request::new(Body::empty());
        let Ok(uri) = path.parse() else { return refused_path() };
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request.extensions_mut().insert(session.clone());
        let api: Router = self.console.api.clone();
        api.oneshot(request).await.unwrap_or_else(|never| match never {})
    }

    /// What the API answers to a GET of that path, byte for byte, or why it does not.
    pub(crate) async fn raw(&self, session: &Session, path: &str) -> Result<Raw, Refused> {
        whole(self.ask(session, path, HeaderMap::new()).await).await
    }

    /// What the API answers to a GET of that path, or why it does not.
    pub(crate) async fn told(&self, session: &Session, path: &str) -> Result<Told, Refused> {
        let Raw { bytes, headers } = self.raw(session, path).await?;
        match serde_json::from_slice::<Box<RawValue>>(&bytes) {
            Ok(raw) => Ok(Told { text: raw.get().to_owned(), headers }),
            Err(error) => {
                tracing::error!(%error, "an answer of the API is no JSON");
                Err(Refused::unreadable())
            }
        }
    }

    /// As [`Visit::told`]; a refusal becomes a page that says so.
    pub(crate) async fn read(&self, session: &Session, path: &str) -> Result<Told, Away> {
        self.told(session, path).await.map_err(|refused| trouble::refused(self, &refused).into())
    }
}

fn refused_path() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
