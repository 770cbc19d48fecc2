//! Objects that change, are missing, or are not allowed.

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::{Attributes, PutOptions};

use super::*;

const PDF: &str = "application/pdf";

/// An origin of the bucket `docs`, and the store behind it.
fn origin() -> (BucketOrigin, Arc<InMemory>) {
    let store = Arc::new(InMemory::new());
    (BucketOrigin { buckets: HashMap::from([("docs".to_owned(), Arc::clone(&store) as _)]) }, store)
}

async fn put(store: &InMemory, key: &str, bytes: &[u8]) {
    let attributes = Attributes::from_iter([(Attribute::ContentType, PDF)]);
    let options = PutOptions { attributes, ..PutOptions::default() };
    store.put_opts(&key.into(), Bytes::copy_from_slice(bytes).into(), options).await.unwrap();
}

fn object(bucket: &str, key: &str) -> Reference {
    let fetch = Fetch::Object { bucket: bucket.to_owned(), key: key.to_owned() };
    Reference { sha256: [0; 32], size: None, media_type: None, file_name: None, blob_id: None, fetch }
}

fn have(bytes: u64, tag: Option<&str>) -> Have {
    Have { bytes, tag: tag.map(str::to_owned) }
}

/// First byte, total, tag and bytes of what comes.
async fn fetch(origin: &BucketOrigin, key: &str, have: &Have) -> Result<(u64, u64, String, Vec<u8>), FetchError> {
    let incoming = origin.fetch(&object("docs", key), have).await?;
    assert_eq!(incoming.media_type.as_deref(), Some(PDF));
    let pieces: Vec<_> = incoming.bytes.try_collect().await?;
    Ok((incoming.from, incoming.total.unwrap(), incoming.tag.unwrap(), pieces.concat()))
}

#[tokio::test]
async fn it_goes_on_only_with_the_same_object() {
    let (origin, store) = origin();
    put(&store, "a/b", b"hello world").await;
    let (from, total, tag, bytes) = fetch(&origin, "a/b", &Have::default()).await.unwrap();
    assert_eq!((from, total, &*bytes), (0, 11, &b"hello world"[..]));
    let whole = (0, 11, tag.clone(), b"hello world".to_vec());
    let (from, total, same, bytes) = fetch(&origin, "a/b", &have(6, Some(&tag))).await.unwrap();
    assert_eq!((from, total, same, &*bytes), (6, 11, tag.clone(), &b"world"[..]));
    assert_eq!(fetch(&origin, "a/b", &have(6, None)).await.unwrap(), whole, "nothing says what the bytes are of");
    assert_eq!(fetch(&origin, "a/b", &have(0, Some(&tag))).await.unwrap(), whole);
    for there_already in [11, 12] {
        assert_eq!(fetch(&origin, "a/b", &have(there_already, Some(&tag))).await.unwrap(), whole);
    }
    put(&store, "a/b", b"another one").await;
    for bytes in [6, 11] {
        let (from, _, new, bytes) = fetch(&origin, "a/b", &have(bytes, Some(&tag))).await.unwrap();
        assert_eq!((from, &*bytes), (0, &b"another one"[..]));
        assert_ne!(new, tag);
    }
}

#[tokio::test]
async fn what_is_not_there_is_missing_and_what_is_not_allowed_refused() {
    let (origin, store) = origin();
    put(&store, "a/b", b"hello").await;
    for have in [Have::default(), have(3, Some("\"0\""))] {
        assert!(matches!(fetch(&origin, "a/c", &have).await, Err(FetchError::Missing(_))));
    }
    let outside = [
        object("other", "a/b"),
        object("docs", "../a/b"),
        object("docs", "a/../a/b"),
        object("docs", "a/./b"),
        object("docs", "/a/b"),
        object("docs", "a/b/"),
        object("docs", "a//b"),
        object("docs", "a\0b"),
        object("docs", ""),
        Reference { fetch: Fetch::Url("https://docs/a/b".to_owned()), ..object("docs", "a/b") },
    ];
    for reference in outside {
        let refused = origin.fetch(&reference, &Have::default()).await.err();
        assert!(matches!(refused, Some(FetchError::Refused(_))), "{reference:?}: {refused:?}");
    }
    assert_eq!(origin.authority(&object("docs", "a")), "s3:docs");
    assert!(matches!(origin.renew(&object("docs", "a/b")).await, Err(FetchError::Refused(_))));
}

#[test]
fn weak_tags_are_none() {
    let meta = |tag: &str| object_store::ObjectMeta {
        location: "a".into(),
        last_modified: std::time::SystemTime::UNIX_EPOCH.into(),
        size: 0,
        e_tag: Some(tag.to_owned()),
        version: None,
    };
    let got = |tag: &str| GetResult {
        payload: object_store::GetResultPayload::Stream(futures_util::stream::empty().boxed()),
        meta: meta(tag),
        range: 0..0,
        attributes: Attributes::new(),
        extensions: object_store::Extensions::default(),
    };
    assert_eq!(incoming(got("W/\"a\"")).tag, None);
    assert_eq!(incoming(got("\"a\"")).tag.as_deref(), Some("\"a\""));
}

#[test]
fn errors_are_told_apart() {
    let (origin, _) = origin();
    let reference = object("docs", "a/b");
    let place = origin.place(&reference).unwrap_or_else(|error| panic!("{error}"));
    let denied = Error::PermissionDenied { path: "a/b".to_owned(), source: "403".into() };
    let FetchError::Failed(text) = place.failure(&denied) else { panic!("it is not expired") };
    assert!(text.contains("s3://docs/a/b") && text.contains("right to read"), "{text}");
    let other = Error::Generic { store: "S3", source: "reset".into() };
    assert!(matches!(place.failure(&other), FetchError::Failed(text) if text.contains("reset")));
}

#[test]
fn options_are_looked_at_when_it_is_made() {
    let options = RemoteOptions { ca: Some("/nowhere/none.pem".into()), ..RemoteOptions::default() };
    let error = BucketOrigin::new(options.clone(), vec!["docs".to_owned()]).err().unwrap();
    assert!(error.contains("docs") && error.contains("none.pem"), "{error}");
    assert!(BucketOrigin::new(options, Vec::new()).is_ok());
}
