//! Replies.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};

use crate::cookies::FORM;
use crate::policy;
use crate::visit::Visit;

/// What is answered instead of what was asked for.
pub(crate) struct Away(Box<Response>);

/// A page, or what is answered instead.
pub(crate) type Answer = Result<Response, Away>;

impl From<Response> for Away {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Away {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// A page of that status.
pub(crate) fn html(status: StatusCode, page: &impl Template, leads_to: Option<&str>) -> Response {
    let (status, text) = match page.render() {
        Ok(text) => (status, text),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    policy::put(response.headers_mut(), leads_to);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// To another page, by GET.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = Response::default();
    policy::put(response.headers_mut(), None);
    if let Ok(to) = HeaderValue::from_str(to) {
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.headers_mut().insert(LOCATION, to);
    } else {
        tracing::error!("an address cannot stand in a header");
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}

/// For the script.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Response {
    let mut response = Response::new(value.to_string().into());
    *response.status_mut() = status;
    policy::put(response.headers_mut(), None);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Visit {
    /// A good page.
    pub(crate) fn page(&self, page: &impl Template) -> Response {
        self.page_of(StatusCode::OK, page, None)
    }

    /// A page with forms that may lead to another place in the end. The browser is given what forms repeat, if it lacks it.
    pub(crate) fn page_of(&self, status: StatusCode, page: &impl Template, leads_to: Option<&str>) -> Response {
        let mut response = html(status, page, leads_to);
        if self.token_is_new {
            FORM.set(response.headers_mut(), self.token());
        }
        response
    }
}
