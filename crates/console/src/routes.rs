//! The list of pages: each path, parameters in braces, and what answers there. Paths that take a form stand here in full, as
//! the tests of forms read them from here.

use axum::routing::{MethodRouter, get, post};

use crate::assets;
use crate::pages::settings::{applications, clients, configuration, keys, people as persons, records, webhooks};
use crate::pages::{
    account, authorize, confirm, link, loans, logout, operations, passkey, provider, second_factor, sign_in, status,
    trouble, work,
};
use crate::state::Shared;

/// Pages, and where they are.
type Table = Vec<(&'static str, MethodRouter<Shared>)>;

/// All of them.
pub(crate) fn all() -> Table {
    [of_status(), people(), of_loans(), of_operations(), settings(), around()].into_iter().flatten().collect()
}

/// How the replica is.
fn of_status() -> Table {
    vec![(status::PATH, get(status::show)), (status::NOW, get(status::now))]
}

/// Who somebody is: signing in, the account, applications that ask.
fn people() -> Table {
    vec![
        ("/console", get(account::home)),
        ("/console/sign-in", get(sign_in::show).post(sign_in::take)),
        ("/console/sign-in/passkey", post(passkey::sign_in)),
        ("/console/sign-in/passkey/options", post(passkey::sign_in_options)),
        (provider::PATH, get(provider::go)),
        (provider::CALLBACK, get(provider::back)),
        ("/console/sign-in/second", get(second_factor::show).post(second_factor::take)),
        ("/console/sign-in/second/passkey", post(passkey::second)),
        ("/console/sign-in/second/passkey/options", post(passkey::second_options)),
        ("/console/confirm", get(confirm::show).post(confirm::take)),
        ("/console/confirm/passkey", post(confirm::take_passkey)),
        ("/console/confirm/passkey/options", post(confirm::passkey_options)),
        ("/console/sign-out", post(sign_in::sign_out)),
        ("/console/link/{token}", get(link::show).post(link::take)),
        ("/console/account", get(account::show)),
        ("/console/account/password", get(account::password::show).post(account::password::take)),
        ("/console/account/second-factor", get(account::second_factor::show)),
        ("/console/account/authenticator", get(account::authenticator::show).post(account::authenticator::take)),
        ("/console/account/authenticator/remove", post(account::authenticator::remove)),
        ("/console/account/passkeys", post(account::passkeys::add)),
        ("/console/account/passkeys/options", post(account::passkeys::options)),
        ("/console/account/passkeys/remove", post(account::passkeys::remove)),
        ("/console/account/recovery-codes", post(account::recovery::make)),
        ("/console/account/sessions/end", post(account::sessions::end)),
        ("/console/account/applications/withdraw", post(account::applications::withdraw)),
        ("/oauth/authorize", get(authorize::show).post(authorize::take)),
        ("/oauth/logout", get(logout::show).post(logout::take)),
    ]
}

/// Loan requests.
fn of_loans() -> Table {
    vec![
        ("/console/loans", get(loans::list::show)),
        ("/console/loans/{id}", get(loans::overview::show)),
        ("/console/loans/{id}/checklist", get(loans::checklist::show)),
        ("/console/loans/{id}/bids", get(loans::bids::show)),
        ("/console/loans/{id}/tasks", get(loans::tasks::list)),
        ("/console/loans/{id}/tasks/{task}", get(loans::tasks::one::show).post(loans::tasks::one::open)),
        ("/console/loans/{id}/changes", get(loans::changes::show)),
        ("/console/work", get(work::show)),
        ("/console/loans/{id}/documents", get(loans::documents::show)),
        ("/console/loans/{id}/documents/{documentId}/file", get(loans::file::download)),
        ("/console/loans/{id}/documents/{documentId}/view", get(loans::file::view)),
        ("/console/loans/{id}/documents/{documentId}/shown", get(loans::file::shown)),
        ("/console/loans/{id}/tasks/{taskId}/items/{itemId}/file", get(loans::file::download_item)),
        ("/console/loans/{id}/tasks/{taskId}/items/{itemId}/view", get(loans::file::view_item)),
        ("/console/loans/{id}/tasks/{taskId}/items/{itemId}/shown", get(loans::file::shown_item)),
        ("/console/loans/{id}/guilds", get(loans::guilds::show)),
        ("/console/loans/{id}/guilds/{guildId}/channels/{channelId}", get(loans::guilds::channel)),
        ("/console/loans/{id}/comments", get(loans::comments::show)),
        ("/console/loans/{id}/views", get(loans::views::show)),
        ("/console/loans/{id}/worksheets", get(loans::worksheets::show)),
        ("/console/loans/{id}/worksheets/{worksheetId}", get(loans::worksheets::one)),
        ("/console/loans/{id}/worksheets/{worksheetId}/csv", get(loans::worksheets::as_csv)),
        ("/console/loans/{id}/analysis", get(loans::analysis::show)),
        ("/console/loans/{id}/timeline", get(loans::timeline::show)),
        ("/console/loans/{id}/dossier", get(loans::dossier::show).post(loans::dossier::take)),
    ]
}

/// What operators look at and do.
fn of_operations() -> Table {
    vec![
        ("/console/operations", get(operations::source::show)),
        ("/console/operations/source/pause", post(operations::source::pause)),
        ("/console/operations/source/resume", post(operations::source::resume)),
        ("/console/operations/source/sync", post(operations::source::sync)),
        ("/console/operations/source/accept", get(operations::accept::show).post(operations::accept::take)),
        (
            "/console/operations/completeness",
            get(operations::completeness::show).post(operations::completeness::evaluate),
        ),
        ("/console/operations/read-models", get(operations::read_models::show).post(operations::read_models::rebuild)),
        ("/console/operations/read-models/{name}", get(operations::builds::show)),
        ("/console/operations/read-models/{name}/rollback", post(operations::builds::roll_back)),
        ("/console/operations/read-models/{name}/discard", post(operations::builds::discard)),
        ("/console/operations/quarantine", get(operations::quarantine::show)),
        ("/console/operations/quarantine/resync", post(operations::quarantine::resync)),
        ("/console/operations/quarantine/{position}", get(operations::quarantined::show)),
        ("/console/operations/quarantine/{position}/retry", post(operations::quarantined::retry)),
        ("/console/operations/quarantine/{position}/dismiss", post(operations::quarantined::dismiss)),
        ("/console/operations/blobs", get(operations::blobs::show)),
        ("/console/operations/blobs/retry", post(operations::blobs::retry)),
        ("/console/operations/blobs/verify", post(operations::blobs::verify)),
        ("/console/operations/blobs/scrub", post(operations::blobs::scrub)),
        ("/console/operations/log", get(operations::log::show).post(operations::log::verify)),
        ("/console/operations/backups", get(operations::backups::show).post(operations::backups::begin)),
    ]
}

/// What administrators, auditors and developers decide.
fn settings() -> Table {
    vec![
        ("/console/settings/clients", get(clients::list)),
        ("/console/settings/clients/new", get(clients::create::show).post(clients::create::take)),
        ("/console/settings/clients/{id}", get(clients::one::show).post(clients::one::change)),
        ("/console/settings/clients/{id}/secret", post(clients::one::rotate)),
        ("/console/settings/clients/{id}/enabled", post(clients::one::set_enabled)),
        ("/console/settings/clients/{id}/delete", post(clients::one::delete)),
        ("/console/settings/people", get(persons::list)),
        ("/console/settings/people/new", get(persons::create::show).post(persons::create::take)),
        ("/console/settings/people/{id}", get(persons::one::show).post(persons::one::change)),
        ("/console/settings/people/{id}/enabled", post(persons::one::set_enabled)),
        ("/console/settings/people/{id}/link", post(persons::link::renew)),
        ("/console/settings/people/{id}/factors", post(persons::one::reset_factors)),
        ("/console/settings/people/{id}/sessions", post(persons::access::end)),
        ("/console/settings/people/{id}/consents", post(persons::access::withdraw)),
        ("/console/settings/people/{id}/delete", post(persons::one::delete)),
        ("/console/settings/keys", get(keys::list)),
        ("/console/settings/keys/rotate", post(keys::rotate)),
        ("/console/settings/keys/{id}/retire", get(keys::retire::show).post(keys::retire::take)),
        ("/console/settings/applications", get(applications::list)),
        ("/console/settings/applications/new", get(applications::create::show).post(applications::create::take)),
        ("/console/settings/applications/{id}", get(applications::one::show).post(applications::one::change)),
        ("/console/settings/applications/{id}/secret", post(applications::one::rotate)),
        ("/console/settings/applications/{id}/delete", post(applications::one::delete)),
        ("/console/settings/records", get(records::list)),
        ("/console/settings/webhooks", get(webhooks::list)),
        ("/console/settings/webhooks/{id}", get(webhooks::one::show)),
        ("/console/settings/webhooks/{id}/test", post(webhooks::one::test)),
        ("/console/settings/webhooks/{id}/enable", post(webhooks::one::enable)),
        ("/console/settings/webhooks/{id}/replay", post(webhooks::one::replay)),
        ("/console/settings/configuration", get(configuration::show)),
    ]
}

/// What pages are made of, and what there is not.
fn around() -> Table {
    vec![
        (assets::STYLE.path, get(|| assets::STYLE.answer())),
        (assets::PASSKEYS.path, get(|| assets::PASSKEYS.answer())),
        (assets::COPY.path, get(|| assets::COPY.answer())),
        (assets::HTMX.path, get(|| assets::HTMX.answer())),
        (assets::STATUS.path, get(|| assets::STATUS.answer())),
        (assets::AS_OF.path, get(|| assets::AS_OF.answer())),
        (assets::ICON.path, get(|| assets::ICON.answer())),
        // Browsers ask for it where a file is shown that cannot name an icon.
        ("/favicon.ico", get(|| assets::ICON.answer())),
        ("/console/{*rest}", get(trouble::unknown).post(trouble::unknown)),
    ]
}
