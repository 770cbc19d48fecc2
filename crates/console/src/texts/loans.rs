//! What loan officers read.

use super::find;

/// Words of the platform. A word that is not in here is shown as it came.
const WORDS: &[(&str, &str)] = &[
    // States of loan requests.
    ("DRAFT", "Draft"),
    ("APPLICATION", "Application"),
    ("BID", "Bid"),
    ("SANCTION", "Sanction"),
    ("PRE_DEED", "Before the deed"),
    ("DEED", "Deed"),
    ("POST_DEED", "After the deed"),
    ("CLOSED", "Closed"),
    ("REJECTED", "Rejected"),
    ("WITHDRAWN", "Withdrawn"),
    ("EXPIRED", "Expired"),
    ("CANCELLED", "Cancelled"),
    ("DISBURSED", "Disbursed"),
    // Of bid requests and quotes.
    ("OPEN", "Open"),
    ("QUOTED", "Quoted"),
    ("ACCEPTED", "Accepted"),
    ("DECLINED", "Declined"),
    ("PENDING_APPROVAL", "Waits for approval"),
    ("PUBLISHED", "Published"),
    ("SUPERSEDED", "Superseded"),
    ("APPROVED", "Approved"),
    ("REFUSED", "Refused"),
    ("FIXED", "Fixed"),
    ("VARIABLE", "Variable"),
    ("MONTHLY", "Monthly"),
    ("DISBURSEMENT", "On disbursement"),
    ("BID_REQUEST_TO_BID_QUOTE", "Bid request to quote"),
    // Of tasks.
    ("ASSIGNED", "Assigned"),
    ("IN_PROGRESS", "In progress"),
    ("SUBMITTED", "Handed in"),
    ("COMPLETED", "Completed"),
    ("UPLOAD", "Files to hand in"),
    ("FORM", "Form"),
    ("CLIENT", "Client"),
    ("LEGAL", "Legal"),
    ("INTERNAL", "Internal"),
    ("ACTIVE", "Active"),
    ("AVAILABLE", "Here"),
    ("PENDING", "On their way"),
    ("FETCHING", "On their way"),
    ("FAILED", "Could not be fetched"),
    ("DAMAGED", "Damaged"),
    ("ERASED", "Erased"),
    // Of participants, property and collaterals.
    ("PRIMARY_APPLICANT", "First applicant"),
    ("CO_APPLICANT", "Further applicant"),
    ("GUARANTOR", "Guarantor"),
    ("NOTARY", "Notary"),
    ("ARCHITECT", "Architect"),
    ("VALUER", "Valuer"),
    ("PERSON", "Person"),
    ("COMPANY", "Company"),
    ("HYPOTHEC", "Hypothec"),
    ("PLEDGE", "Pledge"),
    ("LAND", "Land"),
    ("APARTMENT", "Apartment"),
    ("HOUSE", "House"),
    ("PURCHASE", "Purchase"),
    ("CONSTRUCTION", "Construction"),
    ("REFINANCE", "Refinance"),
    ("HOME_IMPROVEMENT", "Home improvement"),
    ("EQUITY_RELEASE", "Equity release"),
    ("OTHER", "Other"),
    ("CATEGORY_I", "Category I"),
    ("CATEGORY_II", "Category II"),
    ("bankLoanAgent", "loan agent"),
    ("bankApprover", "approver"),
    ("professional", "professional"),
];

/// Members of entities. One that is not in here is shown by its own name.
const MEMBERS: &[(&str, &str)] = &[
    ("id", "Identifier"),
    ("reference", "Reference"),
    ("status", "Status"),
    ("stage", "Stage"),
    ("previousStatus", "Status before"),
    ("statusChangedAt", "Status since"),
    ("version", "Version"),
    ("product", "Product"),
    ("purpose", "Purpose"),
    ("borrowerCategory", "Category of borrower"),
    ("currency", "Currency"),
    ("requestedAmount", "Amount asked for"),
    ("ownContribution", "Own contribution"),
    ("termMonths", "Term"),
    ("assignedAgent", "Looked after by"),
    ("team", "Team"),
    ("acceptedBidId", "Accepted quote"),
    ("createdAt", "Created"),
    ("submittedAt", "Handed in"),
    ("updatedAt", "Changed"),
    ("closedAt", "Closed"),
    ("closeReason", "Why it was closed"),
    ("deletedAt", "Deleted"),
    ("tags", "Tags"),
    ("promiseOfSaleDate", "Signed"),
    ("promiseOfSaleExpiryDate", "Expires"),
    ("requestedAt", "Asked for"),
    ("issuedAt", "Issued"),
    ("expiresAt", "Expires"),
    ("acceptedAt", "Accepted"),
    ("letterDocumentId", "Letter (document)"),
    ("scheduledAt", "To be signed"),
    ("notaryId", "Notary (participant)"),
    ("signedAt", "Signed"),
    ("displayName", "Name"),
    ("role", "Role"),
    ("kind", "Kind"),
    ("givenName", "Given name"),
    ("familyName", "Family name"),
    ("dateOfBirth", "Date of birth"),
    ("email", "E-mail"),
    ("phone", "Telephone"),
    ("taxNumber", "Tax number"),
    ("kycStatus", "Identification"),
    ("kycAt", "Identified"),
    ("joinedAt", "Joined"),
    ("employment", "Employment"),
    ("employer", "Employer"),
    ("occupation", "Occupation"),
    ("grossAnnualIncome", "Gross annual income"),
    ("type", "Type"),
    ("address", "Address"),
    ("purchasePrice", "Price"),
    ("valuations", "Valuations"),
    ("valuerId", "Valuer"),
    ("date", "Date"),
    ("value", "Value"),
    ("priority", "Rank"),
    ("releasedAt", "Given back"),
    ("completedBy", "Done by"),
    ("respondBy", "Bids until"),
    ("principalAmount", "Amount"),
    ("monthlyPayment", "First monthly payment"),
    ("frequency", "Paid"),
    ("ltv", "Loan to value"),
    ("dsti", "Debt service to income"),
    ("validUntil", "Valid until"),
    ("draftedAt", "Drafted"),
    ("daysInMonth", "Days of a month in its calculation"),
    ("daysInYear", "Days of a year in its calculation"),
    ("order", "Period"),
    ("months", "Length"),
    ("rate", "Rate"),
    ("baseRateCode", "Base rate"),
    ("margin", "Margin"),
    ("code", "Code"),
    ("timeType", "When"),
    ("amount", "Amount"),
    ("waived", "Waived"),
    ("layer", "Layer"),
    ("decision", "Decision"),
    ("approver", "By"),
    ("decidedAt", "Decided"),
    ("workflow", "Workflow"),
    ("assignee", "Who has to do it"),
    ("userId", "User"),
    ("participantId", "Participant"),
    ("assignedAt", "Assigned"),
    ("dueAt", "Due"),
    ("startedAt", "Begun"),
    ("completedAt", "Completed"),
    ("expiredAt", "Expired"),
    ("cancelledAt", "Cancelled"),
    ("visibleToClient", "Shown to the client"),
    ("sensitive", "Sensitive"),
    ("review", "Review"),
    ("by", "By"),
    ("at", "At"),
    ("note", "Note"),
    ("fileName", "File"),
    ("mediaType", "Media type"),
    ("sizeBytes", "Bytes"),
    ("uploadedAt", "Handed in"),
    ("sha256", "SHA-256"),
];

/// Why something is not shown: the word of the API, what it is called, and what that means.
const REFUSALS: &[(&str, &str, &str)] = &[
    (
        "not-found",
        "There is no such loan request",
        "It does not exist, or it is not one of those that you may see. A loan request that is new may not have arrived here yet.",
    ),
    (
        "not-yet",
        "It was not there yet",
        "At that point there was no such loan request, or it was not one of those that you may see. Choose a later point.",
    ),
    (
        "as-of-untold",
        "This replica does not know that far back",
        "What it knows of this loan request begins later, with a snapshot. Earlier points cannot be shown; that does not mean that nothing happened then. Choose a later point.",
    ),
    (
        "as-of-erased",
        "That point is not shown any more",
        "A person’s data was erased from this loan request since. What was there before is not shown again, to nobody. Choose a point after the erasure, or now.",
    ),
    (
        "position-ahead",
        "That point is still to come",
        "This replica cannot show what it does not know yet. Choose an earlier point; times are in UTC.",
    ),
    ("bad-point", "That is no point in time", "Give a time such as 2026-01-31T08:00:00Z, in UTC."),
    (
        "loan-purged",
        "This loan request was erased for good",
        "The platform asked that everything about it be erased, and this replica did. No earlier point of it can be shown either.",
    ),
];

catalogue! {
    /// The texts of the pages of loans.
    Loans {
        /// Words of the platform.
        words: &'static [(&'static str, &'static str)] = WORDS,
        /// Members of entities.
        member_names: &'static [(&'static str, &'static str)] = MEMBERS,
        /// Why something is not shown.
        refusals: &'static [(&'static str, &'static str, &'static str)] = REFUSALS,
    }

    // A loan request.
    overview: "Overview";
    parts: "Parts of this loan";
    the_loan: "The loan request";
    promise_of_sale: "Promise of sale";
    sanction: "Sanction letter";
    deed: "Deed";
    participant: "Participant";
    property: "Property";
    valuation: "Valuation";
    collateral: "Collateral";
    was_deleted: "The platform deleted this loan request on";
    was_deleted_text: "Lists leave it out; it is kept for the record.";
    to_list: "Go to the list of loan requests";

    // Values.
    yes: "yes";
    no: "no";
    none: "none";
    months: "{} months";
    percent: "{} %";
    with_more: "{} ({})";
    one_entry: "1 entry";
    entries: "{} entries";
    value: "Value";

    // The checklist.
    checklist: "Checklist";
    no_checklist: "The platform sent no checklist for this loan request.";
    items_done: "{} of {} are done.";
    items_missing: "{} that a stage cannot end without are missing.";
    none_missing: "Nothing is missing that a stage cannot end without.";
    no_stage: "Of no stage";
    stage_now: "Present stage";
    optional: "optional";
    done: "Done";
    missing: "Missing";
    open: "Open";

    // Bids.
    bids: "Bids and quotes";
    no_bids: "No bids were asked for.";
    bid_request: "Bid request {}";
    no_quotes: "There is no quote yet.";
    quote: "Quote, revision {}";
    periods: "Periods";
    charges: "Charges";
    approvals: "Approvals";

    // Tasks.
    tasks: "Tasks and forms";
    no_tasks: "There are no tasks.";
    open_tasks: "To be done";
    ended_tasks: "Done or called off";
    all_tasks: "All tasks of this loan request";
    sensitive: "Sensitive";
    one_file: "1 file";
    files: "{} files";
    sensitive_text: "This task is marked as sensitive. If you open it, this read is recorded in your name and shows in the audit log of the loan request: by itself and before you see it where there is a form or a file in it, else in the count of reads.";
    read_recorded: "Open it; record that I read it";
    do_not_read: "Do not open it";
    was_recorded: "This read was recorded in your name.";
    form: "Form";
    form_schema: "The form as the platform describes it (JSON Schema)";
    form_data: "What was filled in (JSON)";
    as_it_came: "As it came";
    schema_unknown: "The form says more than these pages understand:";
    more_rules: "More rules";
    not_filled_in: "not filled in";
    required_missing: "not filled in, though it has to be";
    handed_in: "Files handed in";
    bytes_here: "Bytes";
    file_column: "File";

    // History.
    changes: "History";
    compare: "What changed between two points";
    points_closed: "The points of the history stand in the audit log, which your account may not read. You can give times of your own.";
    slider: "Move through the history";
    from_point: "From";
    to_point: "To";
    now_option: "Now";
    now: "now";
    own_times: "Times of your own (UTC)";
    from_time: "From (UTC)";
    to_time: "To (UTC); empty means now";
    show_changes: "Show what changed";
    between: "From {} to {}";
    loan_then: "The loan request at the first point";
    loan_after: "The loan request at the second point";
    no_differences: "Nothing differs between these points. Compared: {}.";
    last_messages: "Of each channel the last 500 messages are compared, and the first 40 channels.";
    member_column: "What";
    old_column: "Before";
    new_column: "Afterwards";
    was_not_there: "was not there";
    is_not_there: "is not there";
    more_differences: "More differences than are shown here:";
    points: "Points of the history, newest first";
    then: "As it was then";
    since: "What changed since";
    older_points: "There are older points. Give a time of your own to see them.";
    at_position: "log position {}";
    as_of_field: "As of an earlier time (UTC)";
    show: "Show";
    changed_since: "What changed since then";

    // The list.
    search: "Search";
    search_hint: "The beginnings of words of the reference or of names, in any order.";
    find: "Search";
    filters: "Filters and order";
    clear: "Clear all";
    reference: "Reference";
    people: "Participants";
    status: "Status";
    stage: "Stage";
    product: "Product";
    amount: "Amount";
    looked_after: "Looked after by";
    updated: "Changed";
    team: "Team";
    agent_id: "Agent (identifier)";
    product_code: "Product (code)";
    currency: "Currency";
    references: "Reference (whole)";
    amount_min: "Amount from";
    amount_max: "Amount to";
    created_from: "Created from";
    created_to: "Created to";
    updated_since: "Changed from";
    updated_before: "Changed before";
    open_tasks_filter: "Tasks";
    any: "with or without open tasks";
    with_open_tasks: "with open tasks";
    without_open_tasks: "without open tasks";
    sort_by: "Order by";
    by_position: "Newest event of any kind";
    sort_order: "Direction";
    ascending: "ascending";
    descending: "descending";
    bad_text: "Choose or write something else here";
    bad_words: "Write one to eight words, 200 characters together at most";
    bad_amount: "Write a decimal number such as 250000.50";
    bad_time: "Give a date such as 2026-01-31, or a time such as 2026-01-31T08:00:00Z";
    bad_cursor: "This page of the list cannot be shown any more. Search again.";
    at_least: "At least {} loan requests";
    one_found: "{} loan request";
    many_found: "{} loan requests";
    none_so_far: "None so far";
    none_so_far_text: "Those that were looked at for this page do not match. Go on with the next page.";
    none_match: "Nothing matches";
    none_match_text: "Take a filter away, or write less of a word. Loan requests of teams that you may not see are not searched.";
    nothing_here: "Nothing here yet";
    nothing_here_text: "This replica has no loan request that you may see. If that surprises you, ask an operator.";
    still_catching_up: "Still catching up";
    still_catching_up_text: "This replica has not read everything yet that the platform has. Look again in a few minutes.";
    first_page: "First page";
    next_page: "Next page";
    more_pages: "More loan requests";
}

impl Loans {
    /// A word of the platform in words of ours; the word itself where there are none.
    pub(crate) fn word<'a>(&self, name: &'a str) -> &'a str {
        find(self.words, name).unwrap_or(name)
    }

    /// The name of a member in words; the name itself where there are none.
    pub(crate) fn member<'a>(&self, name: &'a str) -> &'a str {
        find(self.member_names, name).unwrap_or(name)
    }

    /// Why something is not shown, by the word of the API: what that is called, and what it means.
    pub(crate) fn refusal(&self, code: &str) -> Option<(&'static str, &'static str)> {
        self.refusals.iter().find(|(known, ..)| *known == code).map(|(_, title, text)| (*title, *text))
    }

    /// What happened, by its name in the audit log.
    pub(crate) fn action(&self, name: &str) -> String {
        let words = self.word(name).replace('_', " ").to_lowercase();
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }
}
