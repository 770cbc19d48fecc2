//! Boxes of a form that may be ticked.

use continuity_auth::{CHANNEL_KINDS, Role, Scope, ScopeSet};

use crate::texts::Texts;

/// One box.
pub(super) struct Tick {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    /// The name that programs know it by; empty where that says nothing to people.
    pub(super) code: &'static str,
    pub(super) is_set: bool,
}

impl Tick {
    /// A box with the name that programs know it by.
    pub(super) fn new(set: &[&str], value: &'static str, label: &'static str) -> Self {
        let code = if label == value { "" } else { value };
        Self { code, ..Self::plain(set, value, label) }
    }

    /// A box with its label alone.
    pub(super) fn plain(set: &[&str], value: &'static str, label: &'static str) -> Self {
        Self { value, label, code: "", is_set: set.contains(&value) }
    }
}

/// Those scopes.
pub(super) fn scopes(t: &Texts, of: ScopeSet, set: &[&str]) -> Vec<Tick> {
    let tick = |scope: Scope| Tick::new(set, scope.as_str(), t.scope(scope.as_str()).unwrap_or(scope.in_words()));
    of.iter().map(tick).collect()
}

pub(super) fn roles(t: &Texts, set: &[&str]) -> Vec<Tick> {
    Role::ALL.map(|role| Tick::new(set, role.name(), t.role(role.name()))).into()
}

pub(super) fn channel_kinds(set: &[&str]) -> Vec<Tick> {
    CHANNEL_KINDS.map(|kind| Tick::new(set, kind, kind)).into()
}
