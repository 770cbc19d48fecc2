//! `q`: loan requests by reference and names, with everything that a list can do besides.

use std::sync::LazyLock;

use http::StatusCode;

use super::harness::{Answer, Feed, Replica};

const LIST: &str = "/api/v1/loan-requests";

static PEOPLE: LazyLock<Replica> = LazyLock::new(|| Replica::of(feed()));

/// Twenty times Johanna Müller, in two states, and some others.
fn feed() -> Feed {
    let mut feed = Feed::default();
    let loan = |reference: &str, status: &str, people: &str, more: &str| {
        format!(
            "\"reference\":\"{reference}\",\"status\":\"{status}\",\"createdAt\":\"2026-01-01T00:00:00Z\",\
             \"team\":\"t{}\",\"participants\":[{people}]{more}",
            reference.len()
        )
    };
    for n in 0..20 {
        let status = if n % 2 == 0 { "BID" } else { "SANCTION" };
        let name = "{\"givenName\":\"Johanna\",\"familyName\":\"Müller\",\"displayName\":\"Johanna Müller\"}";
        feed.loan(&format!("m{n:02}"), &loan(&format!("PE-2026-{n:06}"), status, name, ""));
    }
    let deleted = ",\"deletedAt\":\"2026-02-01T00:00:00Z\"";
    feed.loan("deleted", &loan("HO-1", "BID", "{\"displayName\":\"Johann Gone\"}", deleted))
        .loan("other", &loan("HO-2", "BID", "{\"displayName\":\"Łukasz O’Quillan\"}", ""))
        .loan("purged", &loan("HO-3", "BID", "{\"displayName\":\"Petra Purged\"}", ""))
        .put("purged", "loanRequest", "purged", "", "null")
        .loan("erased", &loan("HO-4", "BID", "{\"displayName\":\"Erika Erased\"}", ""));
    let anonymous = loan("HO-4", "BID", "{\"displayName\":\"[erased]\"}", "");
    let entity = format!(
        "{{\"entity\":\"loanRequest\",\"id\":\"erased\",\"version\":2,\"after\":{{\"id\":\"erased\",{anonymous}}}}}"
    );
    feed.snapshot("erased", 5, &entity);
    feed
}

async fn get(query: &str) -> Answer {
    let answer = PEOPLE.get(&format!("{LIST}?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
    answer
}

#[tokio::test]
async fn what_is_searched_for_is_found() {
    let cases: [(&str, &[&str]); 12] = [
        ("q=lukasz", &["other"]),
        ("q=O%E2%80%99QUILLAN+luk", &["other"]),
        ("q=oquil", &["other"]),
        ("q=PE-2026-000007", &["m07"]),
        ("q=000007", &["m07"]),
        ("q=joh+000007&status=SANCTION", &["m07"]),
        ("q=joh+000007&status=BID", &[]),
        ("q=johann&team=t4&includeDeleted=true", &["deleted"]),
        ("q=gone", &[]),
        ("q=petra&includeDeleted=true", &[]),
        ("q=erika&includeDeleted=true", &[]),
        ("q=ho&sortBy=reference&sortOrder=ASC&includeDeleted=true", &["deleted", "other", "erased"]),
    ];
    for (query, expected) in cases {
        let answer = get(query).await;
        assert_eq!(answer.ids(), expected, "{query}");
        assert_eq!(answer.json()["pagination"]["total"], expected.len(), "{query}");
    }
}

#[tokio::test]
async fn a_search_pages_in_every_order() {
    for order in [
        "sortBy=createdAt",
        "sortBy=reference&sortOrder=ASC",
        "sortBy=position",
        "sortBy=position&sortOrder=ASC&changedSince=9",
    ] {
        let query = format!("q=mull+joh&{order}");
        let whole = get(&format!("{query}&limit=200")).await;
        let expected = if order.contains("changedSince") { 11 } else { 20 };
        assert_eq!((whole.ids().len(), &whole.json()["pagination"]["total"]), (expected, &expected.into()), "{order}");
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        for _ in 0..20 {
            let page = get(&format!("{query}&limit=3&fields=id{cursor}")).await;
            walked.extend(page.ids());
            let Some(next) = page.json()["pagination"]["nextCursor"].as_str().map(str::to_owned) else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(walked, whole.ids(), "{order}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_words() {
    let first = get("q=mull&limit=2").await.json();
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    assert_eq!(get(&format!("q=mull&limit=9&cursor={cursor}")).await.ids().len(), 9);
    for other in ["", "&q=joh", "&q=mull&status=BID"] {
        let answer = PEOPLE.get(&format!("{LIST}?cursor={cursor}{other}")).await;
        assert_eq!(answer.problem(), "cursor-mismatch", "{other}");
    }
}

#[tokio::test]
async fn a_search_needs_what_the_list_needs() {
    for scope in ["tasks:read", "documents:read", "audit:read"] {
        let answer = PEOPLE.get_with(scope, &format!("{LIST}?q=lukasz"), &[]).await;
        assert_eq!((answer.status, answer.text().contains("ukasz")), (StatusCode::FORBIDDEN, false));
    }
    let answer = PEOPLE.get_with("", &format!("{LIST}?q=lukasz"), &[]).await;
    assert_eq!((answer.status, answer.text().contains("ukasz")), (StatusCode::UNAUTHORIZED, false));
    assert_eq!(PEOPLE.get_with("loans:read", &format!("{LIST}?q=lukasz"), &[]).await.ids(), ["other"]);
}

/// Names may be anybody's: no problem says again what was searched for.
#[tokio::test]
async fn no_problem_repeats_what_was_searched_for() {
    for query in ["q=nobody+here&limit=0", "q=nobody&q=here", "q=nobody&cursor=x", "q=1+2+3+4+5+6+7+8+nobody"] {
        let answer = PEOPLE.get(&format!("{LIST}?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let headers = format!("{:?}", answer.headers);
        assert!(!answer.text().contains("nobody") && !headers.contains("nobody"), "{query}: {}", answer.text());
    }
}
