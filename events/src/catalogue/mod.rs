//! The catalogue: every event name and every entity that this version knows.
//!
//! It describes; it does not gate. An event of an unknown name projects all the same, and one of an unknown entity is
//! kept until an upgrade knows it.

mod entities;
mod events;
mod fields;
pub mod words;

pub use entities::ENTITIES;
pub use events::EVENTS;
pub use fields::{Field, FieldKind};

use crate::Role;

/// Name of the event that carries a whole loan.
pub const SNAPSHOT: &str = "LoanRequestSnapshot";
/// Name of the event that carries a whole loan, redacted.
pub const ERASURE: &str = "DataSubjectErased";
/// Name of the event that corrects another.
pub const CORRECTION: &str = "EventCorrected";
/// Name of the control event that proves life.
pub const HEARTBEAT: &str = "SourceHeartbeat";
/// Name of the control event that opens a bootstrap export.
pub const SNAPSHOT_STARTED: &str = "SnapshotStarted";
/// Name of the control event that ends a bootstrap export.
pub const SNAPSHOT_COMPLETED: &str = "SnapshotCompleted";
/// Name of the control event that lists what must be there.
pub const MANIFEST: &str = "CompletenessManifest";
/// Name of the control event that announces an absence of the source.
pub const MAINTENANCE_ANNOUNCED: &str = "SourceMaintenanceAnnounced";
/// Name of the control event that ends one.
pub const RECOVERED: &str = "SourceRecovered";

/// One event name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventName {
    /// The type without prefix.
    pub name: &'static str,
    /// The entity that it usually changes; `None` for corrections, snapshots, erasures and control events.
    pub entity: Option<&'static str>,
    /// What it is to the replica.
    pub role: Role,
    /// When the producer sends it.
    pub summary: &'static str,
}

/// One entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityInfo {
    /// The value of `data.entity`.
    pub name: &'static str,
    /// Members of `data.parent`, outermost first.
    pub parents: &'static [&'static str],
    /// The default order: members of the entity, most significant first. Ties go by id in the first one's direction.
    pub order: &'static [OrderBy],
    /// The main members of an after-image; it may have any others.
    pub fields: &'static [Field],
}

/// One member of a default order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// The entity's member.
    pub member: &'static str,
    /// Highest first.
    pub descending: bool,
}

/// The event of that name (without prefix).
pub fn event(name: &str) -> Option<&'static EventName> {
    EVENTS.iter().find(|event| event.name == name)
}

/// The entity of that name.
pub fn entity(name: &str) -> Option<&'static EntityInfo> {
    ENTITIES.iter().find(|entity| entity.name == name)
}

/// Whether some entity hangs on another by an id of that name.
pub fn is_parent(name: &str) -> bool {
    ENTITIES.iter().any(|entity| entity.parents.contains(&name))
}

/// Whether the name is one of the events about the feed itself, whose subject is `control`.
pub fn is_control(name: &str) -> bool {
    matches!(name, HEARTBEAT | SNAPSHOT_STARTED | SNAPSHOT_COMPLETED | MANIFEST | MAINTENANCE_ANNOUNCED | RECOVERED)
}

#[cfg(test)]
mod tests;
