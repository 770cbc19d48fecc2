//! Whether one change of one entity folds (contract, sections 2 and 6.2). Pure.

use std::fmt;

use continuity_events::{Change, Form};

use super::state::EntityState;

/// The entity that is the loan itself.
pub(crate) const LOAN_REQUEST: &str = "loanRequest";

/// What the decision depends on beside the change and its entity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    /// Id of the loan.
    pub(crate) loan: &'a str,
    /// A recorded gap lies below the event.
    pub(crate) gap_below: bool,
    /// The fold started from a snapshot: an entity that is not known may still have had versions before it.
    pub(crate) from_snapshot: bool,
    /// Some read model knows the entity's kind.
    pub(crate) known: bool,
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is folded; its entity's state then.
    Fold(EntityState),
    /// It is a patch whose base is behind a gap; its entity's state then.
    Skip(EntityState),
    /// It cannot be folded: the loan stops before it.
    Park(Why),
    /// No read model knows its entity; it stays in the log.
    Unknown,
}

/// Why a change cannot be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// A loanRequest of another id than the subject's.
    OtherLoan,
    /// Not the entity's last version + 1.
    Version { expected: u64, found: u64 },
    /// A patch onto an entity that is not there.
    PatchOnNothing,
    /// A patch onto another version.
    Base { expected: u64, found: u64 },
    /// `data` is not of the form that the contract asks for.
    Form,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherLoan => f.write_str("it is a loanRequest of another id than its subject's"),
            Self::Version { expected, found } => write!(f, "its version is {found}, the next one is {expected}"),
            Self::PatchOnNothing => f.write_str("it patches an entity that is not there"),
            Self::Base { expected, found } => write!(f, "it patches version {found}, the last one is {expected}"),
            Self::Form => f.write_str("its data cannot be read as a change"),
        }
    }
}

/// Decides. `stored` is what is known of the entity.
pub(crate) fn decide(at: Circumstances<'_>, change: &Change<'_>, stored: Option<EntityState>) -> Verdict {
    if !at.known {
        return Verdict::Unknown;
    }
    if change.entity == LOAN_REQUEST && change.id != at.loan {
        return Verdict::Park(Why::OtherLoan);
    }
    let folded = EntityState { version: change.version, alive: change.form != Form::Gone, skipping: false };
    let before = stored.unwrap_or_default();
    if at.gap_below {
        let applies = match change.form {
            Form::After(_) | Form::Gone => true,
            Form::Patch { base_version, .. } => before.alive && !before.skipping && before.version == base_version,
        };
        return if applies { Verdict::Fold(folded) } else { Verdict::Skip(EntityState { skipping: true, ..before }) };
    }
    let checked = stored.is_some() || !at.from_snapshot;
    // A counter at its end has no next version; what claims one parks like any other.
    if checked && before.version.checked_add(1) != Some(change.version) {
        return Verdict::Park(Why::Version { expected: before.version.saturating_add(1), found: change.version });
    }
    match change.form {
        Form::Patch { .. } if !before.alive => Verdict::Park(Why::PatchOnNothing),
        Form::Patch { base_version, .. } if base_version != before.version => {
            Verdict::Park(Why::Base { expected: before.version, found: base_version })
        }
        _ => Verdict::Fold(folded),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const AFTER: Form<'static> = Form::After("{}");
    const PLAIN: Circumstances<'static> =
        Circumstances { loan: "L", gap_below: false, from_snapshot: false, known: true };
    const GAP: Circumstances<'static> = Circumstances { gap_below: true, ..PLAIN };
    const BASED: Circumstances<'static> = Circumstances { from_snapshot: true, ..PLAIN };

    fn patch(base_version: u64) -> Form<'static> {
        Form::Patch { base_version, patch: "{}" }
    }

    fn judge(at: Circumstances<'_>, version: u64, form: Form<'_>, stored: Option<(u64, bool, bool)>) -> String {
        let change = Change {
            entity: Cow::Borrowed("task"),
            id: Cow::Borrowed("t"),
            parent: None,
            version,
            form,
            changes: None,
            reason: None,
            corrects_event_id: None,
        };
        let stored = stored.map(|(version, alive, skipping)| EntityState { version, alive, skipping });
        match decide(at, &change, stored) {
            Verdict::Fold(state) => format!("fold {} {}", state.version, if state.alive { "alive" } else { "gone" }),
            Verdict::Skip(state) => format!("skip {} {}", state.version, state.skipping),
            Verdict::Park(why) => format!("park: {why}"),
            Verdict::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn without_a_gap_versions_are_dense_and_patches_fit() {
        let at = PLAIN;
        assert_eq!(judge(at, 1, AFTER, None), "fold 1 alive");
        assert_eq!(judge(at, 2, AFTER, None), "park: its version is 2, the next one is 1");
        assert_eq!(judge(at, 5, AFTER, Some((4, true, false))), "fold 5 alive");
        assert_eq!(judge(at, 4, AFTER, Some((4, true, false))), "park: its version is 4, the next one is 5");
        assert_eq!(judge(at, 5, Form::Gone, Some((4, true, false))), "fold 5 gone");
        assert_eq!(judge(at, 6, AFTER, Some((5, false, false))), "fold 6 alive");
        assert_eq!(judge(at, 5, patch(4), Some((4, true, false))), "fold 5 alive");
        assert_eq!(judge(at, 5, patch(3), Some((4, true, false))), "park: it patches version 3, the last one is 4");
        assert_eq!(judge(at, 5, patch(4), Some((4, false, false))), "park: it patches an entity that is not there");
        assert_eq!(judge(at, 1, patch(0), None), "park: it patches an entity that is not there");
    }

    #[test]
    fn a_version_counter_at_its_end_parks_what_follows() {
        let last = Some((u64::MAX, true, false));
        for version in [1, 5, u64::MAX] {
            let verdict = judge(PLAIN, version, AFTER, last);
            assert_eq!(verdict, format!("park: its version is {version}, the next one is {}", u64::MAX));
        }
    }

    #[test]
    fn behind_a_gap_after_images_apply_and_other_patches_are_skipped() {
        let at = GAP;
        assert_eq!(judge(at, 9, AFTER, Some((4, true, true))), "fold 9 alive");
        assert_eq!(judge(at, 9, Form::Gone, None), "fold 9 gone");
        assert_eq!(judge(at, 9, patch(4), Some((4, true, false))), "fold 9 alive");
        assert_eq!(judge(at, 9, patch(8), Some((4, true, false))), "skip 4 true");
        assert_eq!(judge(at, 9, patch(4), Some((4, true, true))), "skip 4 true");
        assert_eq!(judge(at, 9, patch(4), Some((4, false, false))), "skip 4 true");
        assert_eq!(judge(at, 1, patch(0), None), "skip 0 true");
    }

    #[test]
    fn above_a_snapshot_an_unlisted_entity_may_have_any_version() {
        assert_eq!(judge(BASED, 7, AFTER, None), "fold 7 alive");
        assert_eq!(judge(BASED, 7, AFTER, Some((4, true, false))), "park: its version is 7, the next one is 5");
        assert_eq!(judge(BASED, 7, patch(6), None), "park: it patches an entity that is not there");
    }

    #[test]
    fn an_unknown_entity_never_parks_and_another_loans_request_always_does() {
        assert_eq!(judge(Circumstances { known: false, ..PLAIN }, 9, patch(3), None), "unknown");
        for at in [PLAIN, GAP, BASED] {
            let change = Change {
                entity: Cow::Borrowed(LOAN_REQUEST),
                id: Cow::Borrowed("other"),
                parent: None,
                version: 1,
                form: AFTER,
                changes: None,
                reason: None,
                corrects_event_id: None,
            };
            assert_eq!(decide(at, &change, None), Verdict::Park(Why::OtherLoan));
        }
    }
}
