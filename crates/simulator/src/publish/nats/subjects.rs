//! Which subjects a stream takes.

/// Whether one of `subjects` takes everything that `wanted` can mean. Both may have wildcards: `*` is one token, `>` at the
/// end is one or more.
pub(super) fn covers(subjects: &[String], wanted: &str) -> bool {
    subjects.iter().any(|subject| is_within(wanted, subject))
}

fn is_within(wanted: &str, subject: &str) -> bool {
    let mut wanted = wanted.split('.');
    for token in subject.split('.') {
        match (token, wanted.next()) {
            (">", Some(_)) => return true,
            ("*", Some(one)) if one != ">" => {}
            (token, Some(one)) if token == one && token != "*" => {}
            _ => return false,
        }
    }
    wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subjects: &str, wanted: &str) -> bool {
        let subjects: Vec<String> = subjects.split_whitespace().map(str::to_owned).collect();
        covers(&subjects, wanted)
    }

    #[test]
    fn a_subject_takes_what_is_no_wider_than_itself() {
        let taken = [
            ("a.b", "a.b"),
            ("a.>", "a.b"),
            ("a.>", "a.*.*"),
            ("a.>", "a.>"),
            (">", "a.>"),
            ("*.b", "a.b"),
            ("a.*.*", "a.*.*"),
            ("*.*", "a.*"),
            ("*.>", "a.b.>"),
            ("x y.* a.b", "a.b"),
        ];
        for (subjects, wanted) in taken {
            assert!(check(subjects, wanted), "{subjects:?} takes {wanted}");
        }
        let not = [
            ("", "a"),
            ("a", "b"),
            ("a.b", "a"),
            ("a", "a.b"),
            ("a.>", "a"),
            ("a.*", "a.*.*"),
            ("a.*", "a.>"),
            ("a.*.*", "a.>"),
            ("a.b", "a.*"),
            ("a.>", ">"),
            ("a.x.> a.*.y", "a.*.*"),
        ];
        for (subjects, wanted) in not {
            assert!(!check(subjects, wanted), "{subjects:?} does not take {wanted}");
        }
    }
}
