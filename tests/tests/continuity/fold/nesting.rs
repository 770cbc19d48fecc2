//! Parents and children, orders, removal and return.

use super::*;
use continuity_tests::fold::Forms;

fn body(answer: Answer) -> String {
    shown(answer)
}

#[test]
fn children_come_and_go_with_their_parent() {
    let mut fold = fold(
        Gaps::Held,
        &[
            loan(1, 1),
            child(2, "bidQuote", "q1", r#"{"bidRequestId":"b1"}"#, r#","revision":10"#),
            child(3, "bidQuote", "q2", r#"{"bidRequestId":"b1"}"#, r#","revision":9"#),
        ],
    );
    assert_eq!(body(fold.loan("l1").unwrap().bid_requests()), "[]");
    fold.arrive(&after(4, "bidRequest", "b1", 1, ""));
    let served = r#"[{"id":"b1","quotes":[{"id":"q2","revision":9},{"id":"q1","revision":10}]}]"#;
    assert_eq!(body(fold.loan("l1").unwrap().bid_requests()), served);
    fold.arrive(&gone(5, "bidRequest", "b1", 2));
    assert_eq!(body(fold.loan("l1").unwrap().bid_requests()), "[]");
    fold.arrive(&after(6, "bidRequest", "b1", 3, ""));
    assert_eq!(body(fold.loan("l1").unwrap().bid_requests()), served);
}

#[test]
fn a_parent_that_is_named_moves_and_one_that_is_not_stays() {
    let moved =
        r#"{"entity":"taskItem","id":"i1","parent":{"taskId":"t2"},"version":2,"baseVersion":1,"patch":{"m":1}}"#;
    let fold = fold(
        Gaps::Held,
        &[
            loan(1, 1),
            after(2, "task", "t1", 1, ""),
            after(3, "task", "t2", 1, ""),
            child(4, "taskItem", "i1", r#"{"taskId":"t1"}"#, ""),
            event(5, moved),
            patch(6, "taskItem", "i1", 3, r#"{"n":2}"#),
        ],
    );
    let served = r#"[{"id":"t1","items":[]},{"id":"t2","items":[{"id":"i1","m":1,"n":2}]}]"#;
    assert_eq!(body(fold.loan("l1").unwrap().tasks(Forms::Shown)), served);
}

#[test]
fn form_data_shows_to_whom_it_may() {
    let form = r#","sensitive":false,"formData":{"x":1.0}"#;
    let fold = fold(
        Gaps::Held,
        &[
            loan(1, 1),
            after(2, "task", "t1", 1, form),
            after(3, "task", "t2", 1, &form.replace("false", "true")),
            child(4, "taskItem", "i1", r#"{"taskId":"t1"}"#, r#","blob":{"b":1}"#),
            child(5, "taskItem", "i2", r#"{"taskId":"t2"}"#, r#","blob":{"b":1}"#),
        ],
    );
    let folded = fold.loan("l1").unwrap();
    let (shown, hidden) = (body(folded.tasks(Forms::Shown)), body(folded.tasks(Forms::Hidden)));
    assert!(shown.contains("1.0") && shown.matches("formData").count() == 1 && !hidden.contains("formData"));
    assert!(shown.matches("blob").count() == 1 && !hidden.contains("blob"));
    assert!(body(folded.task("t2")).contains("formData") && body(folded.task("t2")).contains("blob"));
    assert_eq!(folded.task("t3"), Answer::NotFound);
}

#[test]
fn documents_stay_whatever_becomes_of_their_space() {
    let mut fold = fold(
        Gaps::Held,
        &[
            loan(1, 1),
            after(2, "space", "s1", 1, r#","order":2,"name":"b""#),
            after(3, "space", "s2", 1, r#","order":10,"name":"a""#),
            after(4, "space", "s3", 1, r#","order":2,"name":"a""#),
            after(5, "document", "d1", 1, r#","spaceId":"s1","uploadedAt":"2026-01-01T00:00:00.5Z""#),
            after(6, "document", "d2", 1, r#","spaceId":"s1","uploadedAt":"2026-01-01T00:00:00.50001Z""#),
            after(7, "document", "d3", 1, r#","uploadedAt":"2026-01-01T00:00:00.500Z""#),
        ],
    );
    assert_eq!(ids(fold.loan("l1").unwrap().plain("space")), ["s3", "s1", "s2"]);
    assert_eq!(ids(fold.loan("l1").unwrap().documents_of("s1")), ["d2", "d1"]);
    fold.arrive(&gone(8, "space", "s1", 2));
    assert_eq!(fold.loan("l1").unwrap().documents_of("s1"), Answer::NotFound);
    assert_eq!(ids(fold.loan("l1").unwrap().plain("document")), ["d2", "d3", "d1"]);
}

#[test]
fn a_channel_is_found_under_its_own_guild_alone() {
    let fold = fold(
        Gaps::Held,
        &[
            loan(1, 1),
            after(2, "guild", "g1", 1, ""),
            after(3, "guild", "g2", 1, ""),
            child(4, "channel", "c1", r#"{"guildId":"g1"}"#, ""),
            child(5, "message", "m2", r#"{"guildId":"g1","channelId":"c1"}"#, r#","seq":2"#),
            child(6, "message", "m1", r#"{"guildId":"g1","channelId":"c1"}"#, r#","seq":1,"deletedAt":"x""#),
        ],
    );
    let folded = fold.loan("l1").unwrap();
    let served =
        r#"{"id":"c1","messages":[{"id":"m1","seq":1,"deletedAt":"x"},{"id":"m2","seq":2}],"nextCursor":null}"#;
    assert_eq!(body(folded.channel("g1", "c1")), served);
    assert_eq!(folded.channel("g2", "c1"), Answer::NotFound);
    assert_eq!(body(folded.guilds()), r#"[{"id":"g1","channels":[{"id":"c1"}]},{"id":"g2","channels":[]}]"#);
}

#[test]
fn a_missing_sort_member_is_lowest() {
    let fold = fold(
        Gaps::Held,
        &[
            loan(1, 1),
            after(2, "analysis", "a1", 1, r#","runAt":"2026-01-01T00:00:00Z""#),
            after(3, "analysis", "a2", 1, r#","runAt":"soon""#),
            after(4, "view", "v1", 1, r#","order":1"#),
            after(5, "view", "v2", 1, ""),
        ],
    );
    let folded = fold.loan("l1").unwrap();
    assert_eq!(ids(folded.plain("analysis")), ["a1", "a2"]);
    assert_eq!(ids(folded.plain("view")), ["v2", "v1"]);
}
