//! Attempts at a real HTTP server.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{FutureExt, ready};
use serde_json::Map;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::Kind;
use crate::target::{Targets, system_lookup};

const NOW: Timestamp = Timestamp::from_micros(784_111_770_000_000);

fn message() -> Message {
    Message::of_now(Kind::Ping, NOW, 0, &Map::new())
}

/// A server that gives every connection this answer; its port, and how many connections there were.
async fn server(answer: String) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let serve = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.is_ok());
            // A client that gave up is none of its concern.
            stream.write_all(answer.as_bytes()).await.ok();
        }
    };
    tokio::task::spawn_local(serve);
    (port, count)
}

fn answer(status: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n")
}

fn sender(url: &str, listed: &[String], lookup: Lookup) -> Sender {
    let target = Targets::parse(listed, true).unwrap().admit(url).unwrap();
    Sender::new(target, Vec::new(), None, Duration::from_secs(5), lookup).unwrap()
}

async fn attempt(answer: String) -> Attempt {
    let (port, _) = server(answer).await;
    let listed = [format!("127.0.0.1:{port}")];
    sender(&format!("http://127.0.0.1:{port}/"), &listed, system_lookup()).send(&message(), NOW).await
}

fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

#[test]
fn answers_are_told_apart() {
    on_one_thread(async {
        for (status, outcome) in [
            ("200 OK", Outcome::Delivered),
            ("204 No Content", Outcome::Delivered),
            ("410 Gone", Outcome::Gone),
            ("408 Request Timeout", Outcome::Failed),
            ("429 Too Many Requests", Outcome::Failed),
            ("500 Internal Server Error", Outcome::Failed),
            ("503 Service Unavailable", Outcome::Failed),
            ("400 Bad Request", Outcome::Refused),
            ("401 Unauthorized", Outcome::Refused),
            ("404 Not Found", Outcome::Refused),
        ] {
            let attempt = attempt(answer(status, "retry-after: 7\r\n")).await;
            assert_eq!((attempt.outcome, attempt.asked), (outcome, Some(Duration::from_secs(7))), "{status}");
        }
        let date = attempt(answer("503 Busy", "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n")).await;
        assert_eq!(date.asked, Some(Duration::from_secs(7)));
    });
}

#[test]
fn no_redirect_is_followed() {
    on_one_thread(async {
        let (port, count) = server(answer("200 OK", "")).await;
        let moved = answer("307 Temporary Redirect", &format!("location: http://127.0.0.1:{port}/\r\n"));
        let attempt = attempt(moved).await;
        assert_eq!((attempt.outcome, count.load(Ordering::SeqCst)), (Outcome::Refused, 0));
        assert!(attempt.detail.contains("redirect (307)"), "{}", attempt.detail);
    });
}

#[test]
fn an_endless_answer_is_not_read() {
    on_one_thread(async {
        let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n{}", "x".repeat(100_000));
        assert_eq!(attempt(long).await.outcome, Outcome::Delivered);
    });
}

#[test]
fn nobody_there_is_a_failure() {
    on_one_thread(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let listed = [format!("127.0.0.1:{port}")];
        let sender = sender(&format!("http://127.0.0.1:{port}/secret-path"), &listed, system_lookup());
        let attempt = sender.send(&message(), NOW).await;
        assert_eq!(attempt.outcome, Outcome::Failed);
        assert!(!attempt.detail.contains("secret-path"), "{}", attempt.detail);
    });
}

/// A name that leads to one address after the other.
fn rebinding(addresses: &'static [[u8; 4]]) -> Lookup {
    let asked = AtomicUsize::new(0);
    Arc::new(move |_| {
        let address = addresses[asked.fetch_add(1, Ordering::SeqCst).min(addresses.len() - 1)];
        ready(io::Result::Ok(vec![IpAddr::from(address)])).boxed()
    })
}

#[test]
fn a_name_that_leads_inside_later_reaches_nothing() {
    on_one_thread(async {
        let (port, count) = server(answer("200 OK", "")).await;
        let listed = [format!("hooks.example:{port}"), "127.0.0.2/32".to_owned()];
        let url = format!("https://hooks.example:{port}/");
        let sender = sender(&url, &listed, rebinding(&[[127, 0, 0, 2], [127, 0, 0, 1], [169, 254, 169, 254]]));
        let first = sender.send(&message(), NOW).await;
        assert_eq!(first.outcome, Outcome::Failed, "allowed, but nobody is there: {}", first.detail);
        for address in ["127.0.0.1", "169.254.169.254"] {
            let attempt = sender.send(&message(), NOW).await;
            assert_eq!(attempt.outcome, Outcome::Forbidden, "{}", attempt.detail);
            assert!(attempt.detail.contains(&format!("leads to {address};")), "{}", attempt.detail);
        }
        assert_eq!(count.load(Ordering::SeqCst), 0);
    });
}
