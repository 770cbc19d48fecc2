//! What loan officers read of the parts of a loan: documents, messages, comments, views, worksheets, analyses, timeline.

use super::find;

/// What the states of bytes mean, and what to do.
const STATES: [(&str, &str); 5] = [
    ("AVAILABLE", "Here and checked."),
    (
        "PENDING",
        "Still on its way to this replica. It is fetched as soon as its store can be reached; try again later.",
    ),
    ("FAILED", "Could not be fetched. It is tried again by itself; if you need it, tell an operator."),
    ("DAMAGED", "What arrived is not what the platform says it is, so it is not given out. Tell an operator."),
    ("ERASED", "Erased for good by the platform. It cannot be had any more."),
];

/// The same in a word or two.
const STATE_NAMES: [(&str, &str); 5] = [
    ("AVAILABLE", "Here"),
    ("PENDING", "On its way"),
    ("FAILED", "Not fetched"),
    ("DAMAGED", "Damaged"),
    ("ERASED", "Erased"),
];

impl Parts {
    /// What the state of bytes means.
    pub(crate) fn state(&self, name: &str) -> &'static str {
        find(self.states, name).unwrap_or(self.state_unknown)
    }

    /// The state of bytes in a word or two.
    pub(crate) fn state_name(&self, name: &str) -> &'static str {
        find(self.state_names, name).unwrap_or(self.state_name_unknown)
    }
}

catalogue! {
    /// The texts of the parts of a loan.
    Parts {
        /// What the states of bytes mean.
        states: &'static [(&'static str, &'static str)] = &STATES,
        /// The same in a word or two.
        state_names: &'static [(&'static str, &'static str)] = &STATE_NAMES,
        /// Those of the dossier.
        of_dossier: &'static super::dossier::Dossier = &super::dossier::ENGLISH,
    }

    // Tabs.
    documents: "Documents";
    messages: "Messages";
    comments: "Comments";
    views: "Views";
    worksheets: "Worksheets";
    analysis: "Analysis";
    timeline: "Timeline";
    dossier: "Dossier";

    // Lists.
    any: "Any";
    filter: "Filter";
    filter_list: "Filter the list";
    all: "Show all";
    more: "More of this list";
    first: "Back to the first page";
    next: "Next page";
    older: "Older";
    newer: "Newer";
    in_all: "in all";
    nothing_found: "Nothing matches what you filter by.";
    status: "Status";
    kind: "Type";
    name: "Name";
    none: "–";
    version: "Version";
    of_version: "version";

    // Documents.
    no_documents: "This loan has no documents, as far as this replica knows.";
    spaces: "Spaces";
    all_spaces: "All documents";
    category: "Category";
    bytes: "File here";
    state_unknown: "The platform has sent no file for it, or its state is not known.";
    state_name_unknown: "No file";
    by: "by";
    sha256: "SHA-256";
    signatures: "Signatures";
    not_signed: "None";
    versions: "Versions";
    download: "Download";
    preview: "Preview";
    sensitive: "Sensitive";
    sensitive_text: "Sensitive: a preview or download of it is recorded in your name.";
    reads_are_counted: "What you read here is counted in the loan's audit log.";
    erased_at: "File erased";
    comments_on_it: "Comments on it";
    about_file: "More about the file";
    download_version: "Download version {}";
    preview_of: "Preview of {}";
    preview_text: "Shown as it was uploaded, by somebody outside this bank perhaps. It can run nothing, but follow no instructions in it that you would not follow in a letter.";
    preview_recorded: "This read is recorded in your name.";
    preview_none: "This type of file is not shown here. Download it and open it with a program that you trust.";
    preview_nothing: "If nothing appears, the browser shows no files of this type. Download it instead.";
    back_to_documents: "Back to the documents";

    // Guilds.
    no_guilds: "Nobody talked about this loan, as far as you may see.";
    guild_members: "Members";
    archived: "Archived";
    created: "Created";
    channels: "Channels";
    no_channels: "There are no channels here that you may read.";
    no_messages: "There are no messages in this channel.";
    no_more_messages: "There are no messages beyond these.";
    back_to_guilds: "Back to the channels";
    edited: "edited";
    deleted_by: "Deleted by {}";
    deleted: "Deleted";
    reply_to: "In reply to";
    another_message: "a message that is not on this page";
    attachments: "Attachments";
    attachments_text: "Files of messages are named here, but not kept by this replica unless they are documents too.";
    unnamed: "without a name";
    nobody: "Unknown";

    // Comments.
    no_comments: "There are no comments on this loan that you may see.";
    about: "About";
    about_type: "About what sort of thing";
    about_id: "About which (its id)";
    resolved: "Resolved";
    unresolved: "Not resolved";
    visibility: "Visible to";
    reply: "A reply";

    // Views.
    no_views: "The platform made no views of this loan, as far as this replica knows.";
    generated: "Made";
    definition: "Definition";
    view_error: "It could not be made:";
    no_sections: "It has no content.";
    source: "From";

    // Worksheets.
    no_worksheets: "This loan has no worksheets, as far as this replica knows.";
    updated: "Changed";
    summary: "Summary";
    sheets: "Sheets";
    no_sheets: "It has no sheets.";
    no_cells: "This sheet is empty.";
    back_to_worksheets: "Back to the worksheets";
    left_out: "{} of {} cells are shown, the first ones. The CSV file has all of them.";
    csv: "CSV of the whole sheet";
    csv_text: "In the file, text that a spreadsheet would take for a formula is led by an apostrophe.";
    other_cells: "Cells whose place cannot be read";
    other_cells_hint: "They belong to no row and column, so they are listed.";
    grid: "Cells of {}";
    formula: "Formula";

    // Analysis.
    no_analyses: "No analysis was made for this loan, as far as this replica knows.";
    scope: "Scope";
    participant: "Participant";
    run_at: "Run";
    inputs: "Inputs";
    result: "Result";
    thresholds: "Thresholds";
    outcome: "Outcome";
    overridden: "Overridden by {}";
    overridden_text: "Somebody judged it otherwise than it was calculated.";
    not_calculated_here: "Calculated by the platform; nothing is calculated anew here.";
    error: "It could not be run";

    // Timeline.
    no_entries: "Nothing is recorded of this loan, as far as this replica knows.";
    when: "When";
    who: "Who";
    what: "What";
    origin: "Recorded by";
    origin_cloud: "Platform";
    origin_replica: "This replica";
    from: "Was";
    to: "Is";
    reason: "Reason";
    times: "{} times until {}";
    action: "Action, as the platform writes it (DOCUMENT_UPLOADED)";
    actor: "Who (the id)";
    target: "To what (DOCUMENT, TASK …)";
    since: "From (2026-01-31)";
    until: "To (2026-01-31)";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_words_and_what_is_unknown_too() {
        for (name, _) in STATES {
            assert!(
                ENGLISH.state(name) != ENGLISH.state_unknown && ENGLISH.state_name(name) != ENGLISH.state_name_unknown
            );
        }
        assert_eq!(ENGLISH.state("NEW"), ENGLISH.state_unknown);
    }
}
