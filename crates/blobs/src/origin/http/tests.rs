//! Against the platform's object server, on real connections.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Timestamp};
use continuity_simulator::objects::{Fault, ObjectOptions, ObjectServer};
use continuity_simulator::{BlobId, FileKind};

use super::*;
use crate::{BlobError, direct};

const NOW: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);
const SIZE: u64 = 300_000;

struct Rig {
    server: ObjectServer,
    clock: Arc<ManualClock>,
    origin: HttpOrigin,
}

impl Rig {
    fn new(change: impl FnOnce(&mut HttpOptions)) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let given = Arc::clone(&clock) as Arc<dyn Clock>;
        let valid = Duration::from_mins(5);
        let objects =
            ObjectOptions { seed: 7, token: Some("t0ken".to_owned()), valid, clock: given, ..Default::default() };
        let server = ObjectServer::start(objects).unwrap();
        let mut options = HttpOptions {
            hosts: vec!["127.0.0.1".to_owned()],
            token: Some("t0ken".to_owned()),
            reference_url: Some(server.reference_url()),
            allow_http: true,
            patience: Duration::from_secs(5),
            ..HttpOptions::default()
        };
        change(&mut options);
        Self { server, clock, origin: HttpOrigin::new(options).unwrap() }
    }

    fn signed(&self) -> String {
        self.server.served().url(id(), self.clock.now())
    }

    async fn fetch(&self, url: &str, have: &Have) -> Result<(Incoming, Vec<u8>), FetchError> {
        let reference = reference(url);
        let mut incoming = self.origin.fetch(&reference, have).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = incoming.bytes.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok((incoming, bytes))
    }
}

fn id() -> BlobId {
    BlobId::new(FileKind::Pdf, SIZE, 42)
}

fn json(url: &str) -> String {
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(id().content().bytes()));
    let fetch = serde_json::json!({"kind": "URL", "url": url});
    serde_json::json!({"blobId": id().to_string(), "sha256": sha256, "sizeBytes": SIZE, "fetch": fetch}).to_string()
}

fn reference(url: &str) -> Reference {
    Reference::parse(&json(url)).unwrap()
}

#[tokio::test]
async fn bytes_come_whole_and_from_where_they_broke_off() {
    let rig = Rig::new(|_| {});
    let all = id().content().bytes();
    let (first, bytes) = rig.fetch(&rig.signed(), &Have::default()).await.unwrap();
    assert_eq!((first.from, first.total, first.media_type.as_deref()), (0, Some(SIZE), Some("application/pdf")));
    assert_eq!(bytes, all);
    let have = Have { bytes: 100_000, tag: first.tag.clone() };
    let (rest, bytes) = rig.fetch(&rig.signed(), &have).await.unwrap();
    assert_eq!((rest.from, rest.total, &rest.tag), (100_000, Some(SIZE), &first.tag));
    assert_eq!(bytes, all[100_000..]);
    // Another tag, none, or nothing behind what is here: from the beginning.
    for (bytes, tag) in [(5, Some("\"other\"".to_owned())), (5, None), (SIZE, first.tag.clone())] {
        let (again, bytes) = rig.fetch(&rig.signed(), &Have { bytes, tag }).await.unwrap();
        assert_eq!((again.from, bytes.len()), (0, all.len()));
    }
}

#[tokio::test]
async fn a_fresh_reference_takes_the_place_of_one_that_expired() {
    let rig = Rig::new(|_| {});
    let old = rig.signed();
    rig.clock.advance(Duration::from_hours(1));
    assert!(matches!(rig.fetch(&old, &Have::default()).await, Err(FetchError::Expired(_))));
    let fresh = Reference::parse(&rig.origin.renew(&reference(&old)).await.unwrap()).unwrap();
    assert_eq!(fresh.sha256, reference(&old).sha256);
    let bytes = direct(&rig.origin, &json(&old), SIZE).await.unwrap();
    assert_eq!(bytes, id().content().bytes());
    let other = Rig::new(|options| options.token = Some("wrong".to_owned()));
    let refused = other.origin.renew(&reference(&old)).await.unwrap_err();
    assert!(matches!(&refused, FetchError::Failed(why) if why.contains("blobs.http.token")), "{refused}");
    let none = Rig::new(|options| options.reference_url = None);
    assert!(matches!(none.origin.renew(&reference(&old)).await, Err(FetchError::Expired(_))));
}

#[tokio::test]
async fn each_fault_is_told_apart() {
    let rig = Rig::new(|_| {});
    let faults = [
        (Fault::NotFound, "missing"),
        (Fault::Forbidden, "expired"),
        (Fault::Expired, "expired"),
        (Fault::TooMany, "busy"),
        (Fault::ServerError, "failed"),
        (Fault::Cut, "failed"),
        (Fault::WrongBytes, "bytes"),
        (Fault::WrongLength, "bytes"),
    ];
    for (fault, expected) in faults {
        rig.server.handle().then([Some(fault)]);
        let found = match rig.fetch(&rig.signed(), &Have::default()).await {
            Err(FetchError::Missing(_)) => "missing",
            Err(FetchError::Expired(_)) => "expired",
            Err(FetchError::Busy { retry_after, .. }) => {
                assert_eq!(retry_after, Some(Duration::from_secs(1)));
                "busy"
            }
            Err(FetchError::Refused(_)) => "refused",
            Err(FetchError::Failed(why)) => {
                assert!(!why.contains("signature"), "{why}");
                "failed"
            }
            Ok(_) => "bytes",
        };
        assert_eq!(found, expected, "{fault:?}");
    }
    rig.server.handle().then([Some(Fault::WrongBytes)]);
    assert!(matches!(direct(&rig.origin, &json(&rig.signed()), SIZE).await, Err(BlobError::Damaged { .. })));
}

#[tokio::test]
async fn only_hosts_of_the_configuration_are_asked_and_only_some_get_the_token() {
    let rig = Rig::new(|_| {});
    let port = rig.server.address().port();
    let bare = format!("http://127.0.0.1:{port}/objects/{}", id());
    assert!(matches!(rig.fetch(&bare, &Have::default()).await, Err(FetchError::Expired(_))), "no token for this host");
    let with_token = Rig::new(|options| options.token_hosts = vec!["127.0.0.1".to_owned()]);
    let bare = format!("http://127.0.0.1:{}/objects/{}", with_token.server.address().port(), id());
    assert_eq!(with_token.fetch(&bare, &Have::default()).await.unwrap().1, id().content().bytes());
    let refused = [
        format!("http://localhost:{port}/objects/x"),
        "ftp://127.0.0.1/x".to_owned(),
        format!("http://user:secret@127.0.0.1:{port}/objects/x"),
        "http://127.0.0.1.example.com/x".to_owned(),
        "http://example.com/127.0.0.1".to_owned(),
        "no url".to_owned(),
        String::new(),
    ];
    for url in refused {
        let error = rig.fetch(&url, &Have::default()).await.unwrap_err();
        assert!(matches!(&error, FetchError::Refused(why) if !why.contains("secret")), "{url}: {error}");
    }
    let strict = Rig::new(|options| {
        options.allow_http = false;
        options.reference_url = None;
        options.hosts = vec!["127.0.0.1:1".to_owned()];
    });
    let error = strict.fetch(&strict.signed(), &Have::default()).await.unwrap_err();
    assert!(error.to_string().contains("allow_http"), "{error}");
    let error = strict.fetch("https://127.0.0.1:2/x", &Have::default()).await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:2"), "{error}");
}

#[test]
fn options_are_checked() {
    let of = |template: &str, allow_http| {
        let reference_url = Some(template.to_owned());
        HttpOrigin::new(HttpOptions { reference_url, allow_http, ..HttpOptions::default() }).map(drop)
    };
    assert!(of("https://a/{blobId}", false).is_ok());
    assert!(of("http://a/{blobId}", true).is_ok());
    for wrong in ["http://a/{blobId}", "https://a/", "a/{blobId}", "file:/{blobId}"] {
        assert!(of(wrong, false).is_err(), "{wrong}");
    }
    let ca = Some("/nowhere.pem".into());
    let error = HttpOrigin::new(HttpOptions { ca, ..HttpOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("/nowhere.pem"), "{error}");
    assert_eq!(segment("a/b c%ä.."), "a%2Fb%20c%25%C3%A4%2E%2E");
}
