//! What stands on the page on the wall.

catalogue! {
    /// The texts of the status page.
    Status {}

    // Units.
    seconds: "{}\u{a0}s";
    minutes: "{}\u{a0}min";
    hours: "{}\u{a0}h {}\u{a0}min";
    days: "{}\u{a0}d {}\u{a0}h";
    per_second: "{}/s";

    // The sentence: `{}` is since when, then what is served.
    live: "Following live, {}, {}.";
    behind: "{} behind";
    lag_unknown: "how far behind is not known";
    complete_to: "complete to {}";
    nothing_missing: "nothing known to be missing";
    not_complete: "but not complete";
    unproved: "but completeness cannot be checked";
    one_incomplete: "but {} loan is not complete";
    incomplete: "but {} loans are not complete";
    catching_up: "Catching up with the platform, {} behind.";
    catching_up_from: "Catching up with the platform; {}.";
    looking: "Looking for the platform; {}.";
    one_message_waits: "{} message waits there.";
    messages_wait: "{} messages wait there.";
    silent: "The source is silent since {}; {}.";
    platform_silent: "The platform is silent since {}, although its broker answers; {}.";
    never_heard: "Nothing was heard from the source since the start; since {} that is too long; {}.";
    overdue: "Reading should have gone on at {} and did not; {}.";
    cut_off: "Cloud cut off since {}; {}.";
    refused: "The source is there but cannot be followed, since {}; {}.";
    diverged: "The source is not the one that was followed, since {}; nothing more is taken from it; {}.";
    cannot_write: "This replica cannot write any more since {}; {}.";
    read_models_still: "The read models stand still since {}; {}.";
    paused: "Reading is paused since {}; {}.";
    paused_operator: "Reading was paused by an operator at {}; {}.";
    paused_schedule: "Reading rests since {}, as the schedule says; {}.";
    paused_bandwidth: "Reading rests since {}, as the bandwidth is used up; {}.";
    paused_space: "Reading is paused since {}, because the disk is almost full; {}.";
    paused_bound: "Reading is paused since {}, because too much is held back or quarantined; {}.";
    paused_missed: "Reading rests since {}, and its last window ended before everything was read; {}.";
    state_unknown: "It is not known how the source is, since {}; {}.";
    until: "It goes on at {}.";
    serving_known_at: "serving what was known at {}";
    serving_age_unknown: "serving what was received so far, and how old that is is not known";
    serving_never_whole: "this replica never had everything that the platform has";
    starting: "Starting: the read models are still taking in the log.";
    stopping: "This replica is stopping.";
    unhealthy: "The read models cannot be read: no loan can be shown.";
    says_nothing: "This replica does not say how it is. Do not trust anything else on this page.";
    exporting: "Taking in the platform's export: {} loans. Not everything is here yet.";
    export_short: "The platform's export ended, and {} loans of it are missing.";
    done_of: "{} of {}";
    left: "About {} left.";
    rebuilding: "Being rebuilt and not served meanwhile: {}.";

    // The page.
    title: "Status";
    lead: "How this replica is";
    rendered: "As of";
    version: "Version";
    up: "running for";
    lost: "This page is no longer fresh: the replica was not reached. What stands below was true at the time that it names. It is tried again every 5 seconds.";
    fresh_again: "The replica is reached again.";
    alarms: "What to do now";
    no_alarms: "Nothing has to be done.";
    chain: "From the platform to the reader";
    aside: "Gaps, and what is set aside";
    charts: "How it went";
    ranges: "How far back";
    range_hour: "An hour";
    range_day: "A day";
    range_month: "30 days";
    table: "The same as a table";
    not_known: "not known";
    unkept: "This history is in memory only, because its file cannot be written: a restart begins a new one.";

    // The chain.
    source: "Source";
    log: "Log";
    read_models: "Read models";
    blobs: "Files of loans";
    position: "position";
    end: "newest position shown";
    lag: "behind";
    rate: "rate";
    last_sign: "last sign of life";
    last_heartbeat: "platform's last heartbeat";
    last_write: "last written";
    ago: "{} ago";
    beyond: "not read yet";
    one_message: "{} message";
    messages: "{} messages";
    unapplied: "not applied yet";
    one_position: "{} position";
    positions: "{} positions";
    survives: "outage survived";
    stored: "stored";
    oldest_waits: "oldest waits for";
    nothing_waits: "nothing waits";
    no_read_yet: "nothing since the start";
    is_live: "live";
    is_catching_up: "catching up";
    is_stale: "silent";
    is_disconnected: "cut off";
    is_paused: "paused";
    is_diverged: "diverged";
    is_unknown: "not known";
    is_well: "well";
    is_failing: "failing";
    is_rebuilding: "being rebuilt";
    is_doubtful: "two builds differ";
    is_still: "standing still";
    is_waiting: "on their way";

    // What is set aside.
    incomplete_loans: "loans that are not complete";
    gaps_open: "loans with a gap";
    held: "events held back behind a gap";
    parked_loans: "parked loans";
    parked_events: "parked events";
    quarantined: "quarantined arrivals";
    pending_files: "files on their way";
    stuck_files: "files that do not come";
    failed_files: "files given up";
    damaged_files: "damaged files";

    // Alarms and the ways out.
    alarm_unhealthy: "The read models cannot be read.";
    do_unhealthy: "Look at the disk and at the log of the process, then restart it.";
    alarm_unknown: "The process answers, but not about itself.";
    do_unknown: "Look at the log of the process.";
    alarm_export: "The export of the platform ended without {} of its loans.";
    do_export: "Ask the platform for another export, or fetch single loans with `continuity source resync`.";
    alarm_unproved: "It cannot be checked whether everything is here.";
    do_unproved: "Look at the log of the process: it says what cannot be read.";
    alarm_missing: "By the platform's list, {} and {} are missing.";
    missing_loan: "{} loan";
    missing_loans: "{} loans";
    missing_event: "{} event";
    missing_events: "{} events";
    do_missing: "`continuity completeness` names them; `continuity source resync` fetches a loan again.";
    alarm_gap: "{} loan is not complete: events of it are missing, or wait for others.";
    alarm_gaps: "{} loans are not complete: events of them are missing, or wait for others.";
    do_gaps: "They come by themselves as a rule. `continuity completeness` names the loans; `continuity source resync` fetches one again.";
    alarm_one_parked: "{} loan is parked at an event that cannot be folded; it is shown as it was before.";
    alarm_parked: "{} loans are parked at an event that cannot be folded; they are shown as they were before.";
    do_parked: "`continuity completeness` names them. Fetch each with `continuity source resync`, or upgrade this replica.";
    alarm_one_quarantined: "{} arrival is in quarantine.";
    alarm_quarantine: "{} arrivals are in quarantine.";
    do_quarantine: "`continuity quarantine list` names them and says why.";
    alarm_blobs: "The store of files fails.";
    do_blobs: "Look at the disk or the bucket, and at the log of the process.";
    alarm_file: "{} file of a loan does not come or is damaged.";
    alarm_files: "{} files of loans do not come or are damaged.";
    do_files: "`continuity blobs list` names them and says why; `continuity blobs retry` tries one again.";
    alarm_records: "It cannot be recorded who reads what.";
    do_records: "Free space on the disk or check it, then restart. Reads that have to be recorded are refused until then.";
    alarm_one_unrecorded: "{} read is not on record.";
    alarm_unrecorded: "{} reads are not on record.";
    do_unrecorded: "Tell the auditors: the log of the process says when that was.";
    alarm_webhooks: "Messages to the bank's systems do not arrive in time.";
    do_webhooks: "`continuity webhooks list` says which, and why.";
    alarm_one_dead: "{} message to the bank's systems was given up.";
    alarm_dead: "{} messages to the bank's systems were given up.";
    do_dead: "`continuity webhooks dead` names them; `continuity webhooks replay` sends them again.";
    alarm_fleet: "Changes of people, clients and keys are not exchanged with other replicas.";
    do_fleet: "Look at the broker of the control stream and the way to it; it is tried again.";
    do_fleet_refused: "Somebody has to change something: the log of the process says what.";
    alarm_clock: "The clock of this machine and the platform's differ by {}.";
    do_clock: "Check the time synchronisation of this machine.";
    alarm_starting: "Loans cannot be read until the log is taken in.";
    do_starting: "Wait: it goes on by itself.";
    alarm_rebuilding: "{} is made anew: {} of {} records. It is not served meanwhile.";
    do_rebuilding: "Wait: it goes on by itself.";
    alarm_builds_differ: "A rebuild of {} ended in other rows than those that were served: one of the two builds is wrong.";
    do_builds_differ: "Choose one under Operations, Read models.";
    alarm_source: "The source is not followed.";
    do_source: "`continuity source status` says more.";

    // Charts.
    chart_lag: "Behind the source";
    chart_rate: "Log positions applied a second";
    chart_backlog: "Not applied, and not read yet";
    chart_reads: "Reads a second";
    chart_errors: "Failed requests a second";
    column_time: "From (UTC)";
    column_lag: "Worst lag";
    column_rate: "Applied/s";
    column_backlog: "Most not applied";
    column_behind: "Most not read";
    column_reads: "Reads/s";
    column_errors: "Failed requests";
    line_backlog: "in the log, not applied";
    line_behind: "at the source, not read";
    alt: "From {} to {}: at most {}, at the end {}.";
    alt_nothing: "From {} to {}: nothing was measured.";
    alt_gaps: "Nobody measured for {}.";
    alt_unknown: "It was not known for {}.";
    legend_gap: "nobody measured";
    legend_unknown: "not known, or not all the time";
    not_measured: "not measured";
    partly_unknown: "{} (at times not known)";
    axis_hours: "{}\u{a0}h";
    axis_days: "{}\u{a0}d";
}
