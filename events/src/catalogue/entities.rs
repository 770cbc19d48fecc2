//! The fifteen entities, what they hang on and how they are listed.

use super::{EntityInfo, Field, OrderBy, fields};

const fn up(member: &'static str) -> OrderBy {
    OrderBy { member, descending: false }
}

const fn down(member: &'static str) -> OrderBy {
    OrderBy { member, descending: true }
}

const fn entity(
    name: &'static str,
    parents: &'static [&'static str],
    order: &'static [OrderBy],
    fields: &'static [Field],
) -> EntityInfo {
    EntityInfo { name, parents, order, fields }
}

/// Every entity, in the order of the contract.
pub const ENTITIES: &[EntityInfo] = &[
    entity("loanRequest", &[], &[down("createdAt")], fields::LOAN_REQUEST),
    entity("bidRequest", &[], &[down("requestedAt")], fields::BID_REQUEST),
    entity("bidQuote", &["bidRequestId"], &[up("revision")], fields::BID_QUOTE),
    entity("task", &[], &[up("assignedAt")], fields::TASK),
    entity("taskItem", &["taskId"], &[up("uploadedAt")], fields::TASK_ITEM),
    entity("analysis", &[], &[down("runAt")], fields::ANALYSIS),
    entity("space", &[], &[up("order"), up("name")], fields::SPACE),
    entity("document", &["spaceId"], &[down("uploadedAt")], fields::DOCUMENT),
    entity("guild", &[], &[up("createdAt")], fields::GUILD),
    entity("channel", &["guildId"], &[up("createdAt")], fields::CHANNEL),
    entity("message", &["guildId", "channelId"], &[up("seq")], fields::MESSAGE),
    entity("comment", &[], &[up("createdAt")], fields::COMMENT),
    entity("view", &[], &[up("order")], fields::VIEW),
    entity("worksheet", &[], &[down("updatedAt")], fields::WORKSHEET),
    entity("auditEntry", &[], &[down("occurredAt"), down("sequence")], fields::AUDIT_ENTRY),
];
