//! Object stores of a real NATS server.

use async_nats::jetstream::{self, object_store};
use continuity_blobs::origin::NatsOrigin;
use continuity_tests::brokers::{NATS, NatsServer, Proxy};
use continuity_tests::harness::{Failure, poll};
use futures_util::StreamExt;

use super::*;

const STORE: &str = "documents";
/// Another store that is allowed, and is not there.
const NONE: &str = "none";

async fn context(url: String) -> Result<jetstream::Context, Failure> {
    Ok(jetstream::new(async_nats::connect(url).await?))
}

async fn create(server: &NatsServer) -> Result<object_store::ObjectStore, Failure> {
    let context = context(server.url()).await?;
    let config = object_store::Config { bucket: STORE.to_owned(), ..Default::default() };
    Ok(context.create_object_store(config).await?)
}

fn origin(context: jetstream::Context) -> NatsOrigin {
    NatsOrigin::new(context, vec![STORE.to_owned(), NONE.to_owned(), "no.name".to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_read_whole() -> Result<(), Failure> {
    let server = NatsServer::start(NATS)?;
    let store = create(&server).await?;
    let all = bytes(5 << 20);
    store.put("loans/7/a b.pdf", &mut all.as_slice()).await?;
    store.put("empty", &mut &[][..]).await?;
    let origin = origin(context(server.url()).await?);
    let file = object(STORE, "loans/7/a b.pdf");
    assert_eq!(origin.authority(&file), "nats:documents");
    let have = Have { bytes: 1_000, tag: Some("\"a\"".to_owned()) };
    for have in [Have::default(), have] {
        let got = read(&origin, &file, &have).await?;
        assert_eq!((got.from, got.total, got.tag), (0, Some(5 << 20), None));
        assert_eq!(digest(&got.bytes), digest(&all));
    }
    let got = read(&origin, &object(STORE, "empty"), &Have::default()).await?;
    assert_eq!((got.total, got.bytes), (Some(0), Vec::new()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_is_not_followed() -> Result<(), Failure> {
    let server = NatsServer::start(NATS)?;
    let mut store = create(&server).await?;
    let info = store.put("a", &mut &b"hello"[..]).await?;
    store.put("gone", &mut &b"hello"[..]).await?;
    store.delete("gone").await?;
    store.add_link("link", &info).await?;
    store.add_bucket_link("bucket", NONE).await?;
    let origin = origin(context(server.url()).await?);
    for (bucket, key) in [(STORE, "none"), (STORE, "gone"), (NONE, "a")] {
        let error = read(&origin, &object(bucket, key), &Have::default()).await.unwrap_err();
        assert!(matches!(error, FetchError::Missing(_)), "{bucket} {key}: {error:?}");
    }
    for (bucket, key) in [(STORE, "link"), (STORE, "bucket"), (STORE, ""), ("no.name", "a"), ("other", "a")] {
        let error = read(&origin, &object(bucket, key), &Have::default()).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused(_)), "{bucket} {key}: {error:?}");
    }
    store.seal().await?;
    assert_eq!(read(&origin, &object(STORE, "a"), &Have::default()).await?.bytes, b"hello");
    Ok(())
}

/// Bytes that are not those of the digest fail at their end, and bytes that never come at the limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_damaged() -> Result<(), Failure> {
    let server = NatsServer::start(NATS)?;
    let store = create(&server).await?;
    let context = context(server.url()).await?;
    let mut info = store.put("a", &mut &b"hello"[..]).await?;
    info.digest = Some("SHA-256=AAAA".to_owned());
    // `a` in base64, as these stores write names.
    let told = context.publish("$O.documents.M.YQ==", serde_json::to_vec(&info)?.into()).await?;
    told.await?;
    let origin = origin(context.clone()).with_limit(Duration::from_secs(1));
    let wrong = read(&origin, &object(STORE, "a"), &Have::default()).await.unwrap_err();
    assert!(matches!(&wrong, FetchError::Failed(text) if text.contains("digest")), "{wrong:?}");
    context.get_stream("OBJ_documents").await?.purge().filter("$O.documents.C.>").await?;
    let nothing = tokio::time::timeout(LIMIT, read(&origin, &object(STORE, "a"), &Have::default())).await?.unwrap_err();
    assert!(matches!(&nothing, FetchError::Failed(text) if text.contains("sent nothing for 1 seconds")), "{nothing:?}");
    Ok(())
}

/// Killed after the first piece of an object that comes slowly; it comes whole once the broker is there again.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies() -> Result<(), Failure> {
    let mut server = NatsServer::start(NATS)?;
    let all = bytes(5 << 20);
    create(&server).await?.put("a", &mut all.as_slice()).await?;
    let proxy = Proxy::start(server.port())?;
    proxy.delay(Duration::from_millis(30));
    let context = context(proxy.url("nats")).await?;
    let origin = origin(context.clone()).with_limit(Duration::from_secs(2));
    let mut incoming = origin.fetch(&object(STORE, "a"), &Have::default()).await?;
    let first = incoming.bytes.next().await.ok_or("nothing came")??;
    assert!(all.starts_with(&first), "other bytes came");
    server.kill()?;
    let rest = tokio::time::timeout(LIMIT, incoming.bytes.try_collect::<Vec<_>>()).await?;
    let error = rest.expect_err("the broker was killed in the middle");
    assert!(matches!(error, FetchError::Failed(_)), "{error:?}");
    let down = tokio::time::timeout(LIMIT, read(&origin, &object(STORE, "a"), &Have::default())).await?;
    assert!(matches!(down, Err(FetchError::Failed(_))), "{down:?}");
    proxy.heal();
    server.restart()?;
    let again = poll(LIMIT, async || {
        let got = read(&origin, &object(STORE, "a"), &Have::default()).await;
        Ok(got.is_ok_and(|got| got.bytes == all))
    });
    assert!(again.await?, "it does not come again");
    Ok(())
}
