//! What administrators, auditors and developers read: people, signing keys, applications and records.

/// What records say that happened, by the names that they have in the control log.
const CHANGES: [(&str, &str); 42] = [
    ("ClientCreated", "OAuth client created"),
    ("ClientRegistered", "OAuth client created"),
    ("ClientChanged", "OAuth client changed"),
    ("ClientEnabled", "OAuth client enabled"),
    ("ClientDisabled", "OAuth client disabled"),
    ("ClientDeleted", "OAuth client deleted"),
    ("ClientsUsed", "Use of OAuth clients noted"),
    ("SecretRotated", "Client secret rotated"),
    ("TokenRevoked", "Token revoked"),
    ("AccessRecorded", "Sensitive data read"),
    ("DocumentRead", "Document read"),
    ("ReadsRecorded", "Reads counted"),
    ("KeyMade", "Signing key made"),
    ("KeyActivated", "Signing key took over"),
    ("KeyRetired", "Signing key retired"),
    ("KeyExpired", "Signing key expired"),
    ("AccountCreated", "Account created"),
    ("AccountCreatedLinked", "Account created at the first sign-in"),
    ("AccountChanged", "Account changed"),
    ("AccountEnabled", "Account enabled"),
    ("AccountDisabled", "Account disabled"),
    ("AccountDeleted", "Account deleted"),
    ("AccountLinkMade", "One-time link made"),
    ("AccountLinked", "Account linked to the organisation’s sign-in"),
    ("AccountUnlinked", "Account unlinked from the organisation’s sign-in"),
    ("PasswordSet", "Password set"),
    ("TotpSet", "Authenticator app set up"),
    ("TotpRemoved", "Authenticator app removed"),
    ("PasskeyAdded", "Passkey added"),
    ("PasskeyRemoved", "Passkey removed"),
    ("RecoveryCodesMade", "Recovery codes made"),
    ("FactorsReset", "Second factors taken away"),
    ("SignInsFailed", "Sign-ins failed"),
    ("SignedIn", "Signed in"),
    ("SignedOut", "Signed out"),
    ("Proved", "Confirmed who it is"),
    ("Consented", "Application let in"),
    ("ConsentWithdrawn", "Application let in no longer"),
    ("GrantStarted", "Application began to act for a person"),
    ("GrantRefreshed", "Application went on for a person"),
    ("GrantBound", "Application’s access bound to a key"),
    ("GrantEnded", "Application’s access ended"),
];

impl Administration {
    /// What a record says that happened, in words; the name itself where there are none.
    pub(crate) fn change<'a>(&self, name: &'a str) -> &'a str {
        super::find(self.change_words, name).unwrap_or(name)
    }
}

catalogue! {
    /// The texts of the administration in one language.
    Administration {
        /// What records say that happened, by name.
        change_words: &'static [(&'static str, &'static str)] = &CHANGES,
    }

    // People.
    people: "People";
    people_lead: "Who may sign in here, and what they may do.";
    new_person: "New account";
    new_person_lead: "You get a one-time link for the person, who chooses a password with it.";
    create_account: "Create account";
    last_sign_in: "last sign-in";
    last_signed_in: "Last sign-in";
    never_signed_in: "not signed in yet";
    has_factor: "second factor set up";
    has_no_factor: "no second factor";
    person_name: "Name";
    may_do: "What the person may do here";
    may_read: "What the person may read";
    only_teams: "Only loan requests of these teams";
    only_channels: "Only channels of these kinds (none ticked: all)";
    person_created: "The account is created.";
    person_changed: "The account is changed. What the person may do no longer has ended.";
    person_enabled: "The account is enabled. The person may sign in again.";
    person_disabled: "The account is disabled. Its sessions are ended, and applications no longer act for the person.";
    person_deleted: "The account is deleted.";
    factors_reset: "The second factors are taken away, and the sessions ended.";
    session_ended: "That session is ended.";
    sessions_ended: "All sessions of this account are ended.";
    withdrawn: "The application no longer acts for this person.";
    account_state: "Account";
    password: "Password";
    password_set: "Set";
    password_not_set: "Not set";
    password_temporary: "Temporary: has to be changed at the next sign-in";
    second_factor: "Second factor";
    app_and_passkeys: "Authenticator app, {} passkeys, {} recovery codes left";
    passkeys_alone: "{} passkeys, {} recovery codes left";
    no_second_factor: "None";
    open_link: "One-time link";
    open_until: "not used yet, good until";
    linked: "Organisation’s sign-in";
    linked_to: "{} at {}";
    not_linked: "Not linked";
    new_link: "Make a new one-time link";
    new_link_text: "With it the person chooses a password. A link made before is no good any more. It is shown once.";
    make_link: "Make link";
    link_title: "One-time link for {}";
    link_label: "Link";
    link_made: "The link is made.";
    link_once: "This link is shown only now, and is good once, for three days. Whoever has it chooses the password of this account: give it to this person alone.";
    link_until: "Good until";
    link_given: "I have passed it on";
    disable_account: "Disable the account";
    disable_account_text: "The person is signed out everywhere at once and cannot sign in. Applications no longer act for this person.";
    enable_account: "Enable the account";
    enable_account_text: "The person may sign in again.";
    reset_factors: "Take second factors away";
    reset_factors_text: "For somebody who lost them: authenticator app, passkeys and recovery codes are gone, and the sessions end. Make sure that it is really this person who asks.";
    reset_factors_do: "Take away";
    sessions: "Where this person is signed in";
    no_sessions: "Nowhere.";
    end_session: "End";
    end_sessions: "End all sessions";
    consents: "Applications that this person let in";
    no_consents: "None.";
    delete_account: "Delete the account";
    delete_account_text: "For good, with its sessions and what it let applications do. What the person read stays on record.";
    type_the_email: "Type the e-mail address to confirm";
    email_not_typed: "Type the e-mail address as it stands above";

    // Signing keys.
    keys: "Signing keys";
    keys_lead: "Access tokens are signed with the active key. Programs find the public halves in the key set of this server.";
    key_next: "Next: published, so that programs know it before it signs";
    key_active: "Active: signs";
    key_passive: "Passive: signs no more; what it signed is still accepted";
    key_retired: "Retired: what it signed is refused";
    key_made: "made";
    key_signs_since: "signs since";
    key_signed_from: "signed from";
    key_accepted_until: "accepted until";
    key_retired_at: "retired";
    rotate_key: "Rotate";
    rotate_key_text: "The next key signs from now on, and another one is made and published. Tokens of the present one are good until they expire.";
    algorithm: "Algorithm";
    algorithm_as_is: "That of the next key";
    at_once: "At once, after a leak: even if programs do not know the next key yet";
    key_rotated: "The next key signs now.";
    key_replaced: "A key of that algorithm is made and published. It signs once programs had time to know it.";
    key_is_retired: "The key is retired. What it signed is refused.";
    retire_key: "Retire a signing key";
    retire: "Retire";
    retire_text: "After a leak: whatever this key signed is refused at once, so programs and people have to get new tokens. If it is the active key, the next one takes its place.";
    retire_reason: "Why it is retired";
    reason_wanted_hint: "For the record.";
    reason_missing: "Say why: it stands on record";
    retire_do: "Retire the key";
    type_the_key: "Type the first 8 characters of its id to confirm: {}";
    key_not_typed: "Type the first 8 characters of the key’s id";
    key_id: "Key id";
    state: "State";

    // Applications.
    applications: "Applications";
    applications_lead: "Programs that act for people who let them in, and for nobody else.";
    no_applications: "There is none yet.";
    new_application: "Register an application";
    new_application_lead: "It can ask people for no more than you may read yourself.";
    register: "Register";
    application_registered: "The application is registered.";
    application_changed: "The application is changed. What it may do no longer has ended.";
    application_rotated: "The application has a new secret.";
    application_deleted: "The application is deleted.";
    application_name: "Name";
    description: "Description";
    description_hint: "People see it when they are asked to let it in.";
    may_ask: "What it may ask people for";
    kind: "What it is";
    kind_server: "A program on a web server: it keeps a secret";
    kind_browser: "A page that runs in a browser: it can keep no secret";
    kind_device: "An app on a phone or computer: it can keep no secret";
    kind_key: "A program that proves itself with a key of its own, as set up over HTTP";
    redirect_uris: "Where people are sent back to";
    redirect_uris_hint: "One address on a line, such as https://app.bank.internal/callback; compared as they stand.";
    going_on: "Going on";
    refreshes: "It may go on for people without asking each time";
    last_used: "Last used";
    registered_by: "Registered by";
    as_client: "As an OAuth client, with all its settings";
    no_kind: "say what the application is";
    delete_application: "Delete the application";
    delete_application_text: "For good, with whatever people let it do.";

    // Records.
    records: "Records";
    records_lead: "Every change and every sign-in, the newest first. Nothing can be altered or taken out here.";
    no_records: "There is none here.";
    who: "Who";
    what: "What";
    when: "When";
    from_where: "From where";
    why: "Why";
    on_replica: "on {}";
    newer: "Newer";
    older: "Older";
    more_records: "More records";
}
