//! What is due, in its order, as long as it is to be done.

use super::*;
use crate::testing::fold;

const END: &str = "2026-12-31T00:00:00Z";

/// What is due until then: loan, and what is told.
fn told(script: &str, list: WorkList, until: &str) -> Vec<String> {
    let snapshot = fold(projection, script);
    let items = due(&snapshot, list, &Limit::time(until).unwrap(), None).unwrap();
    items.map(|item| item.map(|item| format!("{} {}", item.loan, item.json)).unwrap()).collect()
}

#[test]
fn what_is_due_first_stands_first_and_what_is_later_not_at_all() {
    let script = r#"
        #B loanRequest B {"id":"B","status":"DEED","deed":{"scheduledAt":"2026-12-02T09:00:00Z"}}
        #A loanRequest A {"id":"A","status":"DEED","deed":{"scheduledAt":"2026-12-02T09:00:00+01:00","notaryId":"n"}}
        #C loanRequest C {"id":"C","status":"DEED","deed":{"scheduledAt":"2027-01-02T09:00:00Z"}}
        #D loanRequest D {"id":"D","status":"DEED","deed":{"scheduledAt":"2026-12-01T09:00:00Z","signedAt":"2026-12-01T10:00:00Z"}}
        #E loanRequest E {"id":"E","status":"DEED","deed":{"scheduledAt":"soon"}}
        #F loanRequest F {"id":"F","status":"BID"}"#;
    let expected = [
        r#"E {"dueAt":"soon"}"#,
        r#"A {"dueAt":"2026-12-02T09:00:00+01:00"}"#,
        r#"B {"dueAt":"2026-12-02T09:00:00Z"}"#,
    ];
    assert_eq!(told(script, WorkList::Deeds, END), expected);
    assert_eq!(told(script, WorkList::Deeds, "2026-12-02T08:00:00Z"), expected[..2]);
    assert_eq!(told(script, WorkList::Deeds, "2026-12-02T07:59:59Z"), expected[..1]);
    assert_eq!(told(script, WorkList::Sanctions, END), [""; 0]);
}

#[test]
fn letters_and_promises_run_out_at_the_end_of_their_day() {
    let script = r#"
        #A loanRequest A {"id":"A","sanction":{"expiresAt":"2026-12-10"},"promiseOfSaleExpiryDate":"2026-12-20"}
        #B loanRequest B {"id":"B","sanction":{"expiresAt":"2026-12-09","acceptedAt":"2026-12-01T00:00:00Z"},"deed":{"signedAt":"2026-12-02T00:00:00Z"},"promiseOfSaleExpiryDate":"2026-12-19"}"#;
    assert_eq!(told(script, WorkList::Sanctions, END), [r#"A {"dueAt":"2026-12-10"}"#]);
    assert_eq!(told(script, WorkList::Sanctions, "2026-12-10T23:00:00Z"), [""; 0]);
    assert_eq!(told(script, WorkList::Promises, END), [r#"A {"dueAt":"2026-12-20"}"#]);
}

#[test]
fn tasks_are_due_until_they_or_their_loan_end() {
    let task = r#"{"id":"t","title":"Payslips","status":"ASSIGNED","dueAt":"2026-12-01T00:00:00Z","formData":{"secret":1},"sensitive":true}"#;
    let shown = r#"L {"dueAt":"2026-12-01T00:00:00Z","task":{"id":"t","title":"Payslips","status":"ASSIGNED","sensitive":true}}"#;
    let begin = format!("task t {task}\nloanRequest L {{\"id\":\"L\",\"status\":\"BID\"}}\n");
    for (more, is_due) in [
        ("", true),
        ("task t patch {\"status\":\"COMPLETED\"}", false),
        ("task t patch {\"status\":\"COMPLETED\"}\ntask t patch {\"status\":\"ASSIGNED\"}", true),
        ("task t patch {\"dueAt\":null}", false),
        ("task t gone", false),
        ("loanRequest L patch {\"status\":\"CLOSED\"}", false),
        ("loanRequest L patch {\"status\":\"CLOSED\"}\nloanRequest L patch {\"status\":\"BID\"}", true),
        ("loanRequest L patch {\"deletedAt\":\"2026-11-01T00:00:00Z\"}", false),
        ("#L clear", false),
        ("#L purge", false),
    ] {
        let expected: &[&str] = if is_due { &[shown] } else { &[] };
        assert_eq!(told(&format!("{begin}{more}"), WorkList::Tasks, END), expected, "{more}");
    }
    assert_eq!(told(&format!("task t {task}"), WorkList::Tasks, END), [""; 0], "without its loan");
}

#[test]
fn tasks_are_known_by_the_id_of_their_entity() {
    let script = r#"
        task t {"title":"One","dueAt":"2026-12-01T00:00:00Z"}
        task u {"title":"Two","dueAt":"2026-12-01T00:00:00Z"}
        loanRequest L {"id":"L"}"#;
    let (one, two) = (
        r#"L {"dueAt":"2026-12-01T00:00:00Z","task":{"title":"One"}}"#,
        r#"L {"dueAt":"2026-12-01T00:00:00Z","task":{"title":"Two"}}"#,
    );
    assert_eq!(told(script, WorkList::Tasks, END), [one, two]);
    assert_eq!(told(&format!("{script}\ntask t gone"), WorkList::Tasks, END), [two]);
}

#[test]
fn a_patch_moves_a_row() {
    let script = r#"
        loanRequest L {"id":"L","status":"DEED","deed":{"scheduledAt":"2026-12-02T09:00:00Z","notaryId":"n"}}
        loanRequest L patch {"deed":{"scheduledAt":"2026-12-05T09:00:00Z"}}"#;
    assert_eq!(told(script, WorkList::Deeds, END), [r#"L {"dueAt":"2026-12-05T09:00:00Z"}"#]);
    let signed = format!("{script}\nloanRequest L patch {{\"deed\":{{\"signedAt\":\"2026-12-05T10:00:00Z\"}}}}");
    assert_eq!(told(&signed, WorkList::Deeds, END), [""; 0]);
}

#[test]
fn nothing_stays_of_a_loan_that_is_cleared() {
    let mut bench = crate::testing::Bench::new(projection());
    let snapshot = fold(
        projection,
        "loanRequest L {\"id\":\"L\",\"deed\":{\"scheduledAt\":\"2026-12-02\"}}\ntask t {\"id\":\"t\",\"dueAt\":\"2026-12-02\"}\n#L clear",
    );
    assert_eq!((snapshot.count(DUE).unwrap(), snapshot.count(KEPT).unwrap()), (0, 0));
    bench.commit(|model, rows| model.clear("never", rows).unwrap());
    assert_eq!(bench.rows(), 0);
}

#[test]
fn a_walk_goes_on_behind_a_row() {
    let line = |n| {
        format!("#L{n} loanRequest L{n} {{\"id\":\"L{n}\",\"deed\":{{\"scheduledAt\":\"2026-12-02T0{n}:00:00Z\"}}}}")
    };
    let script = (0..5).map(line).collect::<Vec<_>>().join("\n");
    let snapshot = fold(projection, &script);
    let (mut walked, mut after) = (Vec::new(), None::<Vec<u8>>);
    let until = Limit::time(END).unwrap();
    while let Some(item) = due(&snapshot, WorkList::Deeds, &until, after.as_deref()).unwrap().next() {
        let item = item.unwrap();
        walked.push(item.loan);
        after = Some(item.key);
    }
    assert_eq!(walked, ["L0", "L1", "L2", "L3", "L4"]);
}
