//! The server as its clients see it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use continuity_base::{ManualClock, Timestamp};
use sha2::{Digest, Sha256};

use super::*;
use crate::content::{BlobId, FileKind};

const NOW: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Rig {
    server: ObjectServer,
    clock: Arc<ManualClock>,
}

impl Rig {
    fn new(change: impl FnOnce(&mut ObjectOptions)) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let mut options = ObjectOptions { seed: 7, clock: Arc::clone(&clock) as Arc<dyn Clock>, ..Default::default() };
        change(&mut options);
        Self { server: ObjectServer::start(options).unwrap(), clock }
    }

    fn signed(&self, id: BlobId) -> String {
        let url = self.server.served().url(id, self.clock.now());
        url.strip_prefix(&self.server.served().base_url).unwrap().to_owned()
    }

    fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let mut stream = TcpStream::connect(self.server.address()).unwrap();
        let headers = headers.join("\r\n") + if headers.is_empty() { "" } else { "\r\n" };
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").unwrap();
        let mut all = vec![];
        let _ = stream.read_to_end(&mut all); // A cut may be a reset.
        let end = all.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        Answer {
            status: head[9..12].parse().unwrap(),
            headers: pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
            body: all[end + 4..].to_vec(),
        }
    }

    fn get(&self, id: BlobId, headers: &[&str]) -> Answer {
        self.ask("GET", &self.signed(id), headers)
    }

    fn count(&self, outcome: Outcome) -> u64 {
        self.server.handle().counts().of(outcome)
    }

    /// The answer to the next request, with `fault`.
    fn with(&self, fault: Fault, id: BlobId, headers: &[&str]) -> Answer {
        self.server.handle().then([Some(fault)]);
        let answer = self.get(id, headers);
        assert_eq!(self.count(Outcome::Fault(fault)), 1, "{fault:?}");
        answer
    }
}

fn id(size: u64) -> BlobId {
    BlobId::new(FileKind::Pdf, size, 42)
}

#[test]
fn a_file_comes_whole_in_ranges_and_as_a_head() {
    let rig = Rig::new(|_| {});
    let whole = id(300_000).content().bytes();
    let answer = rig.get(id(300_000), &[]);
    assert_eq!((answer.status, answer.body == whole), (200, true));
    assert_eq!(answer.headers["content-length"], "300000");
    assert_eq!(answer.headers["content-type"], "application/pdf");
    assert_eq!(answer.headers["accept-ranges"], "bytes");
    let etag = &answer.headers["etag"];
    for (range, slice) in [("0-99", 0..100), ("200000-", 200_000..300_000), ("-7", 299_993..300_000)] {
        let part = rig.get(id(300_000), &[&format!("Range: bytes={range}"), &format!("If-Range: {etag}")]);
        assert_eq!((part.status, part.body[..] == whole[slice.clone()]), (206, true), "{range}");
        let shown = format!("bytes {}-{}/300000", slice.start, slice.end - 1);
        assert_eq!((&part.headers["content-range"], &part.headers["etag"]), (&shown, etag));
    }
    let head = rig.ask("HEAD", &rig.signed(id(300_000)), &[]);
    assert_eq!((head.status, head.headers["content-length"].as_str(), head.body.len()), (200, "300000", 0));
    let other = rig.get(id(300_000), &["Range: bytes=5-", "If-Range: \"other\""]);
    assert_eq!((other.status, other.body.len()), (200, 300_000));
    let beyond = rig.get(id(300_000), &["Range: bytes=300000-"]);
    assert_eq!((beyond.status, beyond.headers["content-range"].as_str()), (416, "bytes */300000"));
    let counts = rig.server.handle().counts();
    assert_eq!((counts.of(Outcome::Whole), counts.of(Outcome::Partial), counts.of(Outcome::Head)), (2, 3, 1));
    assert_eq!((counts.requests(), counts.faults(), counts.bytes), (7, 0, 700_107));
}

#[test]
fn a_url_is_good_as_it_was_signed_and_for_its_time() {
    let rig = Rig::new(|options| options.valid = Duration::from_mins(10));
    let url = rig.signed(id(5_000));
    let (path, query) = url.split_once('?').unwrap();
    let longer = query.replacen("expires=1", "expires=2", 1);
    for wrong in [path.to_owned(), format!("{path}?{longer}"), format!("{path}?expires=9&signature=zz")] {
        assert_eq!(rig.ask("GET", &wrong, &[]).status, 403, "{wrong}");
    }
    let another = rig.signed(id(5_001)).replace(&id(5_001).to_string(), &id(5_000).to_string());
    assert_eq!(rig.ask("GET", &another, &[]).status, 403);
    assert_eq!(rig.count(Outcome::WrongSignature), 4);
    rig.clock.advance(Duration::from_secs(599));
    assert_eq!(rig.ask("GET", &url, &[]).status, 200);
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!((rig.ask("GET", &url, &[]).status, rig.count(Outcome::PastExpiry)), (403, 1));
    assert_eq!(rig.get(id(5_000), &[]).status, 200);
    for unknown in ["/objects/blb_x", "/objects/..%2f..%2fetc%2fpasswd", "/other", "/"] {
        assert_eq!(rig.ask("GET", unknown, &[]).status, 404, "{unknown}");
    }
}

#[test]
fn fresh_references_are_for_those_who_have_the_token() {
    let rig = Rig::new(|options| options.token = Some("secret".to_owned()));
    let path = rig.server.reference_url().replace("{blobId}", &id(70_000).to_string());
    let path = path.strip_prefix(&rig.server.served().base_url).unwrap().to_owned();
    assert_eq!(rig.ask("GET", &path, &[]).status, 401);
    assert_eq!(rig.ask("GET", &path, &["Authorization: Bearer other"]).status, 401);
    rig.clock.advance(Duration::from_hours(1));
    let answer = rig.ask("GET", &path, &["Authorization: Bearer secret"]);
    let reference: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let url = reference["fetch"]["url"].as_str().unwrap();
    assert_eq!(url, rig.server.served().url(id(70_000), rig.clock.now()));
    let bytes = rig.ask("GET", url.strip_prefix(&rig.server.served().base_url).unwrap(), &[]).body;
    assert_eq!(reference["sha256"], hex::encode(Sha256::digest(&bytes)));
    assert_eq!(reference["sizeBytes"], 70_000);
    let bearer = rig.ask("GET", &format!("/objects/{}", id(70_000)), &["Authorization: Bearer secret"]);
    assert_eq!((bearer.status, bearer.body == bytes), (200, true));
    assert_eq!((rig.count(Outcome::Unauthorized), rig.count(Outcome::Reference)), (2, 1));
    assert_eq!(rig.ask("GET", "/references/blb_1", &["Authorization: Bearer secret"]).status, 404);
    rig.server.handle().set_faults(ObjectFaults::default().with_references(100.0));
    assert_eq!(rig.ask("GET", &path, &["Authorization: Bearer secret"]).status, 503);
}

#[test]
fn faults_without_bytes_answer_as_they_say() {
    let rig = Rig::new(|options| options.retry_after = Duration::from_secs(3));
    let table = [
        (Fault::Forbidden, 403, "AccessDenied"),
        (Fault::Expired, 403, "ExpiredToken"),
        (Fault::NotFound, 404, "NoSuchKey"),
        (Fault::TooMany, 429, "SlowDown"),
        (Fault::ServerError, 500, "InternalError"),
    ];
    for (fault, status, code) in table {
        let answer = rig.with(fault, id(5_000), &[]);
        assert_eq!(answer.status, status);
        assert!(String::from_utf8(answer.body).unwrap().contains(code));
        assert_eq!(answer.headers.get("retry-after").map(String::as_str), (status == 429).then_some("3"));
        assert_eq!(rig.get(id(5_000), &[]).status, 200);
    }
}

#[test]
fn faults_of_bytes_spoil_them_as_they_say() {
    let rig = Rig::new(|options| options.slow = Duration::from_millis(200));
    let whole = id(500_000).content().bytes();
    let cut = rig.with(Fault::Cut, id(500_000), &[]);
    assert_eq!((cut.status, cut.headers["content-length"].as_str()), (200, "500000"));
    assert!(cut.body.len() < whole.len() && whole.starts_with(&cut.body), "{}", cut.body.len());

    let wrong = rig.with(Fault::WrongBytes, id(500_000), &["Range: bytes=1000-400999"]);
    let differing = wrong.body.iter().zip(&whole[1_000..401_000]).filter(|(a, b)| a != b).count();
    assert_eq!((wrong.status, wrong.body.len(), differing), (206, 400_000, 1));

    let longer = rig.with(Fault::WrongLength, id(500_000), &[]);
    assert_ne!(longer.body.len(), whole.len());
    assert_eq!(longer.headers["content-length"], longer.body.len().to_string());

    let clock = SystemClock::new();
    let slow = rig.with(Fault::Slow, id(500_000), &[]);
    assert!(slow.body == whole && clock.monotonic() >= Duration::from_millis(200));
}

#[test]
fn percentages_hold_and_can_be_changed_while_it_runs() {
    let rig = Rig::new(|options| options.faults = "404=40,500=20".parse().unwrap());
    let statuses = |rig: &Rig| (0..100).map(|_| rig.get(id(2_000), &[]).status).collect::<Vec<_>>();
    let first = statuses(&rig);
    assert_eq!(first, statuses(&Rig::new(|options| options.faults = "404=40,500=20".parse().unwrap())));
    let counts = rig.server.handle().counts();
    let faults = [Fault::NotFound, Fault::ServerError].map(|fault| counts.of(Outcome::Fault(fault)));
    assert!((25..55).contains(&faults[0]) && (8..35).contains(&faults[1]), "{counts:?}");
    rig.server.handle().set_faults(ObjectFaults::default());
    assert!(statuses(&rig).iter().all(|status| *status == 200));
}

#[test]
fn a_large_file_streams_and_a_stopped_server_is_gone() {
    let rig = Rig::new(|_| {});
    let large = BlobId::new(FileKind::Docx, 200_000_000, 3);
    let part = rig.get(large, &["Range: bytes=199999000-"]);
    let mut end = vec![0; 1_000];
    large.content().read_at(199_999_000, &mut end);
    assert!(part.status == 206 && part.body == end);
    let address = rig.server.address();
    rig.server.stop();
    assert!(TcpStream::connect(address).is_err());
    // The same port and seed take the URLs of the one before.
    let again = Rig::new(|options| options.port = address.port());
    assert_eq!(again.get(large, &["Range: bytes=0-9"]).body.len(), 10);
}
