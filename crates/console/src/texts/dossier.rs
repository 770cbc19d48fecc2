//! What stands on the page of a dossier, and in it.

catalogue! {
    /// The texts of dossiers.
    Dossier {}

    // The page.
    title: "Dossier";
    lead: "One file with everything that you may read of this loan, for a branch that has no network: a summary to read and to print, all data, the documents, the audit log, and a list of hashes.";
    point: "Point";
    point_now: "Now: one log position for all of it";
    documents: "Documents";
    attachments: "Attachments of tasks";
    and_size: "{} files, {} in all";
    sensitive: "Sensitive documents and tasks";
    left_out: "Left out: your account may not read it";
    recorded: "Making it reads all of this in your name: every part is counted in the loan's audit log, and each sensitive document and form is recorded by itself.";
    with_sensitive: "With sensitive documents and forms";
    care: "The file is not encrypted. Keep it as you would keep the papers of this loan, and delete it when it is needed no more.";
    whole: "A download that breaks off is not whole, and no program opens it as if it were: make it again.";
    make: "Make and download";
    too_large: "The files of this loan have {} together, more than the {} that one dossier may have. Download the documents that you need one by one.";

    // Parts that may be left out.
    part_bids: "Bids and quotes";
    part_tasks: "Tasks";
    part_forms: "Forms and attachments of tasks";
    part_analysis: "Analyses";
    part_documents: "Documents";
    part_messages: "Messages";
    other_channels: "Messages in channels of other kinds";
    part_comments: "Comments";
    part_views: "Views";
    part_worksheets: "Worksheets";
    part_audit: "Audit log";
    no_right: "{} (your account may not read it)";
    not_asked: "{} (sensitive, and not asked for)";

    // In it.
    of_loan: "Dossier of loan request {}";
    made_by: "Made by {} on {}";
    as_of: "Data as of {}, log position {}.";
    nothing_yet: "nothing yet";
    earlier: "As of an earlier point: {}.";
    complete: "Complete: everything that belongs to the loan and that its maker may read was here.";
    incomplete: "NOT KNOWN TO BE COMPLETE: events or files of this loan were missing when it was made. Do not decide by it without asking.";
    missing_files: "Files that are missing";
    not_in_it: "Left out";
    nothing_missing: "None.";
    on_paper: "This is a copy. It does not change when the loan changes.";
    loan: "Loan request";
    checklist: "Checklist";
    done: "done";
    open: "open";
    required: "required";
    bids: "Bids and quotes";
    tasks: "Tasks";
    due: "due";
    form: "Form";
    messages: "Messages";
    only_last: "The last {} messages. The folder data has all of them.";
    only_first: "The first {}. The folder data has all of them.";
    comments: "Comments";
    analysis: "Analyses";
    files: "Files";
    file_missing: "Missing:";
    none: "None.";

    // README.txt
    contents: "index.html    the summary: opens in every browser, without network\ndata/         everything as this replica answered it, to the byte (JSON)\ndocuments/    the present versions of documents, checked against their SHA-256\nattachments/  files that were handed in for tasks\naudit.json    what happened to the loan, and who read it\nSHA256SUMS    the hashes of all files";
    how_to_check: "To check that nothing was changed or lost: sha256sum -c SHA256SUMS\non Windows, for one file: certutil -hashfile FILE SHA256\nThe hashes show damage, not forgery: who changes a file can change the list as well.";
    versions_named: "Of documents with several versions, only the last one as of this point is here; data/documents.json names the others, with their hashes where they are known.";
    versions_unnamed: "Of documents with several versions, only the last one as of this point is here. The others are not named either: that comes only with sensitive documents, which were not asked for.";
    contents_title: "What is in it";
    check_title: "How to check it";
}
