//! Channels in which a client waits, over all loan requests.

use std::time::Duration;

use continuity_auth::{ClientSettings, ScopeSet};
use http::StatusCode;
use serde_json::{Value, json};

use super::harness::{Feed, Replica};

const PATH: &str = "/api/v1/unanswered-messages";

/// A guild with a channel of that kind, and a message of a client in it.
fn talk(feed: &mut Feed, loan: &str, kind: &str, day: u32) {
    let (guild, channel, message) = (format!("g-{loan}"), format!("c-{loan}"), format!("m-{loan}"));
    let named = |id: &str, more: &str| format!("{{\"id\":\"{id}\",\"name\":\"of {loan}\"{more}}}");
    let in_guild = format!("{{\"guildId\":\"{guild}\"}}");
    let in_channel = format!("{{\"guildId\":\"{guild}\",\"channelId\":\"{channel}\"}}");
    let said = format!(
        "{{\"id\":\"{message}\",\"seq\":1,\"author\":{{\"displayName\":\"Zoé\",\"type\":\"CLIENT\"}},\
         \"body\":{{\"text\":\"secret\"}},\"postedAt\":\"2026-11-{day:02}T09:00:00Z\"}}"
    );
    feed.put(loan, "guild", &guild, "", &named(&guild, ""))
        .put(loan, "channel", &channel, &in_guild, &named(&channel, &format!(",\"kind\":\"{kind}\",\"version\":3")))
        .put(loan, "message", &message, &in_channel, &said);
}

fn feed() -> Feed {
    let mut feed = Feed::default();
    for (loan, team, status, kind, day) in [
        ("second", "south", "BID", "LEGAL", 12),
        ("first", "north", "DEED", "GENERAL", 10),
        ("third", "north", "BID", "GENERAL", 14),
        ("ended", "north", "CLOSED", "GENERAL", 11),
    ] {
        feed.loan(loan, &format!("\"reference\":\"PE-{loan}\",\"status\":\"{status}\",\"team\":\"{team}\""));
        talk(&mut feed, loan, kind, day);
    }
    feed
}

fn loans(answer: &Value) -> Vec<&str> {
    let entries = answer["unansweredMessages"].as_array().unwrap();
    entries.iter().map(|entry| entry["loanRequestId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn who_waits_longest_comes_first_with_what_tells_the_channel() {
    let replica = Replica::of(feed());
    let answer = replica.get(PATH).await;
    assert_eq!(loans(&answer.json()), ["first", "second", "third"]);
    let expected = json!({
        "loanRequestId": "first", "reference": "PE-first", "status": "DEED", "team": "north", "guildId": "g-first",
        "channel": {"id": "c-first", "name": "of first", "kind": "GENERAL"}, "waitingSince": "2026-11-10T09:00:00Z",
        "message": {"id": "m-first", "seq": 1, "author": {"displayName": "Zoé", "type": "CLIENT"}},
    });
    assert_eq!(answer.json()["unansweredMessages"][0], expected);
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    assert_eq!(answer.json()["pagination"], json!({"limit": 50, "hasMore": false, "nextCursor": null}));
}

#[tokio::test]
async fn without_loans_read_nothing_of_a_loan_request_is_told_but_its_id() {
    let replica = Replica::of(feed());
    let answer = replica.get_with("messages:read", PATH, &[]).await;
    assert_eq!(loans(&answer.json()), ["first", "second", "third"]);
    for told in ["PE-first", "DEED", "north"] {
        assert!(!answer.text().contains(told), "{told} in {}", answer.text());
    }
    assert_eq!(replica.get_with("loans:read", PATH, &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn pages_go_on_where_they_ended() {
    let replica = Replica::of(feed());
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        assert!(page < 4, "it does not end");
        let answer = replica.get(&format!("{PATH}?limit=1{cursor}")).await.json();
        walked.extend(loans(&answer).into_iter().map(str::to_owned));
        let Some(next) = answer["pagination"]["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, ["first", "second", "third"]);
    assert_eq!(replica.get(&format!("/api/v1/work-list?limit=1{cursor}")).await.problem(), "cursor-mismatch");
    assert_eq!(replica.get(&format!("{PATH}?limit=0")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_channel_is_where_it_is_now_and_nowhere_when_it_is_gone() {
    let mut replica = Replica::of(feed());
    let seen = async |replica: &Replica| replica.get(PATH).await.json()["unansweredMessages"][0].clone();
    replica.tell(|feed| {
        feed.put("first", "guild", "other", "", "{\"id\":\"other\"}");
        feed.put(
            "first",
            "channel",
            "c-first",
            "{\"guildId\":\"other\"}",
            "{\"id\":\"c-first\",\"archivedAt\":\"2026-11-15T00:00:00Z\"}",
        );
    });
    let moved = seen(&replica).await;
    assert_eq!(moved["guildId"], "other");
    assert_eq!(moved["channel"], json!({"id": "c-first", "archivedAt": "2026-11-15T00:00:00Z"}));
    replica.tell(|feed| {
        feed.put("first", "guild", "other", "", "null");
    });
    assert_eq!(loans(&replica.get(PATH).await.json()), ["second", "third"], "its guild is gone");
    replica.tell(|feed| {
        feed.put("second", "channel", "c-second", "", "null");
    });
    assert_eq!(loans(&replica.get(PATH).await.json()), ["third"]);
    replica.tell(|feed| {
        let answer = "{\"id\":\"a\",\"seq\":2,\"author\":{\"type\":\"USER\"}}";
        feed.put("third", "message", "a", "{\"guildId\":\"g-third\",\"channelId\":\"c-third\"}", answer);
        feed.loan("ended", "\"status\":\"BID\"");
    });
    assert_eq!(loans(&replica.get(PATH).await.json()), ["ended"], "one was answered, and one opened again");
}

#[tokio::test]
async fn of_other_teams_and_kinds_nothing_is_told() {
    let replica = Replica::of(feed());
    let told = async |teams: &[&str], kinds: &[&str]| {
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let named = ClientSettings::named("limited", ScopeSet::all());
        let (_, token) = replica.client(ClientSettings { teams: texts(teams), channel_kinds: texts(kinds), ..named });
        let answer = replica.get_as(&token, PATH).await;
        (loans(&answer.json()).join(" "), answer.text().to_owned())
    };
    assert_eq!(told(&["south"], &[]).await.0, "second");
    assert_eq!(told(&["north", "south"], &["LEGAL"]).await.0, "second");
    assert_eq!(told(&["north"], &["LEGAL"]).await.0, "");
    let (seen, text) = told(&[], &["GENERAL"]).await;
    assert_eq!(seen, "first third");
    assert!(!text.contains("second"), "{text}");
}

#[tokio::test]
async fn a_read_is_counted_as_one_of_a_list() {
    let replica = Replica::of(feed());
    replica.get(PATH).await;
    replica.clock.advance(Duration::from_mins(1));
    replica.state.auth.write_reads(false);
    let entries = replica.get("/api/v1/replica/accesses").await.json();
    let told = |name: &str| entries[0][name].as_str().unwrap_or_default().to_owned();
    assert_eq!((told("action"), told("endpoint")), ("LIST_READ".to_owned(), "listUnansweredMessages".to_owned()));
    assert!(entries[0].get("loanRequestId").is_none());
}
