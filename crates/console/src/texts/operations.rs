//! What operators read.

use super::find;

/// How the source is.
const STATES: [(&str, &str); 9] = [
    ("starting", "The replica has just started and has not heard from the source yet"),
    ("live", "The source is followed live"),
    ("catching-up", "The replica is catching up with the source"),
    ("stale", "The source is silent"),
    ("disconnected", "The source cannot be reached"),
    ("diverged", "The source is not the one that was followed"),
    ("paused", "Nothing is read from the source"),
    ("not-running", "Nothing follows the source"),
    ("", "It is not known how the source is"),
];

/// What an order did.
const DONE: [(&str, &str); 14] = [
    ("paused", "The source is paused."),
    ("resumed", "The source is read again."),
    ("syncing", "The source is read now, until its end was reached once."),
    ("accepted", "The source is taken as it is, and read from its beginning. What is known is recognised."),
    ("taken", "The event is taken in."),
    ("known", "The event was here already. It waits no more."),
    ("dismissed", "The event waits no more. Its bytes stay in the log."),
    ("rolled-back", "The build that was kept is served now, and the other one is kept."),
    ("discarded", "The build that was kept is removed."),
    ("fetching", "The file is fetched again."),
    ("hashing", "The file is hashed again. If it is damaged, it stands among those in trouble in a moment."),
    ("enabled", "Messages are sent to the subscription again."),
    ("replayed", "They are sent once more, behind what waits."),
    ("nothing", "There was nothing to send."),
];

/// Whether everything of a manifest is here.
const RESULTS: [(&str, &str); 4] = [
    ("complete", "Everything is here"),
    ("incomplete", "Something is missing"),
    ("different", "The counts differ, but no event is known to be missing"),
    ("unknown", "No manifest was evaluated yet"),
];

/// What became of an event that could not be accepted.
const QUARANTINE: [(&str, &str); 3] = [("open", "waits"), ("dismissed", "dismissed"), ("taken", "taken in")];

/// Why an event could not be accepted.
const REJECTIONS: [(&str, &str); 15] = [
    ("not-json", "It is not JSON"),
    ("lone-surrogate", "It holds half of a character"),
    ("duplicate-member", "It names a member twice"),
    ("too-deep", "It is nested too deeply"),
    ("too-large", "It is too large"),
    ("not-cloudevents", "It is no CloudEvent"),
    ("missing-attribute", "It lacks an attribute"),
    ("bad-attribute", "One of its attributes is no good"),
    ("bad-sequence", "Its sequence is no good"),
    ("bad-time", "Its time is no good"),
    ("bad-subject", "Its subject does not fit its type"),
    ("bad-data", "Its data are no good"),
    ("fork", "Another event has its place already"),
    ("foreign-source", "Its loan belongs to another source"),
    ("after-purge", "Its loan was purged before"),
];

/// How a subscription is.
const SUBSCRIPTIONS: [(&str, &str); 4] = [
    ("waiting", "waits until the replica has everything"),
    ("active", "active"),
    ("retrying", "a message does not arrive"),
    ("disabled", "ended by its receiver"),
];

catalogue! {
    /// The texts of the pages of operations.
    Operations {
        /// How the source is.
        states: &'static [(&'static str, &'static str)] = &STATES,
        /// What an order did.
        done_words: &'static [(&'static str, &'static str)] = &DONE,
        /// Whether everything of a manifest is here.
        results_words: &'static [(&'static str, &'static str)] = &RESULTS,
        /// What became of a quarantined event.
        quarantine_words: &'static [(&'static str, &'static str)] = &QUARANTINE,
        /// Why an event could not be accepted.
        rejections: &'static [(&'static str, &'static str)] = &REJECTIONS,
        /// How a subscription is.
        subscription_words: &'static [(&'static str, &'static str)] = &SUBSCRIPTIONS,
    }

    // Everywhere.
    parts: "Parts of the replica";
    what_to_do: "What you can do";
    back: "Back";
    more: "More";
    yes: "Yes";
    not_yet: "Not yet";
    not_known: "Not known";
    seconds: "{} s";
    good: "good";
    look: "look at it";
    reason: "Reason";
    reason_hint: "It stands on record, with your name.";
    reason_missing: "Say why, in at most 500 characters: it stands on record";
    not_typed: "Type it as it stands above";
    under_way: "{} has begun this already ({}). Wait until it is done.";
    is_under_way: "under way";
    of: "of";
    begun: "Begun";
    begun_by: "begun by";
    ended: "Done";
    looks_again: "This page looks again by itself.";
    log_position: "Log position";
    state_column: "State";
    name: "Name";
    why: "Why";
    loan: "Loan request";
    bytes: "Bytes";

    // The source.
    source: "Source";
    way_out: "What to do:";
    since: "Since";
    until: "Until";
    paused_by: "Paused by";
    lag: "Behind";
    head: "End of the source";
    head_seen: "Seen";
    behind: "Not read yet";
    proof: "Last sign of life";
    bootstrap_left: "First export takes";
    schedule: "Schedule";
    next_opening: "Read next";
    synchronised: "Everything was here once";
    diverged: "It is not what it was.";
    read_to: "Read to";
    pause: "Pause";
    pause_text: "Nothing is read from the source until somebody resumes it, over restarts too. What is here is served on, and grows old.";
    resume: "Resume";
    resume_text: "The source is read again, from where reading stopped.";
    sync: "Read now";
    sync_text: "Whatever the schedule says, until the source’s end was reached once.";
    accept: "Accept the source as it is";
    accept_text: "The source has become another one, such as after it was restored from a backup. It is then read from its beginning, and what is known is recognised. Nothing is lost; whether its new content is right, only the platform knows. This cannot be undone.";
    not_diverged: "The source is the one that is followed: there is nothing to accept.";
    type_to_accept: "Type {} to confirm";
    accept_word: "ACCEPT";

    // Completeness.
    completeness: "Completeness";
    loans_incomplete: "Loan requests that lack something";
    loans_purged: "Purged loan requests";
    manifests_waiting: "Manifests that wait to be evaluated";
    results_kept: "Results kept";
    evaluate: "Evaluate again";
    evaluate_text: "The newest manifest is compared once more with all that has come since.";
    evaluation: "Evaluation of the newest manifest";
    results: "Manifests, the newest first";
    figures: "Listed: {} loan requests, {} events. Missing: {} loan requests, {} events. Not listed: {}. Further here than listed: {}.";
    manifest_of: "as of";
    evaluated: "evaluated";
    missing_then: "What was missing then";
    missing_now: "What is missing now";
    missing_sequences: "Missing events, by sequence";
    parked_column: "Parked";
    parked_at: "from event {} on";
    purged: "Purged loan requests";
    last_sequence: "last event";

    // Read models.
    read_models: "Read models";
    read_models_lead: "Each is folded from the log, and can be folded again at any time.";
    version: "Version";
    rows: "Rows";
    digest: "Digest";
    serving: "serves";
    is_rebuilt: "is rebuilt";
    rebuild: "Rebuild";
    rebuild_of: "Rebuild of {}";
    rebuilt_same: "It serves again, at log position {} with {} rows. It is the same as before: digest {}.";
    rebuilt_anew: "It serves again, at log position {} with {} rows. There was nothing to compare it with: digest {}.";
    rebuilt_other: "It serves again, at log position {} with {} rows, and differs from what was served before, which was kept then: its digest was {}. Find out which of the two is right, and tell whoever looks after this program.";
    about_rebuilds: "What a rebuild does";
    rebuild_text: "While it is rebuilt, the pages and the API answer that they have to be asked again later where they need it. The new build is served by itself, once it has caught up. One can be rebuilt at a time.";
    back_text: "Where the rows are the same as before, there is nothing to go back to, and the old build is removed. Where they differ, it is kept beside the new one and told every change, and you can serve it again at once. One such build is kept, the last that was served: a further rebuild that differs from both lets go of the older one. After a change of version, start the former version of the program; it rebuilds what it needs.";
    two_builds: "A rebuild ended in other rows; two builds are kept.";
    choose_build: "Choose a build";
    builds_of: "Two builds of {}";
    build_of: "Build of {}";
    build: "Build";
    builds_text: "A rebuild ended in other rows than those that were served, so one of the two is wrong. Both are at the same place in the log, and both are told every change, also after a restart. The later build has the higher number.";
    builds_hint: "The log is the truth. A loan as of a point of its history is folded from the log by this program, whichever build is served: compare that with the loan as it is shown now. Where this program itself is at fault, both are wrong.";
    one_build: "There is one build of it, and nothing to choose.";
    is_kept: "kept";
    roll_back: "Serve the kept build";
    roll_back_text: "At once, for the console and the API. Programs that keep copies are not told, as no event stands behind it. The build that is served now is kept, so that this can be undone.";
    discard: "Remove the kept build";
    discard_text: "For good: do so when you know that the one that is served is right. To remove that one, serve the other first.";
    type_the_name: "Type its name to confirm: {}";

    // Quarantine.
    quarantine: "Quarantine";
    quarantine_title: "Events that could not be accepted";
    quarantine_lead: "They are in the log with their bytes, and no read model has them. Nothing is ever taken out.";
    nothing_quarantined: "There is none here.";
    waiting: "Waiting";
    arrived: "Arrived";
    event: "Event";
    parked_title: "Parked loan requests";
    parked_lead: "The log has an event of theirs that cannot be folded. They are shown as they were before it, marked as incomplete, until a snapshot settles it. What is wrong with the event stands in the process’ log.";
    parked_in_all: "Parked";
    not_named: "You see loan requests of some teams only, so none is named here. Under “Completeness” are those that you may see.";
    stands_at: "Stands before event";
    resync: "Repair";
    resync_of: "Repair of {}";
    resync_text: "The newest snapshot of the loan request is looked for in the bootstrap export, or in the source when that is a file, and taken in. It fills gaps, and settles what is parked before it.";
    resynced: "The loan request is complete, up to event {}.";
    resynced_in_part: "The loan request is known up to event {}, and still lacks something. Ask the platform for a newer snapshot.";
    loan_id: "Id of the loan request";
    loan_missing: "Name the loan request";
    quarantined: "Quarantined event {}";
    code: "Code";
    detail: "What is wrong";
    event_id: "Id of the event";
    from_where: "Read from";
    sequence: "Sequence";
    raw: "Its bytes";
    as_text: "As text";
    as_digits: "As digits";
    raw_cut: "It has {} bytes. Only the first ones are shown; `continuity quarantine show` gives all of them.";
    raw_not_shown: "They may hold anything about a loan request, so they are shown only to people who may read everything. Each look is on record.";
    retry: "Look at it once more";
    retry_text: "Its bytes are checked as this version and its settings have it. If they are good now, the event is taken in; if not, everything stays as it is.";
    dismiss: "Dismiss";
    dismiss_text: "It waits no more and counts against no bound. Its bytes stay in the log. Only dismiss what the platform has settled otherwise: the event stays missing.";
    type_the_position: "Type its log position to confirm: {}";

    // Blobs.
    blobs: "Files";
    blobs_lead: "The bytes of documents and attachments. Each is served only once it was verified.";
    blob_pending: "On their way";
    blob_available: "Stored and verified";
    blob_failed: "Given up, but for a try a day";
    blob_damaged: "Damaged, and fetched again";
    blob_amount: "{} files, {} bytes";
    blob_stuck: "Tried eight times or more in vain";
    blob_oldest: "The oldest one is wanted since";
    blob_failing: "Nothing is fetched or verified:";
    blob_trouble: "Files in trouble";
    blob_no_trouble: "There is none.";
    blob_digest: "SHA-256";
    blob_loans: "Loan requests";
    blob_retry: "Fetch again";
    blob_verify: "Verify a stored file";
    blob_verify_text: "It is hashed again now. A damaged one is no longer served, and fetched again.";
    blob_scrub: "Every stored file is hashed again within {} days by itself. You can have all of them hashed now, before a drill, say.";
    scrub_all: "Hash all stored files now";
    scrub_of: "Hashing all stored files";
    scrub_done: "Good: {}. Damaged, and fetched again: {}. Could not be read now, and tried again within the hour: {}. Files that no loan refers to any more are among them, as long as they are kept.";
    scrub_given_up: "Given up, as so many are damaged or cannot be read. Good: {}. Damaged, and fetched again: {}. Could not be read: {}. Look at the store, then begin again.";

    // The logs.
    log: "Logs";
    log_replica: "Replica log";
    log_control: "Control log";
    log_replica_lead: "Everything that came from the source. All else is folded from it.";
    log_control_lead: "Clients, people, keys, and who read and changed what.";
    log_digest: "Digest of the chain";
    log_segments: "Segments";
    log_stopped: "It takes nothing more:";
    log_newest: "The newest segments";
    log_first: "First record";
    log_last: "Last record";
    verify: "Verify";
    verify_text: "Every record is read from the disk and checked: checksums, the chain, and positions.";
    verify_of: "Verification of the replica log";
    verify_of_control: "Verification of the control log";
    verified: "It is whole: {} records in {} segments, {} bytes. The chain ends in {}.";
    never_verified: "It was not verified in the console since this process started.";

    // Backups.
    backups: "Backups";
    backups_lead: "A backup has both logs as they are when it begins, and every stored file. Read models are folded from the log again.";
    backups_nowhere: "No directory for backups is configured (backup.directory). They are made with continuity backup create --to DIR alone, and this page does not know of them.";
    backups_directory: "Directory";
    backups_last: "The last backup";
    backups_made: "Made";
    backups_files: "Stored files";
    backups_lacks: "Damaged files that are not in it";
    backups_never: "There is no backup in this directory.";
    backup_now: "Back up now";
    backup_text: "The replica goes on meanwhile. Only what is new since the last backup is written.";
    backup_of: "Backup";
    backup_done: "It is made: log up to position {}, {} stored files, {} bytes written.";
    trials: "The last restore that was tried";
    trial_at: "Tried";
    trial_good: "It is good: {} records, {} of the control log and {} stored files are whole, and {} read models folded from it agree with those of the replica.";
    trial_bad: "It is NOT good. Make another backup, and keep this one until that is verified.";
    trial_apart: "Read models that could not be compared";
    trial_earlier: "That was the backup before. The last one was not tried yet.";
    trial_never: "Nobody has tried to restore a backup from this directory.";
    trial_now: "Try a restore";
    trial_text: "Beside the replica, in the directory of the backup: both logs and every file are read and checked, and the read models are folded again. It needs room there for the log and the read models, and takes as long as a rebuild.";
    trial_of: "Trial of a restore";
    backups_how: "Restoring";
    backups_key: "The fleet key is in no backup: keep a copy of it apart. Without it nobody signs in at a restored replica.";
    backups_restore: "To restore: continuity backup restore --from DIR --data-dir DIR on an empty directory, put the fleet key in its place, and start the replica on it. Until its source answers it serves what it had then, and says as of when that is.";

    // Webhooks.
    webhooks: "Webhooks";
    webhooks_lead: "Who is told what changed. Subscriptions stand in the configuration; here is how they are.";
    no_webhooks: "No subscription is configured.";
    target: "Sent to";
    events: "Events";
    backlog: "Log positions to go";
    replaying: "Log positions to send again";
    delivered: "Messages that arrived";
    last_delivered: "Last one";
    dead_letters: "Messages given up";
    oldest_waiting: "The oldest one waits since";
    does_not_arrive: "Does not arrive";
    tried: "Message {}, tried {} times: {}";
    tried_next: "Tried next";
    disabled_at: "Ended";
    test: "Send a ping";
    test_text: "Once and now, beside what waits.";
    tested: "Ping to {}: {}.";
    enable: "Send again";
    enable_text: "The receiver answered that it is gone (410). Messages go on from where they stopped.";
    replay_dead: "Send all once more";
    replay_one: "Send once more";
    replay_range: "Send what the log tells once more";
    replay_range_text: "From one log position to another. Receivers recognise what they had by its id.";
    replay_from: "From log position";
    replay_to: "To log position";
    bad_range: "Give two log positions, the first one not behind the second";
    given_up: "Given up";
    attempts: "Attempts";
    message: "Message";

    // The configuration.
    configuration: "Configuration";
    schedules: "What is done by itself, and when";
    schedules_lead: "It stands in the configuration. To change it, change the file or the environment and restart.";
    schedule_source: "The source is read";
    schedule_blobs: "Files are fetched";
    always: "At any time";
    only_within: "Within {}, at an offset of {} from UTC";
    schedule_scrub: "Stored files are hashed again";
    within_days: "Within {} days";
    schedule_unreferenced: "Files that nothing refers to are removed";
    after_days: "After {} days";
    schedule_keys: "Signing keys change";
    every_days: "Every {} days; each is published {} hours before it signs";
    never: "Never by themselves";
    schedule_reads: "Reads are written to the record";
    every_seconds: "Every {} s";
    schedule_webhooks: "A message to a receiver is given up";
    after_seconds: "After {} s without an answer that counts";
    keys: "Every key";
    keys_lead: "As this process was started with it. Secrets are not shown.";
    key: "Key";
    value: "Value";
    from: "From";
    default: "default";
    no_keys: "This process was started without a configuration file, as `continuity demo` does: what it runs with comes from its command line.";
}

impl Operations {
    /// How the source is, in words.
    pub(crate) fn state(&self, name: &str) -> &'static str {
        find(self.states, name).or_else(|| find(self.states, "")).unwrap_or_default()
    }

    /// What an order did, in words.
    pub(crate) fn done(&self, name: &str) -> Option<&'static str> {
        find(self.done_words, name)
    }

    /// Whether everything is here, in words.
    pub(crate) fn result(&self, name: &str) -> &'static str {
        find(self.results_words, name).unwrap_or(self.not_known)
    }

    /// What became of a quarantined event, in words.
    pub(crate) fn quarantine_state(&self, name: &str) -> &'static str {
        find(self.quarantine_words, name).unwrap_or(self.not_known)
    }

    /// Why an event could not be accepted, in words.
    pub(crate) fn rejection(&self, code: &str) -> &'static str {
        find(self.rejections, code).unwrap_or(self.not_known)
    }

    /// How a subscription is, in words.
    pub(crate) fn subscription(&self, name: &str) -> &'static str {
        find(self.subscription_words, name).unwrap_or(self.not_known)
    }
}
