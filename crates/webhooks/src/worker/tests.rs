//! What becomes of messages whose receiver is away, refuses them, or whose loan goes meanwhile.

use std::net::Ipv4Addr;

use continuity_log::Kind as Record;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::testing::{Bench, purge, status};
use crate::{Health, Subscription, Targets, WebhookOptions};

/// A receiver that answers as it is told, and what it was sent: cause or status of each message.
#[derive(Clone)]
struct Receiver {
    answer: Arc<Mutex<u16>>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// With its port.
    async fn start() -> (Self, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Self { answer: Arc::new(Mutex::new(503)), sent: Arc::default() };
        let serving = receiver.clone();
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let mut length = 0;
                while !serving.take(&request[..length]) {
                    length += stream.read(&mut request[length..]).await.unwrap();
                }
                let status = *serving.answer.lock();
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (receiver, port)
    }

    /// Whether that is a whole request.
    fn take(&self, request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request);
        let Some(body) = text.split("\r\n\r\n").nth(1) else { return false };
        let Ok(body) = serde_json::from_str::<Value>(body) else { return false };
        let said = ["cause", "status"].into_iter().find_map(|name| body["data"][name].as_str());
        self.sent.lock().push(said.unwrap_or_default().to_owned());
        true
    }

    fn answers(&self, status: u16) {
        *self.answer.lock() = status;
    }

    /// What was sent since this was asked last.
    fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.sent.lock())
    }
}

/// A subscription to the news of loans that has begun.
struct Scene {
    bench: Bench,
    receiver: Receiver,
    worker: Worker,
}

impl Scene {
    async fn start() -> Self {
        let (bench, (receiver, port)) = (Bench::new(), Receiver::start().await);
        let subscription = Subscription {
            id: "core".to_owned(),
            url: format!("http://127.0.0.1:{port}/"),
            kinds: vec![Kind::LoanStatusChanged, Kind::ClientDataChanged],
            keys: Vec::new(),
        };
        let options = WebhookOptions {
            subscriptions: vec![subscription],
            targets: Targets::parse(&[format!("127.0.0.1:{port}")], true).unwrap(),
            ..WebhookOptions::new(bench.folder.path().join("state.redb"))
        };
        let core = Core::open(options, bench.places.clone()).unwrap();
        let mut scene = Self { bench, receiver, worker: Worker::new(core, 0) };
        scene.work().await;
        scene
    }

    /// Works until there is nothing to do but to wait.
    async fn work(&mut self) {
        while matches!(self.worker.step().await.unwrap(), Step::Go) {}
    }

    async fn later(&mut self, time: Duration) {
        self.bench.clock.advance(time);
        self.work().await;
    }

    fn dead(&self) -> u64 {
        self.worker.core.state.dead_letters("core").unwrap()
    }

    /// Whether all is well, the backlog, dead letters, and seconds that the oldest waits.
    fn health(&self) -> (bool, u64, u64, Option<u64>) {
        let health = Health::of(&self.worker.core).unwrap();
        assert_eq!(health.subscriptions, 1);
        (health.well, health.backlog, health.dead_letters, health.oldest_waiting.map(|waits| waits.as_secs()))
    }

    fn head(&self) -> Option<Head> {
        self.worker.core.state.row("core").unwrap().unwrap().head
    }
}

fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

#[test]
fn a_refusal_counts_from_when_it_began_and_not_from_the_outage_before() {
    on_one_thread(async {
        let mut scene = Scene::start().await;
        let limit = scene.worker.core.options.retry.give_up_refused;
        scene.bench.append(&[status(Record::Event, "L1", 1, "BID")]);
        scene.work().await;
        scene.later(Duration::from_hours(3)).await;
        scene.receiver.answers(400);
        scene.later(Duration::from_hours(1)).await;
        assert_eq!((scene.dead(), scene.head().unwrap().attempts), (0, 3), "it is refused for the first time");
        // One that is not answered in between begins the time anew.
        scene.receiver.answers(503);
        scene.later(limit).await;
        assert_eq!((scene.dead(), scene.head().unwrap().refused_since), (0, None));
        scene.receiver.answers(400);
        scene.later(Duration::from_hours(1)).await;
        assert_eq!(scene.dead(), 0);
        scene.later(limit).await;
        assert_eq!((scene.dead(), scene.head()), (1, None), "it was refused all that time");
    });
}

#[test]
fn of_a_purged_loan_only_the_purge_is_told() {
    on_one_thread(async {
        let mut scene = Scene::start().await;
        scene.bench.append(&[status(Record::Event, "L1", 1, "BID"), status(Record::Event, "L2", 1, "DRAFT")]);
        scene.work().await;
        assert_eq!(scene.receiver.sent(), ["BID"], "and it is tried again later");
        scene.bench.append(&[purge("L1", 2)]);
        scene.receiver.answers(204);
        scene.later(Duration::from_secs(0)).await;
        assert_eq!((scene.receiver.sent(), scene.head()), (vec!["DRAFT".to_owned(), "purged".to_owned()], None));
    });
}

#[test]
fn dead_letters_of_a_purged_loan_are_not_sent_again() {
    on_one_thread(async {
        let mut scene = Scene::start().await;
        scene.receiver.answers(400);
        scene.bench.append(&[
            status(Record::Event, "L1", 1, "BID"),
            purge("L2", 1),
            status(Record::Event, "L3", 1, "DRAFT"),
        ]);
        for _ in 0..3 {
            scene.work().await;
            scene.later(scene.worker.core.options.retry.give_up_refused).await;
        }
        assert_eq!(scene.dead(), 3);
        scene.bench.append(&[purge("L1", 2)]);
        scene.receiver.answers(204);
        scene.receiver.sent();
        scene.worker.core.state.write(|writer| writer.retry("core", None)).unwrap();
        scene.work().await;
        assert_eq!(
            (scene.receiver.sent(), scene.dead()),
            (["purged", "DRAFT", "purged"].map(str::to_owned).to_vec(), 0)
        );
    });
}

#[test]
fn health_says_what_waits_what_is_in_vain_and_what_was_given_up() {
    on_one_thread(async {
        let mut scene = Scene::start().await;
        assert_eq!(scene.health(), (true, 0, 0, None));
        scene.bench.append(&[status(Record::Event, "L1", 1, "BID"), status(Record::Event, "L1", 2, "DEED")]);
        assert_eq!(scene.health(), (true, 2, 0, Some(0)), "it has just come");
        scene.bench.clock.advance(Duration::from_mins(5));
        assert_eq!(scene.health(), (false, 2, 0, Some(300)), "nobody works on it");
        scene.work().await;
        scene.bench.clock.advance(Duration::from_secs(5));
        assert_eq!(scene.health(), (false, 2, 0, Some(305)), "it is tried in vain");
        scene.receiver.answers(204);
        scene.work().await;
        assert_eq!(scene.health(), (true, 0, 0, None));
        scene.worker.endpoint().set_failing(true);
        assert_eq!(scene.health(), (false, 0, 0, None), "it stands still");
        scene.worker.endpoint().set_failing(false);
        scene.receiver.answers(400);
        scene.bench.append(&[status(Record::Event, "L1", 3, "BID")]);
        scene.work().await;
        scene.later(Duration::from_mins(15)).await;
        assert_eq!(scene.health(), (false, 0, 1, None), "a dead letter is kept");
        scene.receiver.answers(410);
        scene.worker.core.state.write(|writer| writer.retry("core", None)).unwrap();
        scene.worker.step().await.unwrap();
        scene.worker.step().await.unwrap();
        scene.worker.core.state.write(|writer| writer.raise("core", 4)).unwrap();
        assert_eq!(scene.health(), (false, 0, 0, None), "it is disabled");
    });
}
