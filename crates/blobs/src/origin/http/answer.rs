//! What a server answers.

use continuity_base::Timestamp;
use reqwest::header::{CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use crate::causes;
use crate::origin::FetchError;

/// What the head of an answer says of the bytes behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) from: u64,
    pub(super) total: Option<u64>,
    pub(super) tag: Option<String>,
    pub(super) media_type: Option<String>,
}

impl Head {
    pub(super) fn read(response: &Response, now: Timestamp) -> Result<Self, FetchError> {
        let text = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let (from, total) = match response.status() {
            StatusCode::OK => (0, response.content_length()),
            StatusCode::PARTIAL_CONTENT => {
                let range = text(CONTENT_RANGE).and_then(content_range);
                range.ok_or_else(|| {
                    FetchError::Failed("a part came without a Content-Range that says which".to_owned())
                })?
            }
            refused => return Err(refusal(refused, text(RETRY_AFTER), now)),
        };
        if text(CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return Err(FetchError::Failed("the bytes came in a Content-Encoding that was not asked for".to_owned()));
        }
        let tag = text(ETAG).filter(|tag| tag.starts_with('"')).map(str::to_owned);
        Ok(Self { from, total, tag, media_type: text(CONTENT_TYPE).map(str::to_owned) })
    }
}

fn refusal(status: StatusCode, retry_after: Option<&str>, now: Timestamp) -> FetchError {
    let detail = status.as_u16().to_string();
    match status {
        StatusCode::NOT_FOUND => FetchError::Missing(detail),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::GONE => FetchError::Expired(detail),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let retry_after = retry_after.and_then(|text| continuity_base::retry_after(text, now));
            if retry_after.is_none() && status == StatusCode::SERVICE_UNAVAILABLE {
                return FetchError::Failed("it answers with 503".to_owned());
            }
            FetchError::Busy { detail, retry_after }
        }
        redirect if redirect.is_redirection() => {
            FetchError::Refused(format!("it answers with a redirect ({detail}), and none is followed"))
        }
        _ => FetchError::Failed(format!("it answers with {detail}")),
    }
}

/// First byte and total of `bytes 5-9/10`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let from = range.split_once('-')?.0.parse().ok()?;
    Some((from, if total == "*" { None } else { Some(total.parse().ok()?) }))
}

/// An error without the URL, which may be signed.
pub(super) fn broken(error: reqwest::Error) -> FetchError {
    FetchError::Failed(causes(&error.without_url()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for wrong in ["", "bytes", "bytes */10", "lines 1-2/3", "bytes 1-2", "bytes x-2/3", "bytes 1-2/x"] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn refusals_by_status() {
        let of = |status| refusal(StatusCode::from_u16(status).unwrap(), Some("3"), Timestamp::from_micros(0));
        assert!(matches!(of(404), FetchError::Missing(_)));
        assert!([401, 403, 410].into_iter().all(|status| matches!(of(status), FetchError::Expired(_))));
        assert!([429, 503].into_iter().all(
            |status| matches!(of(status), FetchError::Busy { retry_after: Some(wait), .. } if wait.as_secs() == 3)
        ));
        assert!([301, 302, 307].into_iter().all(|status| matches!(of(status), FetchError::Refused(_))));
        assert!([400, 408, 500, 502].into_iter().all(|status| matches!(of(status), FetchError::Failed(_))));
    }
}
