//! What the tasks read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

fn check(script: &str, form_data: FormData, expected: &str) {
    let snapshot = fold(projection, script);
    let rows = list(&snapshot, "L", &Page::default(), form_data, &BTreeSet::new()).unwrap();
    assert_json(rows.json, expected);
}

#[test]
fn tasks_come_by_assigned_at_then_id() {
    check(
        r#"task b {"id":"b","assignedAt":"2024-01-01T10:00:00Z"}
           task a {"id":"a","assignedAt":"2024-01-01T12:00:00+02:00"}
           task c {"id":"c","assignedAt":"2024-01-01T09:59:59.999Z"}
           task d {"id":"d"}"#,
        FormData::Shown,
        concat!(
            r#"[{"id":"d","items":[]},{"id":"c","assignedAt":"2024-01-01T09:59:59.999Z","items":[]},"#,
            r#"{"id":"a","assignedAt":"2024-01-01T12:00:00+02:00","items":[]},"#,
            r#"{"id":"b","assignedAt":"2024-01-01T10:00:00Z","items":[]}]"#,
        ),
    );
}

#[test]
fn items_are_nested_in_order_and_replace_an_own_member() {
    check(
        r#"taskItem i2 @taskId=t {"id":"i2","uploadedAt":"2024-01-02T00:00:00Z"}
           task t {"id":"t","items":["own"],"n":1.50}
           taskItem i1 @taskId=t {"id":"i1","uploadedAt":"2024-01-01T00:00:00Z"}
           taskItem other @taskId=unknown {"id":"other"}"#,
        FormData::Shown,
        concat!(
            r#"[{"id":"t","n":1.50,"items":[{"id":"i1","uploadedAt":"2024-01-01T00:00:00Z"},"#,
            r#"{"id":"i2","uploadedAt":"2024-01-02T00:00:00Z"}]}]"#,
        ),
    );
}

#[test]
fn items_move_stay_and_come_back_with_their_task() {
    let moved = r#"task t {"id":"t"}
        task u {"id":"u"}
        taskItem i @taskId=t {"id":"i","v":1}
        taskItem i {"id":"i","v":2}
        taskItem i @taskId=u {"id":"i","v":3}"#;
    check(moved, FormData::Shown, r#"[{"id":"t","items":[]},{"id":"u","items":[{"id":"i","v":3}]}]"#);
    check(&format!("{moved}\ntask u gone"), FormData::Shown, r#"[{"id":"t","items":[]}]"#);
    let back = format!("{moved}\ntask u gone\ntask t gone\ntask u {{\"id\":\"u\",\"again\":true}}");
    check(&back, FormData::Shown, r#"[{"id":"u","again":true,"items":[{"id":"i","v":3}]}]"#);
}

#[test]
fn an_item_that_is_made_again_is_where_it_was() {
    check(
        r#"task t {"id":"t"}
           taskItem i @taskId=t {"id":"i"}
           taskItem i gone
           taskItem i {"id":"i","again":1}"#,
        FormData::Shown,
        r#"[{"id":"t","items":[{"id":"i","again":1}]}]"#,
    );
}

const FORMS: &str = r#"
    task a {"id":"a","sensitive":false,"formData":{"x":1},"z":0}
    task b {"id":"b","sensitive":true,"formData":{"secret":1},"z":0}
    task c {"id":"c","sensitive":"unsure","formData":{"secret":1}}
    task d {"id":"d"}
"#;

#[test]
fn form_data_shows_where_it_may() {
    let rest = concat!(
        r#"{"id":"b","sensitive":true,"z":0,"items":[]},{"id":"c","sensitive":"unsure","items":[]},"#,
        r#"{"id":"d","items":[]}]"#
    );
    check(FORMS, FormData::Hidden, &format!(r#"[{{"id":"a","sensitive":false,"z":0,"items":[]}},{rest}"#));
    let shown = format!(r#"[{{"id":"a","sensitive":false,"formData":{{"x":1}},"z":0,"items":[]}},{rest}"#);
    check(FORMS, FormData::Shown, &shown);
}

#[test]
fn patches_merge_onto_the_whole_task() {
    let script = format!(
        r#"{FORMS}
        task a patch {{"formData":{{"y":2}},"z":null}}
        task b patch {{"formData":null,"sensitive":false}}
        task d patch {{"formData":[]}}"#
    );
    let snapshot = fold(projection, &script);
    assert_json(
        get(&snapshot, "L", "a").unwrap().unwrap().json,
        r#"{"id":"a","sensitive":false,"formData":{"x":1,"y":2},"items":[]}"#,
    );
    let b = get(&snapshot, "L", "b").unwrap().unwrap();
    assert_eq!((b.sensitive, b.has_form), (false, false));
    assert_json(b.json, r#"{"id":"b","sensitive":false,"z":0,"items":[]}"#);
    assert!(get(&snapshot, "L", "d").unwrap().unwrap().has_form);
}

#[test]
fn the_detail_is_whole_and_says_what_to_record() {
    let snapshot = fold(projection, FORMS);
    let b = get(&snapshot, "L", "b").unwrap().unwrap();
    assert_eq!((b.sensitive, b.has_form), (true, true));
    assert_json(b.json, r#"{"id":"b","sensitive":true,"formData":{"secret":1},"z":0,"items":[]}"#);
    assert!(get(&snapshot, "L", "c").unwrap().unwrap().sensitive);
    assert_eq!(get(&snapshot, "L", "x").unwrap(), None);
    assert_eq!(get(&snapshot, "M", "a").unwrap(), None);
}

#[test]
fn an_item_is_found_under_its_own_task_only() {
    let snapshot = fold(
        projection,
        r#"task t {"id":"t"}
           task s {"id":"s","sensitive":true}
           taskItem i @taskId=t {"id":"i"}
           taskItem j @taskId=s {"id":"j"}
           taskItem k @taskId=none {"id":"k"}
           taskItem m @taskId=t {"id":"m","sensitive":true}"#,
    );
    let found = |task, id| item(&snapshot, "L", task, id).unwrap().map(|item| item.sensitive);
    assert_eq!(found("t", "i"), Some(false));
    assert_eq!(found("s", "j"), Some(true));
    assert_eq!(found("t", "m"), Some(true));
    assert_eq!(found("s", "i"), None);
    assert_eq!(found("none", "k"), None);
    assert_json(item(&snapshot, "L", "t", "i").unwrap().unwrap().json, r#"{"id":"i"}"#);
}

#[test]
fn loans_do_not_mix_and_clear_forgets_one() {
    let script = r#"task t {"id":"t","formData":1}
        #M task t {"id":"t","of":"M"}
        #LL task t {"id":"t","of":"LL"}
        taskItem i @taskId=t {"id":"i"}
        clear"#;
    check(script, FormData::Shown, "[]");
    let snapshot = fold(projection, script);
    for (loan, expected) in
        [("M", r#"[{"id":"t","of":"M","items":[]}]"#), ("LL", r#"[{"id":"t","of":"LL","items":[]}]"#)]
    {
        assert_json(list(&snapshot, loan, &Page::default(), FormData::Shown, &BTreeSet::new()).unwrap().json, expected);
    }
}

#[test]
fn what_leads_to_the_bytes_shows_only_where_form_data_may() {
    let script = r#"task t {"id":"t"}
        taskItem i @taskId=t {"id":"i","blob":{"fetch":{"kind":"INLINE","base64":"aGk="}},"n":1}
        task s {"id":"s","sensitive":true}
        taskItem j @taskId=s {"id":"j","blob":{"blobId":"b"}}"#;
    let hidden = r#"[{"id":"s","sensitive":true,"items":[{"id":"j"}]},{"id":"t","items":[{"id":"i","n":1}]}]"#;
    check(script, FormData::Hidden, hidden);
    let whole = r#"{"id":"i","blob":{"fetch":{"kind":"INLINE","base64":"aGk="}},"n":1}"#;
    let shown = format!(r#"[{{"id":"s","sensitive":true,"items":[{{"id":"j"}}]}},{{"id":"t","items":[{whole}]}}]"#);
    check(script, FormData::Shown, &shown);
    let snapshot = fold(projection, script);
    assert_json(item(&snapshot, "L", "t", "i").unwrap().unwrap().json, whole);
    let expected = r#"{"id":"s","sensitive":true,"items":[{"id":"j","blob":{"blobId":"b"}}]}"#;
    assert_json(get(&snapshot, "L", "s").unwrap().unwrap().json, expected);
}
