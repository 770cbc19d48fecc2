//! Query strings: values of the wrong form, size and number, and secrets where none belong.

use super::case::{Case, Facts, LIST};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = of_list(facts, BAD, "400 bad-parameter");
    cases.extend(of_list(facts, UNKNOWN, "400 unknown-parameter"));
    cases.extend(of_list(facts, SECRET, "400 token-in-query"));
    cases.extend(of_list(facts, FINE, "200 fine"));
    cases.extend(of_list(facts, CURSORS, "400 bad-cursor"));
    cases.extend(facts.gets(&[
        ("/api/v1/loan-requests/{L}/audit-log?from=yesterday", "400 bad-parameter"),
        ("/api/v1/loan-requests/{L}/audit-log?limit=0", "400 bad-parameter"),
        ("/api/v1/loan-requests/{L}/tasks?sensitive=maybe", "400 bad-parameter"),
        ("/api/v1/loan-requests/{L}/tasks?dueBefore=2026-99-99", "400 bad-parameter"),
        ("/api/v1/loan-requests/{L}/documents?uploadedFrom=0", "400 bad-parameter"),
        ("/api/v1/loan-requests/{L}/guilds/g/channels/c?after=-1", "400 bad-parameter"),
        ("/api/v1/loan-requests/{L}/guilds/g/channels/c?limit=501", "400 bad-parameter"),
        ("/health?verbose=1", "400 unknown-parameter"),
        ("/health?access_token={S}", "400 token-in-query"),
        ("/nowhere?access_token={S}", "400 token-in-query"),
        ("/~/open-api/?token={S}", "400 token-in-query"),
    ]));
    let (half, other) = facts.cursor.split_at(facts.cursor.len() / 2);
    let turned: String = half.chars().chain(other.chars().rev()).collect();
    cases.extend(facts.gets(&[
        (&format!("{LIST}?sortBy=reference&cursor={turned}"), "400 bad-cursor"),
        (&format!("{LIST}?sortBy=createdAt&cursor={}", facts.cursor), "400 cursor-mismatch"),
        (&format!("{LIST}?sortBy=reference&sortOrder=ASC&cursor={}", facts.cursor), "400 cursor-mismatch"),
        (&format!("{LIST}?sortBy=reference&offset=1&cursor={}", facts.cursor), "400 bad-parameter"),
        (&format!("{LIST}?sortBy=reference&cursor={0}&cursor={0}", facts.cursor), "400 bad-parameter"),
        (&format!("{LIST}?{}", "status=BID&".repeat(600)), "200 fine"),
        (&format!("{LIST}?status={}", "BID,".repeat(1_500)), "200 fine"),
        (&format!("{LIST}?status={}", "BID,".repeat(3_000)), "414 uri-too-long"),
        (&format!("{LIST}?{}", "x=1&".repeat(1_000)), "400 unknown-parameter"),
        (&format!("{LIST}?{}", "&".repeat(7_000)), "200 fine"),
        (&format!("{LIST}?cursor={}", "A".repeat(6_000)), "400 bad-cursor"),
    ]));
    cases
}

fn of_list(facts: &Facts, queries: &[&str], expected: &'static str) -> Vec<Case> {
    let targets: Vec<String> = queries.iter().map(|query| format!("{LIST}?{query}")).collect();
    facts.gets(&targets.iter().map(|target| (target.as_str(), expected)).collect::<Vec<_>>())
}

const BAD: &[&str] = &[
    "limit=0",
    "limit=-1",
    "limit=%2B1",
    "limit=1e3",
    "limit=1.5",
    "limit=0x10",
    "limit=201",
    "limit=99999999999999999999",
    "limit=",
    "limit",
    "limit=%D9%A3",
    "limit=1%00",
    "limit=1&limit=2",
    "offset=-1",
    "offset=100001",
    "sortBy=password",
    "sortBy=createdAt%3BDROP%20TABLE",
    "sortOrder=sideways",
    "includeDeleted=1",
    "includeDeleted=TRUE",
    "hasOpenTasks=perhaps",
    "createdFrom=yesterday",
    "createdFrom=2026-13-01",
    "createdFrom=2026-02-30",
    "createdFrom=0000-00-00",
    "createdFrom=1700000000",
    "createdFrom=2026-01-31T25:00:00Z",
    "createdFrom=2026-01-31T08:00:00",
    "createdFrom=%2B275760-09-13T00:00:00Z",
    "createdFrom=2026-01-01&createdFrom=2026-01-02",
    "updatedSince=",
    "amountMin=abc",
    "amountMin=NaN",
    "amountMin=Infinity",
    "amountMin=0x10",
    "amountMin=1%2C000",
    "changedSince=-1",
    "changedSince=18446744073709551616",
    "changedSince=1&sortBy=createdAt",
];

const UNKNOWN: &[&str] = &["LIMIT=1", "limit[]=1", "__proto__=1", "%00=1", "%ff=1", "=x", "status.$ne=1", "cursor[]=a"];

const SECRET: &[&str] = &[
    "access_token={S}",
    "Access_Token={S}",
    "access%5Ftoken={S}",
    "client_secret={S}",
    "refresh_token={S}",
    "limit=1&token={S}",
    "nothing={S}&access_token=x",
];

const FINE: &[&str] = &[
    "status=%00",
    "status=%ff",
    "status=%F0%9F%92%A9",
    "reference='%20OR%201=1--",
    "&&&",
    "=",
    "fields=",
    "amountMax=1e9999999999",
];

const CURSORS: &[&str] = &["cursor=garbage", "cursor=", "cursor=%00", "cursor=AAAA", "cursor=..%2F..%2Fetc"];
