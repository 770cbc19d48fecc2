//! What a feed of the simulator promises.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use continuity_events::{CloudEvent, Limits, Role, catalogue};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::blob::{Served, SigningKey};
use crate::content::{BlobId, FileKind};
use crate::pdf::tests::check;

const START: Timestamp = Timestamp::from_micros(1_767_600_000_123_456);

fn history(seed: u64, loans: u64) -> Vec<Emitted> {
    Simulator::loans(seed, START, loans).history().collect()
}

fn value(emitted: &Emitted) -> Value {
    serde_json::from_str(&emitted.line).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (a, b, c) = (history(7, 20), history(7, 20), history(8, 20));
    assert_eq!(a, b);
    assert_ne!(a[0].line, c[0].line);
    assert!(a.iter().enumerate().all(|(i, emitted)| emitted.number == i as u64 + 1));
}

#[test]
fn a_history_is_the_beginning_of_the_whole_and_holds_its_loans() {
    let history = history(7, 20);
    let whole: Vec<_> = Simulator::loans(7, START, 20).take(history.len() + 200).collect();
    assert_eq!(history[..], whole[..history.len()]);
    assert_eq!(history.last().map(|last| last.loans), Some(20));
    assert!(history.last().unwrap().loans_done > 0);
    assert!(whole[history.len()..].iter().all(|emitted| !emitted.history));
    let step = |i: usize| whole[i + 1].time.since(whole[i].time);
    assert!((history.len()..whole.len() - 1).all(|i| step(i).as_millis() <= 200));
    assert_eq!(history[0].time, START);
    assert_eq!(Simulator::loans(7, START, 20).history_len(), history.len() as u64);
}

#[test]
fn sequences_are_gapless_and_loans_interleave() {
    let mut last: HashMap<String, u64> = HashMap::new();
    let mut turns = 0;
    let mut before = String::new();
    for emitted in history(3, 60) {
        let event = value(&emitted);
        let subject = event["subject"].as_str().unwrap().to_owned();
        let sequence: u64 = event["sequence"].as_str().unwrap().parse().unwrap();
        let known = last.entry(subject.clone()).or_default();
        assert_eq!(sequence, *known + 1, "{subject}");
        *known = sequence;
        turns += u64::from(subject != before);
        before = subject;
    }
    assert_eq!(last.len(), 60);
    assert!(turns > 1_000, "{turns}");
}

#[test]
fn versions_go_up_by_one_and_patches_name_the_version_before() {
    let mut last: HashMap<(String, String, String), (u64, bool)> = HashMap::new();
    let mut forms: BTreeMap<&str, u64> = BTreeMap::new();
    for emitted in history(4, 100) {
        let event = value(&emitted);
        let data = &event["data"];
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let key = (text(&event["subject"]), text(&data["entity"]), text(&data["id"]));
        let version = data["version"].as_u64().unwrap();
        let (known, alive) = last.get(&key).copied().unwrap_or_default();
        assert_eq!(version, known + 1, "{key:?}");
        let members = (data.get("after"), data.get("patch"), data.get("baseVersion"));
        let (form, alive) = match members {
            (Some(Value::Null), None, None) => ("gone", false),
            (Some(Value::Object(after)), None, None) => {
                assert_eq!(after["version"].as_u64(), Some(version));
                (if alive || known == 0 { "after" } else { "back" }, true)
            }
            (None, Some(Value::Object(_)), Some(base)) => {
                assert!(alive && base.as_u64() == Some(known), "{key:?}");
                ("patch", true)
            }
            other => panic!("not one form: {other:?}"),
        };
        *forms.entry(form).or_default() += 1;
        last.insert(key, (version, alive));
    }
    assert!(forms.values().all(|&n| n > 5) && forms.len() == 4, "{forms:?}");
}

#[test]
fn every_name_and_entity_of_the_catalogue_occurs_and_parses() {
    /// Told by hand in tests, or a fact of other machinery.
    const NEVER: &[&str] = &["DataSubjectErased"];
    let (mut names, mut entities) = (BTreeSet::new(), BTreeSet::new());
    let limits = Limits::default();
    for emitted in Simulator::new(Options { snapshots: true, ..Options::new(5, START, 400) }).history() {
        let event = CloudEvent::parse_structured(emitted.line.as_bytes(), &limits)
            .unwrap_or_else(|e| panic!("{e:?}: {}", emitted.line));
        names.insert(event.name().to_owned());
        if event.role() == Role::Loan {
            let entity = event.data.strip_prefix("{\"entity\":\"").and_then(|rest| rest.split('"').next());
            entities.insert(entity.unwrap().to_owned());
        } else {
            event.snapshot().unwrap();
        }
    }
    let missing: Vec<_> = catalogue::EVENTS
        .iter()
        .filter(|event| event.entity.is_some())
        .map(|event| event.name)
        .filter(|name| !names.contains(*name) && !NEVER.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    let missing: Vec<_> =
        catalogue::ENTITIES.iter().map(|entity| entity.name).filter(|name| !entities.contains(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn a_loan_is_created_at_the_time_of_its_first_event() {
    let mut seen = 0;
    for emitted in history(6, 50) {
        let event = value(&emitted);
        if event["sequence"] == "1" {
            assert_eq!(event["type"], "com.banclo.LoanRequestCreated");
            assert_eq!(event["data"]["after"]["createdAt"], event["time"]);
            seen += 1;
        }
    }
    assert_eq!(seen, 50);
}

fn blobs<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) if members.contains_key("blobId") => found.push(value),
        Value::Object(members) => members.values().for_each(|v| blobs(v, found)),
        Value::Array(list) => list.iter().for_each(|v| blobs(v, found)),
        _ => {}
    }
}

#[test]
fn inline_blobs_are_real_pdfs_with_the_right_digest() {
    let mut count = 0;
    for emitted in history(9, 25) {
        let event = value(&emitted);
        let mut found = vec![];
        blobs(&event["data"], &mut found);
        for blob in found {
            let bytes = STANDARD.decode(blob["fetch"]["base64"].as_str().unwrap()).unwrap();
            assert_eq!(blob["sha256"], hex::encode(Sha256::digest(&bytes)));
            assert_eq!(blob["sizeBytes"].as_u64(), Some(bytes.len() as u64));
            check(&bytes).unwrap();
            assert!(bytes.len() < 16_384);
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn with_files_every_reference_comes_with_its_bytes_first() {
    let options = Options { blobs: BlobMode::Files, ..Options::new(9, START, 25) };
    let mut kept = BTreeSet::new();
    let mut count = 0;
    for emitted in Simulator::new(options).history() {
        kept.extend(emitted.blobs.iter().map(|blob| blob.key.clone()));
        let event = value(&emitted);
        let mut found = vec![];
        blobs(&event["data"], &mut found);
        for blob in found {
            assert_eq!(blob["fetch"]["kind"], "OBJECT_STORE");
            assert!(kept.contains(blob["fetch"]["key"].as_str().unwrap()));
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn served_files_are_of_many_kinds_and_change_nothing_else_of_the_story() {
    let served = Served::at("http://127.0.0.1:9", SigningKey::of_seed(1));
    let options = Options { blobs: BlobMode::Served(served.clone()), ..Options::new(9, START, 12) };
    let served_history: Vec<_> = Simulator::new(options).history().collect();
    let inline = history(9, 12);
    assert_eq!(served_history.len(), inline.len());
    let (mut types, mut versions) = (BTreeSet::new(), 0);
    for (here, there) in served_history.iter().zip(&inline) {
        let (event, other) = (value(here), value(there));
        assert_eq!((&event["id"], &event["type"], here.blobs.len()), (&other["id"], &other["type"], 0));
        let mut found = vec![];
        blobs(&event["data"], &mut found);
        for blob in found {
            let id: BlobId = blob["blobId"].as_str().unwrap().parse().unwrap();
            assert_eq!(blob["sha256"], hex::encode(id.content().sha256()));
            assert_eq!((blob["sizeBytes"].as_u64(), id.size() <= 1_000_000), (Some(id.size()), true));
            assert_eq!(blob["fetch"]["kind"], "URL");
            types.insert(blob["mediaType"].as_str().unwrap().to_owned());
        }
        let document = event["data"].get("after").or(event["data"].get("patch")).unwrap();
        if let (Some(list), Some(blob)) = (document.get("versions").and_then(Value::as_array), document.get("blob")) {
            versions += list.len();
            assert!(blob.is_null() || list.iter().any(|version| version["blob"]["sha256"] == blob["sha256"]));
        }
    }
    assert!(types.len() == FileKind::ALL.len() && versions > 20, "{types:?} {versions}");
}

#[test]
fn heartbeats_come_when_asked() {
    let options = Options { heartbeats: true, ..Options::new(1, START, 3) };
    let beats = Simulator::new(options).take(500).filter(|e| e.line.contains("SourceHeartbeat")).count();
    assert!(beats > 100, "{beats}");
    assert!(!history(1, 3).iter().any(|e| e.line.contains("SourceHeartbeat")));
}

#[test]
fn no_loans_is_an_empty_history() {
    assert_eq!(history(1, 0), vec![]);
    assert_eq!(Simulator::loans(1, START, 0).take(10).count(), 10);
}
