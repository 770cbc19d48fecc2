//! What people may do here.

use serde::{Deserialize, Serialize};

/// A role. What somebody may read of loans is a matter of scopes, not of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Settings, clients, people, keys.
    Admin,
    /// Synchronisation, read models, quarantine, drills.
    Operator,
    /// Audit and evidence, to read.
    Auditor,
    /// Loans, within the scopes that were given.
    Viewer,
    /// Applications of its own, which act for people who let them in.
    Developer,
}

impl Role {
    /// Every one, the one that may most first.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Operator, Self::Auditor, Self::Developer, Self::Viewer];

    /// The name as it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
            Self::Developer => "developer",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
