//! What is counted, and that everything counted is described.

use crate::Purpose;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder};
use parking_lot::Mutex;

use super::*;
use crate::testing::{Padding, Server, claims, forge, signing_key};
use crate::{OAuthError, TokenRequest};

/// Keeps what is described and counted.
#[derive(Default)]
struct Kept {
    described: Mutex<Vec<String>>,
    counters: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
}

impl Kept {
    fn value(&self, counter: &str) -> u64 {
        self.counters.lock().get(counter).map_or(0, |value| value.load(Ordering::SeqCst))
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().push(name.as_str().to_owned());
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().push(name.as_str().to_owned());
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().push(name.as_str().to_owned());
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = key.labels().map(|label| format!(" {}={}", label.key(), label.value())).collect();
        let name = format!("{}{}", key.name(), labels.concat());
        Counter::from_arc(Arc::clone(self.counters.lock().entry(name).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn every_metric_is_described_and_named_by_the_conventions() {
    let kept = Kept::default();
    with_local_recorder(&kept, describe);
    let described = kept.described.into_inner();
    assert_eq!(described.len(), 19);
    for name in described {
        let unit = ["_total", "_seconds", "_records", "_rows", "_writable"].iter().any(|suffix| name.ends_with(suffix));
        assert!(name.starts_with("continuity_auth_") && unit, "{name}");
    }
}

#[test]
fn hits_misses_and_refusals_are_counted() {
    let kept = Kept::default();
    with_local_recorder(&kept, || {
        let server = Server::new();
        let token = forge(&server.header().to_string(), &claims().to_string(), signing_key(), Padding::Rs256);
        for _ in 0..3 {
            server.verifier.verify(Purpose::Data, &token, None).unwrap();
        }
        server.verifier.verify(Purpose::Data, "x", None).unwrap_err();
        token_refused("expired");
    });
    assert_eq!((kept.value(CACHE_HITS), kept.value(CACHE_MISSES)), (2, 2));
    assert_eq!(kept.value(&format!("{TOKENS_REFUSED} reason=expired")), 1);
}

#[test]
fn tokens_and_refused_requests_are_counted() {
    let kept = Kept::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ask = |server: &Server, secret: &str| -> Result<_, OAuthError> {
        let body = format!("grant_type=client_credentials&client_id=client-1&client_secret={secret}");
        let content_type = Some("application/x-www-form-urlencoded");
        runtime.block_on(server.answer(TokenRequest {
            content_type,
            authorization: None,
            address: None,
            body: body.as_bytes(),
        }))
    };
    with_local_recorder(&kept, || {
        let server = Server::new();
        ask(&server, "cs_correct+horse%2B%25").unwrap();
        ask(&server, "wrong").unwrap_err();
    });
    assert_eq!(kept.value(TOKENS_ISSUED), 1);
    assert_eq!(kept.value(&format!("{TOKEN_REQUESTS_REFUSED} error=invalid_client")), 1);
}
