//! What people read on the work lists.

catalogue! {
    /// The texts of the work lists.
    Work {}

    title: "Work lists";
    lists: "Lists";
    tasks: "Tasks";
    tasks_text: "Tasks that are neither done nor called off. One without a due time is on no list.";
    deeds: "Deeds";
    deeds_text: "Deeds that are scheduled and not signed.";
    sanctions: "Sanction letters";
    sanctions_text: "Sanction letters that expire and are not accepted.";
    promises: "Promises of sale";
    promises_text: "Promises of sale that expire before the deed is signed. Known only where the platform tells when they expire: otherwise this list stays empty, which does not mean that none expires.";
    within: "Days ahead";
    bad_days: "Write a number of days from 0 to 3650";
    due: "Due";
    overdue: "overdue";
    what: "What";
    who: "Who";
    none: "Nothing is due until {} that you may see, as far as this replica knows.";
    none_so_far: "None of those that were looked at for this page are yours to see. Go on with the next page.";
    part: "A part of what is due until {}: there is more on the next page.";
    last_part: "The last part of what is due until {}.";
    all: "Everything that is due until {} and that you may see, as far as this replica knows.";
    more_pages: "More that is due";
    messages: "Unanswered messages";
    messages_text: "Channels in which a client waits for an answer, the longest waiting first. Whatever somebody wrote after the client, of the bank or a professional, is an answer; what programs wrote is none. Where the platform tells neither the type nor the role of an author, the message counts for nothing here.";
    since: "Waiting since";
    no_time: "not told";
    channel: "Channel";
    client: "Client";
    nobody_waits: "No client waits for an answer in a channel that you may read, as far as this replica knows.";
    part_waits: "Some of the channels in which a client waits: there are more on the next page.";
    last_part_waits: "The last of the channels in which a client waits.";
    all_wait: "Every channel that you may read and in which a client waits for an answer, as far as this replica knows.";
    more_waiting: "More who wait";
}
