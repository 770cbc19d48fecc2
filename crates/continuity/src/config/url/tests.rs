//! What names a source, and what does not.

use super::*;

fn source(url: &str) -> Result<SourceUrl, String> {
    SourceUrl::parse(url, "source.url")
}

#[test]
fn every_kind_of_source() {
    assert_eq!(source("file:/feed").unwrap(), SourceUrl::File("/feed".into()));
    let nats =
        |servers: &[&str], tls| SourceUrl::Nats { servers: servers.iter().map(ToString::to_string).collect(), tls };
    assert_eq!(source("nats://a").unwrap(), nats(&["nats://a:4222"], false));
    assert_eq!(source("tls://a:1,b/").unwrap(), nats(&["tls://a:1", "tls://b:4222"], true));
    assert_eq!(source("nats://[::1]:7,[::2]").unwrap(), nats(&["nats://[::1]:7", "nats://[::2]:4222"], false));
    let brokers = vec!["a:9092".to_owned(), "b:9093".to_owned()];
    assert_eq!(source("kafka://a:9092,b:9093").unwrap(), SourceUrl::Kafka { brokers });
}

#[test]
fn what_is_wrong_with_a_source_is_said() {
    for (url, wanted) in [
        ("feed", "which is no URL"),
        ("ftp://x", "the scheme \"ftp\", of which nothing is known; there are file:PATH"),
        ("file:", "names no file"),
        ("nats:a", "needs // behind the scheme"),
        ("nats://a,", "a host without a name"),
        ("nats://a:70000", "the port \"70000\" for a, which is none"),
        ("nats://a:0", "which is none"),
        ("kafka://a", "has no port for a"),
        ("kafka://a:1/topic", "only hosts and ports"),
        ("nats://a:1?tls=1", "only hosts and ports"),
    ] {
        let error = source(url).unwrap_err();
        assert!(error.starts_with("source.url") && error.contains(wanted), "{url}: {error}");
    }
    let error = source("nats://user:hunter2@a:1").unwrap_err();
    assert!(error.contains("holds credentials") && !error.contains("hunter2"), "{error}");
}

#[test]
fn every_kind_of_bootstrap() {
    let bootstrap = |url| BootstrapUrl::parse(url, "bootstrap.url");
    assert_eq!(bootstrap("file:export").unwrap(), BootstrapUrl::File("export".into()));
    let s3 = |bucket: &str, prefix: &str, endpoint: Option<&str>| {
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        BootstrapUrl::S3(ObjectStoreUrl { bucket, prefix, endpoint: endpoint.map(str::to_owned) })
    };
    assert_eq!(bootstrap("s3://b").unwrap(), s3("b", "", None));
    assert_eq!(bootstrap("s3://b/p/q?endpoint=http://h:1").unwrap(), s3("b", "p/q", Some("http://h:1")));
    assert_eq!(bootstrap("s3://b/?endpoint=https://h%3a1%").unwrap(), s3("b", "", Some("https://h:1%")));
    for (url, wanted) in [
        ("gs://b", "there are file:PATH and s3://"),
        ("file:", "there are file:PATH"),
        ("s3:///p", "names no bucket"),
        ("s3://b?region=x", "only endpoint="),
        ("s3://b?endpoint=h", "only endpoint="),
        ("s3://key:hunter2@b", "holds credentials"),
    ] {
        let error = bootstrap(url).unwrap_err();
        assert!(error.contains(wanted) && !error.contains("hunter2"), "{url}: {error}");
    }
}
