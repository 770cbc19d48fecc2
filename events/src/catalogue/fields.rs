//! The main members of each entity: what a producer sends, and which of them clients may rely on.
//!
//! They describe and document. The replica itself never type-checks a member of an after-image.

use super::words;

/// One member of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Clients may rely on it in every after-image.
    pub required: bool,
}

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text, identifiers included.
    Text,
    /// An RFC 3339 time.
    Time,
    /// An integer.
    Integer,
    /// True or false.
    Boolean,
    /// An amount as a decimal string.
    Money,
    /// An ISO 4217 code.
    Currency,
    /// A SHA-256, lower-case hexadecimal.
    Digest,
    /// One of these words; more may come.
    Words(&'static [&'static str]),
    /// An object.
    Object,
    /// An array.
    Array,
    /// A reference to bytes.
    Blob,
    /// Anything.
    Any,
}

const fn must(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, required: true }
}

const fn may(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, required: false }
}

use FieldKind::{Any, Array, Blob, Boolean, Currency, Digest, Integer, Money, Object, Text, Time, Words};

pub(super) const LOAN_REQUEST: &[Field] = &[
    must("id", Text),
    must("reference", Text),
    must("status", Words(words::LOAN_STATUS)),
    must("stage", Words(words::LOAN_STAGE)),
    must("currency", Currency),
    must("requestedAmount", Money),
    must("createdAt", Time),
    must("updatedAt", Time),
    must("version", Integer),
    may("product", Object),
    may("purpose", Text),
    may("termMonths", Integer),
    may("ownContribution", Money),
    may("property", Object),
    may("collaterals", Array),
    may("participants", Array),
    may("assignedAgent", Any),
    may("team", Any),
    may("checklist", Array),
    may("acceptedBidId", Text),
    may("sanction", Object),
    may("deed", Object),
    may("statusChangedAt", Time),
    may("submittedAt", Time),
    may("closedAt", Time),
    may("closeReason", Text),
    may("tags", Array),
    may("deletedAt", Time),
];

pub(super) const BID_REQUEST: &[Field] = &[
    must("id", Text),
    must("loanRequestId", Text),
    must("status", Words(words::BID_STATUS)),
    must("requestedAt", Time),
    may("requestedAmount", Money),
    may("currency", Currency),
    may("termMonths", Integer),
    may("respondBy", Time),
    may("version", Integer),
];

pub(super) const BID_QUOTE: &[Field] = &[
    must("id", Text),
    must("revision", Integer),
    must("status", Words(words::QUOTE_STATUS)),
    must("principalAmount", Money),
    must("currency", Currency),
    must("termMonths", Integer),
    may("periods", Array),
    may("charges", Array),
    may("monthlyPayment", Money),
    may("ltv", Any),
    may("dsti", Any),
    may("validUntil", Any),
    may("approvals", Array),
    may("version", Integer),
];

pub(super) const TASK: &[Field] = &[
    must("id", Text),
    must("type", Words(words::TASK_TYPE)),
    must("title", Text),
    must("status", Words(words::TASK_STATUS)),
    must("assignedAt", Time),
    may("assignee", Object),
    may("dueAt", Time),
    may("startedAt", Time),
    may("completedAt", Time),
    may("visibleToClient", Boolean),
    must("sensitive", Boolean),
    may("formSchema", Object),
    may("formData", Object),
    may("review", Object),
    may("version", Integer),
];

pub(super) const TASK_ITEM: &[Field] = &[
    must("id", Text),
    must("kind", Text),
    must("fileName", Text),
    must("mediaType", Text),
    must("sizeBytes", Integer),
    must("sha256", Digest),
    must("uploadedAt", Time),
    may("blob", Blob),
    may("version", Integer),
];

pub(super) const ANALYSIS: &[Field] = &[
    must("id", Text),
    must("type", Words(words::ANALYSIS_TYPE)),
    must("scope", Words(words::ANALYSIS_SCOPE)),
    must("status", Text),
    must("runAt", Time),
    may("participantId", Text),
    may("formula", Any),
    may("inputs", Array),
    may("result", Object),
    may("thresholds", Array),
    may("outcome", Text),
    may("version", Integer),
];

pub(super) const SPACE: &[Field] = &[
    must("id", Text),
    must("name", Text),
    must("kind", Text),
    may("order", Integer),
    may("parentId", Text),
    may("version", Integer),
];

pub(super) const DOCUMENT: &[Field] = &[
    must("id", Text),
    must("name", Text),
    must("category", Text),
    must("status", Text),
    must("fileName", Text),
    must("mediaType", Text),
    must("sizeBytes", Integer),
    must("sha256", Digest),
    must("uploadedAt", Time),
    must("version", Integer),
    may("spaceId", Text),
    may("source", Text),
    may("versions", Array),
    may("sensitive", Boolean),
    may("uploadedBy", Any),
    may("signatures", Array),
    may("blob", Blob),
];

pub(super) const GUILD: &[Field] =
    &[must("id", Text), must("name", Text), must("createdAt", Time), may("members", Array), may("version", Integer)];

pub(super) const CHANNEL: &[Field] = &[
    must("id", Text),
    must("name", Text),
    must("kind", Words(&["GENERAL", "DIRECT", "LEGAL", "ARCHITECT", "CUSTOM"])),
    must("createdAt", Time),
    may("version", Integer),
];

pub(super) const MESSAGE: &[Field] = &[
    must("id", Text),
    must("seq", Integer),
    must("author", Any),
    must("body", Object),
    must("postedAt", Time),
    may("editedAt", Time),
    may("revision", Integer),
    may("attachments", Array),
    may("replyToId", Text),
    may("deletedAt", Time),
    may("deletedBy", Any),
    may("version", Integer),
];

pub(super) const COMMENT: &[Field] = &[
    must("id", Text),
    must("target", Object),
    must("author", Any),
    must("text", Text),
    must("createdAt", Time),
    may("parentId", Text),
    may("visibility", Text),
    may("resolvedAt", Time),
    may("editedAt", Time),
    may("version", Integer),
];

pub(super) const VIEW: &[Field] = &[
    must("id", Text),
    must("order", Integer),
    must("definition", Object),
    must("status", Words(words::VIEW_STATUS)),
    must("generatedAt", Time),
    may("sections", Array),
    may("error", Any),
    may("version", Integer),
];

pub(super) const WORKSHEET: &[Field] = &[
    must("id", Text),
    must("name", Text),
    must("status", Words(words::WORKSHEET_STATUS)),
    must("createdAt", Time),
    must("updatedAt", Time),
    must("version", Integer),
    may("sheets", Array),
    may("summary", Any),
];

pub(super) const AUDIT_ENTRY: &[Field] = &[
    must("id", Text),
    must("occurredAt", Time),
    must("action", Text),
    must("actor", Object),
    must("target", Object),
    may("changes", Array),
    may("reason", Text),
    may("origin", Words(&["CLOUD", "REPLICA"])),
    may("sequence", Any),
];
