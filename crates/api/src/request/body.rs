//! The body of a POST, bounded in size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use continuity_auth::MAX_TOKEN_REQUEST_BYTES;
use http_body_util::BodyExt;

use crate::problem::{BAD_REQUEST, Problem, REQUEST_TIMEOUT};

const LIMIT: Duration = Duration::from_secs(10);

/// The bytes. Reading stops with the first one too many, so a result longer than [`MAX_TOKEN_REQUEST_BYTES`] says "too long".
pub(crate) async fn read(body: Body) -> Result<Bytes, Problem> {
    tokio::time::timeout(LIMIT, collect(body))
        .await
        .unwrap_or_else(|_| Err(Problem::new(&REQUEST_TIMEOUT, "The request body did not arrive within 10 s.")))
}

async fn collect(mut body: Body) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(&BAD_REQUEST, "The request body ended early."))?;
        if let Ok(data) = frame.into_data() {
            let room = (MAX_TOKEN_REQUEST_BYTES + 1).saturating_sub(bytes.len());
            bytes.extend_from_slice(&data[..data.len().min(room)]);
        }
        if bytes.len() > MAX_TOKEN_REQUEST_BYTES {
            break;
        }
    }
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stops_with_the_first_byte_too_many() {
        let long = read(Body::from(vec![b'x'; 3 * MAX_TOKEN_REQUEST_BYTES])).await.unwrap();
        assert_eq!(long.len(), MAX_TOKEN_REQUEST_BYTES + 1);
        assert_eq!(read(Body::from("abc")).await.unwrap(), "abc");
    }
}
