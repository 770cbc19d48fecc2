//! Channels by kind: one outside is answered as one that there is not, and nothing tells of it.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::scopes::concrete;
use super::*;
use crate::endpoint::{Access, Verb};
use crate::routes::TABLE;

/// Stands in everything that tells of the channel outside.
const SECRET: &str = "hush";
/// Stands in everything that tells of the channel within.
const PLAIN: &str = "aloud";

/// `c1` is within the limits, `c2` outside, `c3` of no kind, `c4` was outside and is within now, `c5` the other way round.
fn feed() -> Feed {
    let mut feed = Feed::default();
    feed.furnished("L1", "\"status\":\"BID\",\"createdAt\":\"2026-01-01T00:00:00Z\"");
    let channel = |id: &str, word: &str, kind: &str| {
        format!("{{\"id\":\"{id}\",\"name\":\"{word}\",{kind}\"createdAt\":\"2026-01-01T00:00:00Z\"}}")
    };
    let guild = "{\"guildId\":\"g1\"}";
    for (id, word, kind) in [
        ("c1", PLAIN, "\"kind\":\"GENERAL\","),
        ("c2", SECRET, "\"kind\":\"LEGAL\","),
        ("c3", SECRET, ""),
        ("c4", PLAIN, "\"kind\":\"LEGAL\","),
        ("c5", SECRET, "\"kind\":\"CUSTOM\","),
    ] {
        feed.put("L1", "channel", id, guild, &channel(id, word, kind));
        let parent = format!("{{\"guildId\":\"g1\",\"channelId\":\"{id}\"}}");
        let message = format!(
            "{{\"id\":\"of-{id}\",\"seq\":8,\"author\":{{\"id\":\"{word}\",\"type\":\"CLIENT\"}},\"body\":{{\"text\":\"{word}\"}}}}"
        );
        let more = format!(",\"changes\":[{{\"field\":\"body\",\"to\":\"{word}\"}}],\"reason\":\"{word}\"");
        feed.put_with("L1", "message", &format!("of-{id}"), &parent, &message, &more);
        let comment = |id: &str, kind: &str, target: &str| {
            format!("{{\"id\":\"{id}\",\"text\":\"{word}\",\"target\":{{\"type\":\"{kind}\",\"id\":\"{target}\"}}}}")
        };
        let (on_message, on_channel) = (format!("km-{id}"), format!("kc-{id}"));
        feed.put("L1", "comment", &on_message, "", &comment(&on_message, "message", &format!("of-{id}")));
        feed.put("L1", "comment", &on_channel, "", &comment(&on_channel, "channel", id));
        let entry = format!(
            "{{\"id\":\"e-{id}\",\"occurredAt\":\"2026-01-01T00:00:00Z\",\"action\":\"X\",\"reason\":\"{word}\",\
             \"target\":{{\"type\":\"MESSAGE\",\"id\":\"of-{id}\"}}}}"
        );
        feed.put("L1", "auditEntry", &format!("e-{id}"), "", &entry);
    }
    feed.put("L1", "channel", "c4", guild, &channel("c4", PLAIN, "\"kind\":\"DIRECT\","));
    feed.put("L1", "channel", "c5", guild, &channel("c5", SECRET, "\"kind\":\"LEGAL\","));
    feed
}

static PUBLIC: LazyLock<Rig> = LazyLock::new(|| Rig::new(feed(), &[], &["GENERAL", "DIRECT", "CUSTOM"]));

fn of_channel(channel: &str, query: &str) -> String {
    format!("/api/v1/loan-requests/L1/guilds/g1/channels/{channel}{query}")
}

#[tokio::test]
async fn an_outside_channel_is_answered_as_an_unknown_one() {
    let position = PUBLIC.replica.state.engine.view().position;
    let queries = ["", "?limit=1", "?after=1", "?before=9", "?cursor=AAAA", "?after=1&before=2", "?limit=0"];
    let past = [format!("?asOf={position}"), format!("?asOf={}", position - 2), "?asOf=1".to_owned()];
    for query in queries.into_iter().chain(past.iter().map(String::as_str)) {
        let unknown = PUBLIC.get(&of_channel("cx", query)).await;
        assert_ne!(unknown.status, StatusCode::OK);
        for outside in ["c2", "c3", "c5"] {
            let answer = PUBLIC.get(&of_channel(outside, query)).await;
            assert_eq!(said(&answer, outside), said(&unknown, "cx"), "{outside} {query}");
        }
        let everybody = PUBLIC.everybody(&of_channel("c1", query)).await;
        assert_eq!(said(&PUBLIC.get(&of_channel("c1", query)).await, "c1"), said(&everybody, "c1"), "{query}");
    }
    let held = PUBLIC.get_with(&of_channel("c2", ""), &[("if-none-match", "*")]).await;
    assert_eq!((held.status, held.header("etag")), (StatusCode::NOT_FOUND, ""));
}

#[tokio::test]
async fn nothing_at_any_endpoint_tells_of_an_outside_channel() {
    let position = PUBLIC.replica.state.engine.view().position;
    let (mut plain, mut secret) = (0, 0);
    let data = TABLE.iter().filter(|endpoint| matches!(endpoint.access, Access::AnyOf(_)));
    for endpoint in data.filter(|endpoint| endpoint.verb == Verb::Get) {
        let mut paths = vec![concrete(endpoint)];
        if endpoint.path.contains("{loanRequestId}") && endpoint.params.iter().any(|param| param.name == "asOf") {
            paths.push(format!("{}?asOf={position}", concrete(endpoint)));
        }
        for path in paths {
            for media in ["application/json", "text/csv", "application/x-ndjson"] {
                let answer = PUBLIC.get_with(&path, &[("accept", media)]).await;
                let text = String::from_utf8_lossy(&answer.body);
                assert!(!text.contains(SECRET), "{path} as {media}: {text}");
                plain += text.matches(PLAIN).count();
                let everybody = PUBLIC.replica.get_with("all", &path, &[("accept", media)]).await;
                secret += String::from_utf8_lossy(&everybody.body).matches(SECRET).count();
            }
        }
    }
    assert!(plain > 20 && secret > 20, "the words stand in what is told: {plain} {secret}");
}

#[tokio::test]
async fn guilds_keep_their_other_channels() {
    let channels = |answer: &Answer| -> Vec<String> {
        let guilds = answer.json();
        let channels = guilds[0]["channels"].as_array().unwrap();
        channels.iter().map(|channel| channel["id"].as_str().unwrap().to_owned()).collect()
    };
    let path = "/api/v1/loan-requests/L1/guilds";
    assert_eq!(channels(&PUBLIC.get(path).await), ["c1", "c4"]);
    assert_eq!(channels(&PUBLIC.replica.get(path).await), ["c1", "c2", "c3", "c4", "c5"]);
    // When c4 was LEGAL still, and c5 was CUSTOM.
    let then = PUBLIC.replica.state.engine.view().position - 2;
    assert_eq!(channels(&PUBLIC.get(&format!("{path}?asOf={then}")).await), ["c1"], "admitted now, and then");
}

#[tokio::test]
async fn totals_and_pages_count_what_is_seen() {
    for (path, total) in [("comments", 5), ("comments?targetType=message", 2)] {
        let path = format!("/api/v1/loan-requests/L1/{path}{}limit=1", if path.contains('?') { '&' } else { '?' });
        let (mut pages, mut next) = (0, path.clone());
        loop {
            let answer = PUBLIC.get(&next).await;
            assert_eq!(answer.header("x-total-count"), total.to_string(), "{path}");
            pages += answer.ids().len();
            let cursor = answer.header("x-next-cursor");
            if cursor.is_empty() {
                break;
            }
            next = format!("{path}&cursor={cursor}");
        }
        assert_eq!(pages, total, "{path}");
    }
}

#[tokio::test]
async fn the_audit_log_counts_and_pages_what_is_seen() {
    let path = "/api/v1/loan-requests/L1/audit-log";
    let whole = PUBLIC.get(path).await.ids();
    let everybody = PUBLIC.replica.get(path).await.ids();
    // Of each channel outside: itself, its message, and what a recorded entry tells; c5 changed once more.
    assert_eq!(everybody.len() - whole.len(), 3 * 3 + 1);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = PUBLIC.get(&format!("{path}?limit=7{cursor}")).await;
        assert_eq!(answer.header("x-total-count"), whole.len().to_string());
        walked.extend(answer.ids());
        let next = answer.header("x-next-cursor");
        if next.is_empty() {
            break;
        }
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, whole);
    let messages = PUBLIC.get(&format!("{path}?targetType=CHANNEL&limit=100")).await;
    assert_eq!(messages.header("x-total-count"), "4", "c1 twice, c4 twice");
}

#[tokio::test]
async fn a_channel_that_changes_its_kind_takes_its_messages_along() {
    let mut rig = Rig::new(feed(), &[], &["GENERAL"]);
    let seen = async |rig: &Rig| {
        let log = rig.get("/api/v1/loan-requests/L1/audit-log").await.text().contains(SECRET);
        (rig.get(&of_channel("c2", "")).await.status.as_u16(), log)
    };
    assert_eq!(seen(&rig).await, (404, false));
    let channel = |kind: &str| format!("{{\"id\":\"c2\",\"kind\":\"{kind}\"}}");
    rig.replica.tell(|feed| {
        feed.put("L1", "channel", "c2", "", &channel("GENERAL"));
    });
    assert_eq!(seen(&rig).await, (200, true));
    rig.replica.tell(|feed| {
        feed.put("L1", "channel", "c2", "", &channel("DIRECT"));
    });
    assert_eq!(seen(&rig).await, (404, false));
    rig.replica.tell(|feed| {
        feed.put("L1", "channel", "c2", "", &channel("GENERAL")).put("L1", "channel", "c2", "", "null");
    });
    assert_eq!(seen(&rig).await, (404, false), "one that is gone is of no kind");
}

#[tokio::test]
async fn both_limits_hold_together() {
    let mut feed = super::feed();
    for loan in ["loan-a", "loan-b"] {
        feed.put(loan, "channel", "c1", "{\"guildId\":\"g1\"}", "{\"id\":\"c1\",\"kind\":\"LEGAL\"}");
    }
    let rig = Rig::new(feed, &["north"], &["LEGAL"]);
    for (loan, expected) in [("loan-a", 200), ("loan-b", 404)] {
        let path = format!("/api/v1/loan-requests/{loan}/guilds/g1/channels/c1");
        assert_eq!(rig.get(&path).await.status.as_u16(), expected, "{loan}");
    }
    let none = rig.replica.client(limited(&["north"], &["DIRECT"])).1;
    let guilds = rig.replica.get_as(&none, "/api/v1/loan-requests/loan-a/guilds").await.json();
    assert_eq!(guilds[0]["channels"], json!([]));
    assert_eq!(guilds[0]["id"], Value::from("g1"));
}
