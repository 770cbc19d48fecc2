//! What people read on the pages: every text, so that a translation is files like this one and those below it.
//!
//! `{}` stands for what is put in, in its order.

/// Makes a catalogue and its English edition from one list; what is more than texts comes first.
macro_rules! catalogue {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $more:ident: $type:ty = $value:expr,)* } $($name:ident: $text:expr;)*) => {
        $(#[$about])*
        pub(crate) struct $kind {
            $(pub(crate) $name: &'static str,)*
            $($(#[$doc])* pub(crate) $more: $type,)*
        }

        /// English.
        pub(crate) static ENGLISH: $kind = $kind { $($name: $text,)* $($more: $value,)* };
    };
}

mod administration;
mod data;
mod dossier;
mod loans;
mod operations;
mod parts;
mod status;
mod work;

use administration::Administration;
use data::Data;
pub(crate) use dossier::Dossier as OfDossier;
use loans::Loans;
use operations::Operations;
use parts::Parts;
pub(crate) use status::Status;
use work::Work;

impl Texts {
    /// A scope in words.
    pub(crate) fn scope(&self, name: &str) -> Option<&'static str> {
        find(self.scope_words, name)
    }

    /// A role in words.
    pub(crate) fn role(&self, name: &str) -> &'static str {
        find(self.role_words, name).unwrap_or_default()
    }

    /// A role in a word or two.
    pub(crate) fn role_title(&self, name: &str) -> &'static str {
        self.role(name).split(':').next().unwrap_or_default()
    }

    /// A way to sign in, in words; `None` where it goes without saying.
    pub(crate) fn method(&self, name: &str) -> Option<&'static str> {
        find(self.method_words, name)
    }
}

fn find(list: &'static [(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    list.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// A text with what is put in. What is put in is not looked through again.
pub(crate) fn fill(text: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut parts = text.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        filled.push_str(values.next().unwrap_or(&""));
        filled.push_str(part);
    }
    filled
}

const SCOPES: [(&str, &str); 13] = [
    ("openid", "Know that it is you"),
    ("profile", "See your name"),
    ("email", "See your e-mail address"),
    ("offline_access", "Keep this access when you are signed out"),
    ("admin", "Change clients, people and keys of this server, as far as your roles allow"),
    ("loans:read", "Read loan requests, their bids and their lists of tasks"),
    ("documents:read", "Read and download documents"),
    ("bids:read", "Read bid requests and quotes"),
    ("tasks:read", "Read tasks with what was filled in, and their attachments"),
    ("analysis:read", "Read analyses and worksheets"),
    ("messages:read", "Read messages and comments"),
    ("reports:read", "Read reports and worksheets"),
    ("audit:read", "Read audit logs"),
];

const ROLES: [(&str, &str); 5] = [
    ("admin", "Administrator: settings, clients, people and keys"),
    ("operator", "Operator: synchronisation, read models, quarantine and drills"),
    ("auditor", "Auditor: audit trail and evidence, to read"),
    ("developer", "Developer: applications of your own, for people to let in"),
    ("viewer", "Viewer: loan requests, within what you may read"),
];

const METHODS: [(&str, &str); 5] = [
    ("fed", "your organisation’s sign-in"),
    ("pwd", "password"),
    ("otp", "authenticator app"),
    ("hwk", "passkey"),
    ("kba", "recovery code"),
];

catalogue! {
    /// The texts of one language.
    Texts {
        /// Scopes in words, by name; of the others, the authorization server's own words are shown.
        scope_words: &'static [(&'static str, &'static str)] = &SCOPES,
        /// Roles in words, by name.
        role_words: &'static [(&'static str, &'static str)] = &ROLES,
        /// How somebody signed in, by the names of RFC 8176.
        method_words: &'static [(&'static str, &'static str)] = &METHODS,
        /// Those of what administrators, auditors and developers do.
        administration: &'static Administration = &administration::ENGLISH,
        /// Those of pages that show data.
        data: &'static Data = &data::ENGLISH,
        /// Those of loans.
        loans: &'static Loans = &loans::ENGLISH,
        /// The work lists.
        work: &'static Work = &work::ENGLISH,
        /// Those of the parts of a loan.
        parts: &'static Parts = &parts::ENGLISH,
        /// Those of what operators do.
        operations: &'static Operations = &operations::ENGLISH,
        /// Those of the page on the wall.
        status_page: &'static Status = &status::ENGLISH,
    }

    // Around every page.
    language: "en";
    product: "Continuity";
    skip: "Skip to the content";
    signed_in_user: "Signed in as";
    sign_out: "Sign out";
    footer: "Business-continuity replica";
    fault_title: "Error: {}";
    fault_summary: "There is a problem";
    months: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    cancel: "Cancel";

    // Signing in.
    sign_in: "Sign in";
    sign_in_for: "to go on to {}";
    email: "E-mail address";
    password: "Password";
    or: "or";
    sign_in_with_passkey: "Sign in with a passkey";
    sign_in_help: "No password yet, or lost it? An administrator can send you a link with which you choose one.";
    email_missing: "Enter your e-mail address";
    password_missing: "Enter your password";
    sign_in_refused: "The e-mail address or the password is not right. Check both and try again.";
    said_signed_out: "You are signed out.";
    said_password_set: "Your password is set. Sign in with it now.";
    said_expired: "The sign-in took too long or was tried too often. Please begin again.";

    // The second factor.
    second_factor: "Confirm that it is you";
    second_factor_lead: "That was right. One more step.";
    code_of_app: "Code of your authenticator app";
    code_of_app_hint: "Six digits; they change every 30 seconds.";
    go_on: "Continue";
    use_passkey: "Use a passkey";
    use_recovery: "Use a recovery code instead";
    recovery_code: "Recovery code";
    recovery_code_hint: "One of the codes that you stored. Each is good once.";
    begin_again: "Begin again";
    code_missing: "Enter the code";
    code_refused: "This code is not right, or was used already. Wait for the next one and try again.";

    // Once more, for what only the person may do.
    confirm_title: "Confirm that it is you";
    confirm_lead: "You signed in a while ago. Before you go on, show that this is still you.";
    confirm_sign_in: "Sign out and in again to go on.";
    confirm_first: "To change what you sign in with, confirm first that it is you.";
    confirm_first_do: "Confirm";

    // The bank's own provider.
    provider_title: "“{}” did not work";
    provider_lost: "This sign-in was not begun in this browser, took longer than ten minutes, or was done already.";
    provider_lost_advice: "Go to the sign-in and begin again. Your browser has to accept cookies of this server.";
    provider_denied: "You were not signed in there.";
    provider_otherwise: "Try again, or sign in with your e-mail address and password. If that does not help, tell an administrator.";
    provider_away: "The service that signs you in does not answer now.";
    provider_away_advice: "If you have a password here, sign in with your e-mail address and it. Where you are signed in already, you can go on.";
    provider_invalid: "The service that signs you in gave an answer that is not accepted here.";
    provider_no_email: "Your account there has no confirmed e-mail address, which is needed here.";
    provider_no_group: "Your account there is in no group that may use this server.";
    provider_group_advice: "Ask an administrator of your organisation.";
    provider_not_linked: "There is an account here with your e-mail address, which is not linked to your account there.";
    provider_not_linked_advice: "Ask an administrator to link the two. Until then, sign in with your e-mail address and password.";
    provider_disabled: "Your account here is disabled.";

    // Passkeys.
    passkey_refused: "The passkey was not accepted. Try again, or sign in another way.";
    passkey_cancelled: "No passkey was used. You can try again.";
    passkey_failed: "Your browser could not do that. Try again, or use another way.";
    passkey_needs_script: "Passkeys need JavaScript, which is switched off in your browser.";

    // A password by link.
    choose_password: "Choose your password";
    link_intro: "Welcome, {}. Choose a password to finish setting up your account.";
    link_intro_again: "Hello, {}. Choose a new password for your account. Where you are signed in now, you will be signed out.";
    new_password: "New password";
    repeat_password: "New password, once more";
    password_rules: "At least 12 characters. Length is what counts: three or four words that have nothing to do with you are good, and easy to remember.";
    set_password: "Set password";
    password_too_short: "The new password needs at least 12 characters";
    password_too_long: "The new password is too long: at most 256 bytes";
    password_differs: "The two passwords are not the same";
    password_weak: "This password is among those that are tried first. Take a longer one, of words that have nothing to do with you.";

    // Another password.
    change_password: "Change password";
    change_password_duty: "Your password was given to you by somebody else. Choose one of your own before you go on.";
    change_password_lead: "Where else you are signed in, you will be signed out.";
    present_password: "Present password";
    password_wrong: "The present password is not right";
    password_same: "Take another password than the present one";

    // Setting up a second factor.
    set_up_title: "Set up a second factor";
    set_up_lead: "A password alone is not enough here: it can be guessed or stolen. Choose what you confirm sign-ins with. You can add the other one later.";
    set_up_app: "Authenticator app";
    set_up_app_text: "An app on your phone shows a new code every 30 seconds. It works without a network.";
    set_up_app_do: "Set up an app";
    set_up_passkey: "Passkey";
    set_up_passkey_text: "Your device or a security key confirms that it is you, with your finger, face or PIN. Nothing to type, and nothing that can be phished.";
    authenticator_title: "Set up an authenticator app";
    authenticator_scan: "Open your authenticator app and scan this picture.";
    authenticator_picture: "QR code with the secret for your authenticator app";
    authenticator_type: "No camera? Type this secret into the app:";
    authenticator_open: "On this device, you can open the app directly";
    authenticator_confirm: "Then enter the code that the app shows.";
    authenticator_replaces: "This takes the place of the app that you have now.";
    authenticator_code: "Code";
    confirm: "Confirm";
    code_refused_new: "This is not the code of this secret. Wait for the next one; check that the time on your phone is right.";

    // Recovery codes.
    recovery_title: "Your recovery codes";
    recovery_once: "These codes are shown only now.";
    recovery_lead: "Each of them signs you in once when your phone or passkey is lost. Print this page, or copy the codes to a safe place, apart from your password.";
    recovery_list: "Recovery codes";
    recovery_stored: "I have stored them";

    // The account.
    account: "Your account";
    who_you_are: "Who you are";
    name: "Name";
    roles: "Roles";
    no_roles: "None";
    may_read: "You may read";
    only_teams: "Only of teams";
    only_channels: "Only channels";
    may_read_nothing: "No data of loan requests";
    how_you_sign_in: "How you sign in";
    password_state: "You have a password.";
    no_password: "You have no password here. An administrator can send you a link with which you choose one.";
    authenticator: "Authenticator app";
    authenticator_on: "An app is set up. Its codes confirm your sign-ins.";
    authenticator_off: "No app is set up.";
    authenticator_replace: "Set up another app";
    remove: "Remove";
    last_factor: "A second factor is required here, and this is your only one. Add another before you remove it.";
    passkeys: "Passkeys";
    no_passkeys: "You have no passkeys.";
    no_passkeys_here: "This server is reached under an address instead of a name, so there can be no passkeys.";
    added: "added";
    last_used: "last used";
    never_used: "not used yet";
    passkey_name: "Name of the new passkey";
    passkey_name_hint: "So that you recognise it here, such as “Work laptop”.";
    add_passkey: "Add a passkey";
    recovery_codes: "Recovery codes";
    recovery_left: "{} codes left.";
    recovery_make: "Make new codes";
    recovery_make_text: "New codes replace those that you have.";
    sessions: "Where you are signed in";
    this_session: "this browser";
    unknown_browser: "Unknown browser";
    since: "since";
    by_means_of: "with";
    end_session: "Sign out there";
    end_other_sessions: "Sign out everywhere else";
    applications: "Applications you let in";
    no_applications: "No application acts for you.";
    withdraw: "Withdraw";
    let_in: "let in";
    done_password_changed: "Your password is changed.";
    done_authenticator_added: "The authenticator app is set up.";
    done_authenticator_removed: "The authenticator app is removed.";
    done_passkey_added: "The passkey is added.";
    done_passkey_removed: "The passkey is removed.";
    done_session_ended: "You are signed out there.";
    done_sessions_ended: "You are signed out everywhere else.";
    done_withdrawn: "The application is let in no longer.";
    done_recovery_made: "The codes of before are no good any more.";

    // Settings.
    places: "Places";
    clients: "OAuth Clients";
    clients_lead: "Programs that get tokens here, and applications that people let in.";
    no_clients: "There is none yet.";
    new_client: "New OAuth Client";
    new_client_lead: "Its id and its secret are generated. The secret is shown once.";
    create_client: "Create client";
    client_created: "The client is created.";
    client_changed: "The client is changed. What it may do no longer has ended.";
    client_enabled: "The client is enabled.";
    client_disabled: "The client is disabled. Its tokens are refused.";
    client_deleted: "The client is deleted.";
    client_rotated: "The client has a new secret.";
    client_credentials_title: "Credentials";
    credentials: "Credentials and state";
    client_name: "Name";
    client_description: "Description";
    client_description_hint: "What it is for. Of an application, people see it when they are asked.";
    client_id: "Client id";
    client_secret: "Client secret";
    secret_once: "This secret is shown only now. Store it where the program finds it; if it is lost, rotate it.";
    secret_stored: "I have stored it";
    copy: "Copy";
    copied: "Copied";
    try_it: "Try it";
    try_it_hint: "It has the secret in it: run it where nobody reads your commands afterwards.";
    scopes: "What it may read";
    grants: "How it gets tokens";
    grant_client_credentials: "For itself";
    grant_authorization_code: "For people who let it in";
    grant_refresh_token: "And goes on for them without asking each time";
    authentication: "How it proves who it is";
    authentication_secret: "With a secret";
    authentication_key: "With a key of its own";
    authentication_none: "Not at all: it runs on a device or in a browser";
    for_applications: "For applications that people let in";
    redirect_uris: "Where people are sent back to";
    one_per_line: "One address on a line; compared as they stand.";
    limits_of_client: "Limits";
    allowed_networks: "Networks that it may ask from";
    networks_hint: "Such as 10.1.0.0/16, one on a line. Empty: from anywhere.";
    teams_hint: "One on a line. Empty: all.";
    token_seconds: "Life of its tokens, in seconds";
    token_seconds_hint: "60 to 86400. Empty: as configured.";
    rate: "Requests a second";
    rate_hint: "Empty: as configured.";
    burst: "Requests at once after a pause";
    more_of_client: "More";
    public_keys: "Its public keys";
    public_keys_hint: "A JWK Set (RFC 7517), for a client that proves itself with a key.";
    special: "Special";
    may_introspect: "May ask about tokens of others";
    may_administer: "People may let it administer this replica, as far as they may";
    dpop_bound: "Its tokens are bound to a key of its own (DPoP)";
    reason: "Reason";
    reason_hint: "For the record; may be empty.";
    status: "Status";
    enabled: "Enabled";
    disabled: "Disabled";
    enable: "Enable";
    disable: "Disable";
    disable_client_text: "Disabled, it gets no token, and those that it has are refused at once.";
    enable_client_text: "Enabled, it gets tokens again. Those of before stay refused.";
    created: "Created";
    secret_made: "Secret made";
    previous_secret: "Secret before";
    accepted_until: "accepted until";
    rotate_secret: "Rotate Secret";
    rotate_text: "A new secret takes the place of the present one.";
    overlap: "The present one is accepted";
    overlap_none: "no longer (after a leak)";
    overlap_day: "one more day";
    overlap_week: "one more week";
    overlap_month: "30 more days";
    settings: "Settings";
    save: "Save";
    confirm_to_change: "To change this, confirm first that it is you.";
    delete_client: "Delete the client";
    delete_client_text: "For good, with its tokens. What it read stays on record, and its id is never given again.";
    type_the_name: "Type its name to confirm";
    name_not_typed: "Type the name as it stands above";
    delete_for_good: "Delete for good";

    // An application asks.
    consent_title: "Let {} in?";
    consent_wants: "It wants to:";
    consent_not_given: "It asks for more, which you do not have and so cannot give:";
    consent_afterwards: "Whatever you decide, you go back to {} next.";
    consent_later: "You can withdraw this at any time under “Your account”.";
    signed_in_as: "You are signed in as {} ({}).";
    somebody_else: "Sign in as somebody else";
    allow: "Allow";
    refuse: "Refuse";
    logout_question: "Do you want to sign out, {}?";
    logout_text: "An application sent you here to sign out.";
    stay: "Stay signed in";

    // Trouble.
    to_sign_in: "Go to the sign-in";
    to_account: "Go to your account";
    request_id: "If you ask for help, give this number:";
    try_again: "Go back and try again in a moment. If that does not help, tell an administrator.";
    failed: "That did not work";
    failed_text: "Something went wrong on this server. What you did was perhaps not done.";
    too_many: "There were too many failed attempts. Try again in {} min.";
    expired: "That took too long. Please begin again.";
    busy: "Too many people do this at once. Try again in a moment.";
    foreign: "This form did not come from here";
    foreign_text: "What you sent was refused, because your browser says that it does not come from a page of this server.";
    foreign_advice: "Open {} and do it there. If another site led you here, tell an administrator.";
    outdated: "This page is out of date";
    outdated_text: "You were signed out meanwhile, or signed in anew in another tab. Nothing was changed.";
    outdated_advice: "Open the page again and repeat what you did. Your browser has to accept cookies of this server.";
    not_allowed: "This is not for you";
    not_allowed_text: "Your account has no role for this page.";
    not_allowed_advice: "If you need it, ask an administrator for the role.";
    gone: "This is not there";
    gone_text: "It does not exist, or was deleted meanwhile.";
    gone_advice: "Go back to the list and look there.";
    unreadable: "The form could not be read";
    unreadable_text: "It is too long, or the connection broke off.";
    no_link: "This link is no good any more";
    no_link_text: "It was used already, is older than three days, or was replaced by a newer one.";
    no_link_advice: "If you have a password, sign in. If not, ask an administrator for a new link.";
    bad_application: "The application cannot be let in";
    bad_application_advice: "The application that sent you here asks wrongly. You can close this page; tell whoever looks after the application.";
    bad_query: "Its request has characters that do not belong there.";
    unknown: "There is no such page";
    unknown_text: "The address may be mistyped or old.";
    unknown_advice: "Go on from one of the pages that there are.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_stands_in_its_order_and_is_not_looked_through() {
        assert_eq!(fill("{} and {}.", &["a", "b"]), "a and b.");
        assert_eq!(fill("{}: {}", &["{}", "x"]), "{}: x");
        assert_eq!(fill("none", &["a"]), "none");
    }

    #[test]
    fn every_role_and_scope_has_words() {
        for role in continuity_auth::Role::ALL {
            assert!(!ENGLISH.role(role.name()).is_empty(), "{}", role.name());
        }
        for scope in continuity_auth::Scope::ALL {
            assert!(ENGLISH.scope(scope.as_str()).is_some(), "{scope}");
        }
    }
}
