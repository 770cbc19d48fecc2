//! What the read model knows of references after a script.

use super::*;
use crate::testing::{Bench, fold};

/// Digests of which nothing is known but that they are three.
const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

/// `A`, `B` and `C` between dollar signs stand for a reference to those bytes.
fn script(text: &str) -> String {
    let reference = |sha: &str| format!(r#"{{"sha256":"{sha}","fetch":{{"kind":"URL"}}}}"#);
    text.replace("$A$", &reference(A)).replace("$B$", &reference(B)).replace("$C$", &reference(C))
}

/// The parts that own the bytes, as `loan entity id part`.
fn owners_of(snapshot: &Snapshot, sha256: &str) -> Vec<String> {
    let byte = u8::from_str_radix(&sha256[..2], 16).unwrap();
    let found = owners(snapshot, &[byte; 32], usize::MAX).unwrap();
    found.iter().map(|o| format!("{} {} {} {}", o.loan, o.entity, o.id, o.part).trim_end().to_owned()).collect()
}

/// Folds and compares who owns A, B and C.
fn check(text: &str, a: &[&str], b: &[&str], c: &[&str]) {
    let snapshot = fold(projection, &script(text));
    for (sha256, expected) in [(A, a), (B, b), (C, c)] {
        assert_eq!(owners_of(&snapshot, sha256), expected, "{sha256}: {text}");
    }
    let owned = a.iter().chain(b).chain(c).filter(|owner| owner.starts_with("L ")).count();
    assert_eq!(of_loan(&snapshot, "L").unwrap().len(), owned, "{text}");
}

#[test]
fn references_are_found_in_all_their_places() {
    check(r#"document d {"id":"d","blob":$A$}"#, &["L document d"], &[], &[]);
    check(r#"taskItem i @taskId=t {"blob":$A$}"#, &["L taskItem i"], &[], &[]);
    check(
        r#"document d {"blob":$A$,"versions":[{"number":1,"blob":$B$},{"number":2},{"number":3,"blob":$A$}]}"#,
        &["L document d", "L document d versions/2"],
        &["L document d versions/0"],
        &[],
    );
    check(
        r#"message m {"attachments":[$A$,{"name":"x","blob":$B$},{"sha256":"no"},7,null]}"#,
        &["L message m attachments/0"],
        &["L message m attachments/1"],
        &[],
    );
}

#[test]
fn what_is_no_reference_has_no_row() {
    for blob in ["null", "7", "[]", "{}", r#"{"sha256":null}"#, r#"{"sha256":"abc"}"#, r#"{"sha256":"zz"}"#] {
        check(&format!(r#"document d {{"blob":{blob},"versions":{blob},"attachments":{blob}}}"#), &[], &[], &[]);
    }
    let attachment = format!(r#"message m {{"attachments":[{{"sha256":"{A}"}}]}}"#);
    check(&attachment, &[], &[], &[]);
}

#[test]
fn a_reference_is_kept_as_it_was_sent_and_its_digest_in_lower_case() {
    let raw = format!(r#"{{ "odd": 1.50, "sha256" :"{}", "fetch":{{}} }}"#, A.to_uppercase());
    let snapshot = fold(projection, &format!(r#"document d {{"blob":{raw}}}"#));
    assert_eq!(of_loan(&snapshot, "L").unwrap(), [raw]);
    assert_eq!(owners_of(&snapshot, A), ["L document d"]);
}

#[test]
fn a_later_state_replaces_the_earlier_one() {
    check("document d {\"blob\":$A$}\n document d {\"blob\":$B$}", &[], &["L document d"], &[]);
    check("document d {\"blob\":$A$}\n document d {\"blob\":null}", &[], &[], &[]);
    check("document d {\"blob\":$A$}\n document d {\"name\":\"x\"}", &[], &[], &[]);
    check(
        "document d {\"versions\":[{\"blob\":$A$},{\"blob\":$B$}]}\n document d {\"versions\":[{\"blob\":$B$}]}",
        &[],
        &["L document d versions/0"],
        &[],
    );
}

#[test]
fn patches_merge_into_what_was_there() {
    let start = "document d {\"name\":\"x\",\"blob\":$A$,\"versions\":[{\"blob\":$B$}]}\n";
    let both = (["L document d"], ["L document d versions/0"]);
    check(&format!("{start}document d patch {{\"name\":\"y\"}}"), &both.0, &both.1, &[]);
    check(&format!("{start}document d patch {{\"blob\":null}}"), &[], &both.1, &[]);
    check(&format!("{start}document d patch {{\"blob\":{{\"sha256\":\"{C}\"}}}}"), &[], &both.1, &both.0);
    check(&format!("{start}document d patch {{\"blob\":{{\"sha256\":null}}}}"), &[], &both.1, &[]);
    check(&format!("{start}document d patch {{\"versions\":[]}}"), &both.0, &[], &[]);
    check("document d patch {\"blob\":$A$}", &["L document d"], &[], &[]);
    let back = format!("{start}document d patch {{\"blob\":null}}\ndocument d patch {{\"blob\":$C$}}");
    check(&back, &[], &both.1, &both.0);
}

#[test]
fn a_patch_of_a_reference_shows_in_its_row() {
    let text = "document d {\"blob\":$A$}\n document d patch {\"blob\":{\"fetch\":{\"url\":\"https://new\"}}}";
    let snapshot = fold(projection, &script(text));
    let expected = format!(r#"{{"sha256":"{A}","fetch":{{"kind":"URL","url":"https://new"}}}}"#);
    assert_eq!(of_loan(&snapshot, "L").unwrap(), [expected]);
    assert_eq!(owners_of(&snapshot, A), ["L document d"]);
}

#[test]
fn what_goes_takes_its_own_rows_only() {
    let two = "document d {\"blob\":$A$}\n document e {\"blob\":$A$}\n #M document d {\"blob\":$A$}\n";
    check(two, &["L document d", "L document e", "M document d"], &[], &[]);
    check(&format!("{two}document d gone"), &["L document e", "M document d"], &[], &[]);
    check(&format!("{two}clear"), &["M document d"], &[], &[]);
    check(&format!("{two}purge"), &["M document d"], &[], &[]);
    check(&format!("{two}#M purge"), &["L document d", "L document e"], &[], &[]);
    check(&format!("{two}clear\ndocument x {{\"blob\":$B$}}"), &["M document d"], &["L document x"], &[]);
}

#[test]
fn nothing_is_left_of_what_is_gone() {
    let mut bench = Bench::new(projection());
    let after = script(r#"{"blob":$A$,"versions":[{"blob":$B$}],"attachments":[$C$]}"#);
    let change = |form| EntityChange {
        loan: "L",
        entity: "document",
        id: "d",
        parent: None,
        version: 1,
        form,
        sequence: 1,
        position: 1,
        from_snapshot: true,
    };
    bench.commit(|model, rows| model.apply(&change(ChangeForm::After(&after)), rows).unwrap());
    assert_eq!(bench.rows(), 7);
    bench.commit(|model, rows| model.apply(&change(ChangeForm::Gone), rows).unwrap());
    assert_eq!(bench.rows(), 0);
    bench.commit(|model, rows| {
        model.apply(&change(ChangeForm::After(&after)), rows).unwrap();
        model.clear("L", rows).unwrap();
    });
    assert_eq!(bench.rows(), 0);
}

#[test]
fn erased_bytes_are_referred_to_and_owned_by_nobody() {
    for erased in [r#","erasedAt":"2026-01-01T00:00:00Z""#, r#","fetch":{"kind":"ERASED"}"#] {
        let text = format!(r#"document d {{"blob":{{"sha256":"{A}"{erased}}}}}"#);
        let snapshot = fold(projection, &text);
        assert_eq!((of_loan(&snapshot, "L").unwrap().len(), owners_of(&snapshot, A).len()), (1, 0), "{erased}");
        let snapshot = fold(projection, &format!("{text}\nclear"));
        assert_eq!(of_loan(&snapshot, "L").unwrap().len(), 0);
    }
}

#[test]
fn owners_are_given_up_to_a_limit() {
    let text = "document d {\"blob\":$A$}\n document e {\"blob\":$A$}\n document f {\"blob\":$A$}";
    let snapshot = fold(projection, &script(text));
    let found = owners(&snapshot, &[0xaa; 32], 2).unwrap();
    assert_eq!(found.iter().map(|owner| owner.id.as_str()).collect::<Vec<_>>(), ["d", "e"]);
}
