//! The fifteen entities, what they hang on and how they are listed.

use super::{EntityInfo, OrderBy};

const fn up(member: &'static str) -> OrderBy {
    OrderBy { member, descending: false }
}

const fn down(member: &'static str) -> OrderBy {
    OrderBy { member, descending: true }
}

const fn entity(name: &'static str, parents: &'static [&'static str], order: &'static [OrderBy]) -> EntityInfo {
    EntityInfo { name, parents, order }
}

/// Every entity, in the order of the contract.
pub const ENTITIES: &[EntityInfo] = &[
    entity("loanRequest", &[], &[down("createdAt")]),
    entity("bidRequest", &[], &[down("requestedAt")]),
    entity("bidQuote", &["bidRequestId"], &[up("revision")]),
    entity("task", &[], &[up("assignedAt")]),
    entity("taskItem", &["taskId"], &[up("uploadedAt")]),
    entity("analysis", &[], &[down("runAt")]),
    entity("space", &[], &[up("order"), up("name")]),
    entity("document", &["spaceId"], &[down("uploadedAt")]),
    entity("guild", &[], &[up("createdAt")]),
    entity("channel", &["guildId"], &[up("createdAt")]),
    entity("message", &["guildId", "channelId"], &[up("seq")]),
    entity("comment", &[], &[up("createdAt")]),
    entity("view", &[], &[up("order")]),
    entity("worksheet", &[], &[down("updatedAt")]),
    entity("auditEntry", &[], &[down("occurredAt"), down("sequence")]),
];
