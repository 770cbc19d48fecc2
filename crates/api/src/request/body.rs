//! The body of a POST, bounded in size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::problem::{BAD_REQUEST, Problem, REQUEST_TIMEOUT};

const LIMIT: Duration = Duration::from_secs(10);

/// The bytes. Reading stops with the first one too many, so a result longer than `most` says "too long".
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    tokio::time::timeout(LIMIT, collect(body, most))
        .await
        .unwrap_or_else(|_| Err(Problem::new(&REQUEST_TIMEOUT, "The request body did not arrive within 10 s.")))
}

async fn collect(mut body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(&BAD_REQUEST, "The request body ended early."))?;
        if let Ok(data) = frame.into_data() {
            let room = (most + 1).saturating_sub(bytes.len());
            bytes.extend_from_slice(&data[..data.len().min(room)]);
        }
        if bytes.len() > most {
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
        let long = read(Body::from(vec![b'x'; 3_000]), 1_000).await.unwrap();
        assert_eq!(long.len(), 1_001);
        assert_eq!(read(Body::from("abc"), 1_000).await.unwrap(), "abc");
    }
}
