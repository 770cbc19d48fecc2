//! The words that the contract has for members of entities (section 3). A platform may send others.

/// `status` of a loan request.
pub const LOAN_STATUS: &[&str] = &[
    "DRAFT",
    "APPLICATION",
    "BID",
    "SANCTION",
    "PRE_DEED",
    "DEED",
    "POST_DEED",
    "CLOSED",
    "REJECTED",
    "WITHDRAWN",
    "EXPIRED",
    "CANCELLED",
];

/// `stage` of a loan request.
pub const LOAN_STAGE: &[&str] =
    &["Application", "Bidding", "Approval", "Pre-Closing", "Closing", "Post-Closing", "Completed"];

/// `status` of a bid request.
pub const BID_STATUS: &[&str] = &["OPEN", "QUOTED", "ACCEPTED", "DECLINED", "EXPIRED", "WITHDRAWN"];

/// `status` of a quote.
pub const QUOTE_STATUS: &[&str] =
    &["DRAFT", "PENDING_APPROVAL", "PUBLISHED", "ACCEPTED", "DECLINED", "EXPIRED", "WITHDRAWN", "SUPERSEDED"];

/// `type` of a task.
pub const TASK_TYPE: &[&str] = &["UPLOAD", "FORM"];

/// `status` of a task.
pub const TASK_STATUS: &[&str] =
    &["ASSIGNED", "IN_PROGRESS", "SUBMITTED", "COMPLETED", "REJECTED", "CANCELLED", "EXPIRED"];

/// `kind` of who has to do a task.
pub const ASSIGNEE_KIND: &[&str] = &["CLIENT", "LEGAL", "INTERNAL"];

/// `type` of an analysis.
pub const ANALYSIS_TYPE: &[&str] =
    &["AFFORDABILITY", "CREDIT", "COLLATERAL", "COMPLIANCE", "AUTOMATED_ASSESSMENT", "CUSTOM"];

/// `scope` of an analysis.
pub const ANALYSIS_SCOPE: &[&str] = &["LOAN_REQUEST", "PARTICIPANT"];

/// `status` of a view.
pub const VIEW_STATUS: &[&str] = &["completed", "processing", "failed"];

/// `status` of a worksheet.
pub const WORKSHEET_STATUS: &[&str] = &["DRAFT", "FINAL", "LOCKED"];
