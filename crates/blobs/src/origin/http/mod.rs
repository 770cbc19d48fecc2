//! Bytes over HTTPS: behind signed URLs, or with a bearer token.
//!
//! Only hosts of the configuration are asked, redirects are not followed, and a URL's query, which may be a signature, is
//! in no message. What broke off is gone on with by `Range` and `If-Range` with a strong entity tag (RFC 9110, section
//! 13.1.5); whatever else the server then sends begins at 0.

mod answer;
mod options;
#[cfg(test)]
mod tests;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::{StreamExt, TryStreamExt};
use reqwest::header::{ACCEPT_ENCODING, IF_RANGE, RANGE};
use reqwest::{Client, RequestBuilder, StatusCode, Url};

use self::options::authority_of;
pub use self::options::{HttpOptions, HttpOptionsError};
use super::{FetchError, Have, Incoming, LOCAL, Origin};
use crate::{Fetch, Reference};

/// The longest fresh reference, in bytes.
const MAX_REFERENCE: usize = 256 * 1024;
/// What a URL template has in place of the blob's id.
const BLOB_ID: &str = "{blobId}";

/// The hosts of the configuration. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpOrigin {
    client: Client,
    options: HttpOptions,
}

impl HttpOrigin {
    /// Checks the options; nothing is connected yet.
    pub fn new(options: HttpOptions) -> Result<Self, HttpOptionsError> {
        let client = options.client()?;
        Ok(Self { client, options })
    }

    async fn get(&self, url: Url, have: &Have) -> Result<Incoming, FetchError> {
        let token = self.options.token_for(&url);
        let mut request = self.request(url.clone(), token);
        if let Some(tag) = have.tag.as_ref().filter(|_| have.bytes > 0) {
            request = request.header(RANGE, format!("bytes={}-", have.bytes)).header(IF_RANGE, tag);
        }
        let mut response = request.send().await.map_err(answer::broken)?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            // It has no bytes behind those that are here: from the beginning.
            response = self.request(url, token).send().await.map_err(answer::broken)?;
        }
        let answer::Head { from, total, tag, media_type } = answer::Head::read(&response, self.options.clock.now())?;
        let bytes = response.bytes_stream().map_err(answer::broken).boxed();
        Ok(Incoming { from, total, tag, media_type, bytes })
    }

    fn request(&self, url: Url, token: Option<&str>) -> RequestBuilder {
        let request = self.client.get(url).header(ACCEPT_ENCODING, "identity");
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn fresh(&self, reference: &Reference) -> Result<String, FetchError> {
        let Some(template) = &self.options.reference_url else {
            return Err(FetchError::Expired(
                "no place for fresh references is configured (blobs.http.reference_url)".to_owned(),
            ));
        };
        let Some(id) = &reference.blob_id else {
            return Err(FetchError::Expired("it has no blobId that a fresh one could be asked for with".to_owned()));
        };
        let url = template.replace(BLOB_ID, &segment(id));
        let url =
            Url::parse(&url).map_err(|error| FetchError::Refused(format!("the fresh reference's URL: {error}")))?;
        let response = self.request(url, self.options.token.as_deref()).send().await.map_err(answer::broken)?;
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let status = response.status().as_u16();
                return Err(FetchError::Failed(format!(
                    "no fresh reference is given ({status}): check blobs.http.token"
                )));
            }
            StatusCode::GONE => {
                return Err(FetchError::Missing("there is no fresh reference any more (410)".to_owned()));
            }
            _ => {}
        }
        answer::Head::read(&response, self.options.clock.now())?;
        let mut pieces = response.bytes_stream();
        let mut json = Vec::new();
        while let Some(piece) = pieces.try_next().await.map_err(answer::broken)? {
            json.extend_from_slice(&piece);
            if json.len() > MAX_REFERENCE {
                return Err(FetchError::Failed(format!("the fresh reference has more than {MAX_REFERENCE} bytes")));
            }
        }
        String::from_utf8(json).map_err(|_| FetchError::Failed("the fresh reference is not UTF-8".to_owned()))
    }
}

/// One segment of a path: everything but unreserved characters (RFC 3986, section 2.3) is encoded.
fn segment(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

impl Origin for HttpOrigin {
    fn authority(&self, reference: &Reference) -> String {
        let Fetch::Url(url) = &reference.fetch else { return LOCAL.to_owned() };
        Url::parse(url).ok().and_then(|url| authority_of(&url)).unwrap_or_else(|| LOCAL.to_owned())
    }

    fn fetch<'a>(&'a self, reference: &'a Reference, have: &'a Have) -> BoxFuture<'a, Result<Incoming, FetchError>> {
        async move {
            let Fetch::Url(url) = &reference.fetch else {
                return Err(FetchError::Refused("it has no URL".to_owned()));
            };
            self.get(self.options.admit(url).map_err(FetchError::Refused)?, have).await
        }
        .boxed()
    }

    fn renew<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<String, FetchError>> {
        self.fresh(reference).boxed()
    }
}
