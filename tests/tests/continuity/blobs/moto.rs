//! The store and the origin in an S3 that is somebody else's.

use std::fs;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use continuity_blobs::origin::BucketOrigin;
use continuity_blobs::remote::RemoteOptions;
use continuity_blobs::shelf::{Digest, Kept, ObjectShelf, ProbeError, Shelf};
use continuity_tests::brokers::{Proxy, S3Server};
use continuity_tests::harness::Failure;
use futures_util::StreamExt;

use super::*;

/// More than two parts of a multipart upload.
const LARGE: u32 = 20 << 20;

fn options(url: &str) -> RemoteOptions {
    RemoteOptions {
        bucket: "bank".to_owned(),
        prefix: "kept/blobs".to_owned(),
        endpoint: Some(url.to_owned()),
        region: Some("eu-central-1".to_owned()),
        key: Some(("key".to_owned(), "secret".to_owned())),
        allow_http: true,
        ..RemoteOptions::default()
    }
}

async fn bank() -> Result<S3Server, Failure> {
    let server = S3Server::start()?;
    server.create("bank").await?;
    Ok(server)
}

/// Hands over a part with these bytes; it must be gone then.
async fn keep(shelf: &ObjectShelf, bytes: &[u8]) -> Result<Kept, Failure> {
    let directory = tempfile::tempdir()?;
    let part = directory.path().join("blob.part");
    fs::write(&part, bytes)?;
    let kept = shelf.keep(&part, &digest(bytes), bytes.len() as u64).await?;
    assert!(!part.exists(), "the part is not taken over");
    Ok(kept)
}

async fn bytes_of(shelf: &ObjectShelf, digest: &Digest) -> Result<Option<Vec<u8>>, Failure> {
    let Some(open) = shelf.open(digest).await? else { return Ok(None) };
    let size = open.size;
    let pieces: Vec<_> = open.stream(0..size).try_collect().await?;
    Ok(Some(pieces.concat()))
}

async fn listed(shelf: &ObjectShelf) -> Result<Vec<(Digest, u64)>, Failure> {
    let mut all: Vec<_> = shelf.list().try_collect().await?;
    all.sort_unstable();
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shelf_in_a_bucket() -> Result<(), Failure> {
    let server = bank().await?;
    let shelf = ObjectShelf::in_bucket(&options(&server.url()))?;
    shelf.probe("one").await?;
    assert!(listed(&shelf).await?.is_empty(), "the probe leaves nothing behind");
    let mut expected = Vec::new();
    for blob in [b"hello".to_vec(), Vec::new(), bytes(LARGE)] {
        let digest = digest(&blob);
        assert_eq!(keep(&shelf, &blob).await?, Kept::Stored);
        assert_eq!(keep(&shelf, &blob).await?, Kept::WasThere);
        assert!(bytes_of(&shelf, &digest).await?.is_some_and(|found| found == blob), "{} bytes", blob.len());
        expected.push((digest, blob.len() as u64));
    }
    expected.sort_unstable();
    assert_eq!(listed(&shelf).await?, expected);
    assert!(bytes_of(&shelf, &[9; 32]).await?.is_none());
    assert!(!shelf.remove(&[9; 32]).await?);
    let gone = expected.remove(0).0;
    assert!(shelf.remove(&gone).await?);
    assert!(!shelf.remove(&gone).await?);
    assert!(bytes_of(&shelf, &gone).await?.is_none());
    assert_eq!(listed(&shelf).await?, expected);
    Ok(())
}

/// Both are content, in one request and in parts, and the bytes are there once.
#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_one_digest() -> Result<(), Failure> {
    let server = bank().await?;
    let shelf = ObjectShelf::in_bucket(&options(&server.url()))?;
    for blob in [b"race".to_vec(), bytes(LARGE)] {
        let (one, other) = tokio::join!(keep(&shelf, &blob), keep(&shelf, &blob));
        assert!([one?, other?].contains(&Kept::Stored));
        let digest = digest(&blob);
        assert!(bytes_of(&shelf, &digest).await?.is_some_and(|found| found == blob), "{} bytes", blob.len());
        assert_eq!(listed(&shelf).await?, [(digest, blob.len() as u64)]);
        assert!(shelf.remove(&digest).await?);
    }
    Ok(())
}

/// Passes a request on without its condition, as a store does that knows none.
async fn without_condition(State(url): State<String>, request: Request) -> Result<Response, StatusCode> {
    let (parts, body) = request.into_parts();
    let failed = |_| StatusCode::BAD_GATEWAY;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    headers.remove(header::IF_NONE_MATCH);
    headers.remove(header::HOST);
    let body = to_bytes(body, 1 << 20).await.map_err(|_| StatusCode::BAD_REQUEST)?;
    let passed = reqwest::Client::new().request(parts.method, format!("{url}{path}")).headers(headers).body(body);
    let reply = passed.send().await.map_err(failed)?;
    let (status, mut headers) = (reply.status(), HeaderMap::new());
    for name in [header::ETAG, header::CONTENT_LENGTH, header::CONTENT_TYPE, header::LAST_MODIFIED] {
        headers.extend(reply.headers().get(&name).map(|value| (name, value.clone())));
    }
    let bytes = reply.bytes().await.map_err(failed)?;
    Ok((status, headers, Body::from(bytes)).into_response())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_overwrites_is_refused() -> Result<(), Failure> {
    let server = bank().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let proxy = axum::serve(listener, axum::Router::new().fallback(without_condition).with_state(server.url()));
    let shelf = ObjectShelf::in_bucket(&options(&url))?;
    let probed = tokio::select! {
        probed = shelf.probe("one") => probed,
        ended = proxy.into_future() => panic!("the proxy ended: {ended:?}"),
    };
    let Err(error @ ProbeError::Overwrites { .. }) = probed else { panic!("it was not refused: {probed:?}") };
    assert!(error.to_string().contains("created the same object twice"), "{error}");
    // The same store, asked without the proxy.
    ObjectShelf::in_bucket(&options(&server.url()))?.probe("one").await?;
    let none = ObjectShelf::in_bucket(&RemoteOptions { bucket: "none".to_owned(), ..options(&server.url()) })?;
    assert!(matches!(none.probe("one").await, Err(ProbeError::Unusable { .. })));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_in_a_bucket() -> Result<(), Failure> {
    const HALF: usize = 1 << 20;
    let server = bank().await?;
    let all = bytes(2 << 20);
    server.put("bank/loans/7/a%20b.pdf", all.clone()).await?;
    let origin = BucketOrigin::new(options(&server.url()), vec!["bank".to_owned(), "none".to_owned()])?;
    let file = object("bank", "loans/7/a b.pdf");
    let whole = read(&origin, &file, &Have::default()).await?;
    assert_eq!((whole.from, whole.total), (0, Some(2 << 20)));
    assert!(whole.bytes == all && whole.tag.is_some() && whole.media_type.is_some(), "{:?}", whole.tag);
    let have = |bytes: usize| Have { bytes: bytes as u64, tag: whole.tag.clone() };
    let rest = read(&origin, &file, &have(HALF)).await?;
    assert_eq!((rest.from, rest.total, &rest.tag), (HALF as u64, Some(2 << 20), &whole.tag));
    assert!(rest.bytes == all[HALF..], "{} bytes", rest.bytes.len());
    for nothing_left in [all.len(), all.len() + 1] {
        let again = read(&origin, &file, &have(nothing_left)).await?;
        assert_eq!(again.from, 0);
        assert!(again.bytes == all, "{} bytes", again.bytes.len());
    }
    let other = bytes(3 << 20);
    server.put("bank/loans/7/a%20b.pdf", other.clone()).await?;
    let again = read(&origin, &file, &have(HALF)).await?;
    assert_eq!((again.from, again.total), (0, Some(3 << 20)));
    assert!(again.bytes == other && again.tag != whole.tag, "{} bytes", again.bytes.len());
    for missing in [object("bank", "loans/7/b"), object("none", "loans/7/b")] {
        let error = read(&origin, &missing, &Have::default()).await.unwrap_err();
        assert!(matches!(error, FetchError::Missing(_)), "{error}");
    }
    Ok(())
}

/// The client goes on by itself where a connection broke; what stays away fails, and does not just end.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks() -> Result<(), Failure> {
    let (server, all) = (bank().await?, bytes(5 << 20));
    server.put("bank/a", all.clone()).await?;
    let proxy = Proxy::start(server.port())?;
    proxy.delay(Duration::from_millis(20));
    let origin = BucketOrigin::new(options(&proxy.url("http")), vec!["bank".to_owned()])?;
    for returns in [true, false] {
        let mut incoming = origin.fetch(&object("bank", "a"), &Have::default()).await?;
        let first = incoming.bytes.next().await.ok_or("nothing came")??;
        if returns {
            proxy.cut();
        } else {
            proxy.refuse();
        }
        let rest = tokio::time::timeout(LIMIT, incoming.bytes.try_collect::<Vec<_>>()).await?;
        match rest {
            Ok(rest) => assert!(returns && [first.to_vec(), rest.concat()].concat() == all, "other bytes came"),
            Err(error) => assert!(!returns && matches!(error, FetchError::Failed(_)), "{error:?}"),
        }
    }
    Ok(())
}
