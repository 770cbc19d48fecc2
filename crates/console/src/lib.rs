//! The pages with which people sign in, look after their account, and let applications in.
//!
//! Rendered here, with everything embedded: no page asks another host, and all of them work without JavaScript, which
//! passkeys alone need. [`pages`] lists the paths with what answers there; whoever serves them hands over the address that
//! a request came from as `ConnectInfo<IpAddr>`, and its id as `X-Request-Id`. What people read stands in `texts`.

mod agent;
mod api;
mod assets;
mod cookies;
mod faults;
mod forms;
mod frame;
mod guard;
mod next;
mod orders;
mod pages;
mod policy;
mod reply;
mod session;
mod stamp;
mod state;
#[cfg(test)]
mod tests;
mod texts;
mod visit;
mod when;
mod works;

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post};

use crate::pages::settings::{applications, clients, configuration, keys, people, records, webhooks};
use crate::pages::{
    account, authorize, confirm, link, loans, logout, operations, passkey, provider, second_factor, sign_in, trouble,
};
use crate::state::{Console, Shared};

pub use orders::{Order, Orders, WebhookAgain};
pub use pages::trouble::refusal;
pub use session::session;
pub use state::Backing;

/// Where the bank's provider sends people back to, below the replica's address.
pub const PROVIDER_CALLBACK: &str = provider::CALLBACK;

/// Every page: its path, parameters in braces, and what answers there.
pub fn pages(backing: Backing) -> Vec<(&'static str, MethodRouter)> {
    let console: Shared = Arc::new(Console::new(backing));
    let table: Vec<(&'static str, MethodRouter<Shared>)> = vec![
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
        ("/console/settings/clients", get(clients::list)),
        ("/console/settings/clients/new", get(clients::create::show).post(clients::create::take)),
        ("/console/settings/clients/{id}", get(clients::one::show).post(clients::one::change)),
        ("/console/settings/clients/{id}/secret", post(clients::one::rotate)),
        ("/console/settings/clients/{id}/enabled", post(clients::one::set_enabled)),
        ("/console/settings/clients/{id}/delete", post(clients::one::delete)),
        ("/console/settings/people", get(people::list)),
        ("/console/settings/people/new", get(people::create::show).post(people::create::take)),
        ("/console/settings/people/{id}", get(people::one::show).post(people::one::change)),
        ("/console/settings/people/{id}/enabled", post(people::one::set_enabled)),
        ("/console/settings/people/{id}/link", post(people::link::renew)),
        ("/console/settings/people/{id}/factors", post(people::one::reset_factors)),
        ("/console/settings/people/{id}/sessions", post(people::access::end)),
        ("/console/settings/people/{id}/consents", post(people::access::withdraw)),
        ("/console/settings/people/{id}/delete", post(people::one::delete)),
        ("/console/settings/keys", get(keys::list)),
        ("/console/settings/keys/rotate", post(keys::rotate)),
        ("/console/settings/keys/{id}/retire", get(keys::retire::show).post(keys::retire::take)),
        ("/console/settings/applications", get(applications::list)),
        ("/console/settings/applications/new", get(applications::create::show).post(applications::create::take)),
        ("/console/settings/applications/{id}", get(applications::one::show).post(applications::one::change)),
        ("/console/settings/applications/{id}/secret", post(applications::one::rotate)),
        ("/console/settings/applications/{id}/delete", post(applications::one::delete)),
        ("/console/settings/records", get(records::list)),
        ("/console/loans/{id}", get(loans::overview::show)),
        ("/oauth/authorize", get(authorize::show).post(authorize::take)),
        ("/oauth/logout", get(logout::show).post(logout::take)),
        (assets::STYLE.path, get(|| assets::STYLE.answer())),
        (assets::PASSKEYS.path, get(|| assets::PASSKEYS.answer())),
        (assets::COPY.path, get(|| assets::COPY.answer())),
        (assets::ICON.path, get(|| assets::ICON.answer())),
        ("/console/{*rest}", get(trouble::unknown).post(trouble::unknown)),
    ];
    table.into_iter().chain(operations()).map(|(path, page)| (path, page.with_state(Arc::clone(&console)))).collect()
}

/// What operators look at and do.
fn operations() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        (operations::PATH, get(operations::source::show)),
        ("/console/operations/source/pause", post(operations::source::pause)),
        ("/console/operations/source/resume", post(operations::source::resume)),
        ("/console/operations/source/sync", post(operations::source::sync)),
        (operations::accept::PATH, get(operations::accept::show).post(operations::accept::take)),
        (operations::completeness::PATH, get(operations::completeness::show).post(operations::completeness::evaluate)),
        (operations::read_models::PATH, get(operations::read_models::show).post(operations::read_models::rebuild)),
        (operations::quarantine::PATH, get(operations::quarantine::show)),
        ("/console/operations/quarantine/resync", post(operations::quarantine::resync)),
        ("/console/operations/quarantine/{position}", get(operations::quarantined::show)),
        ("/console/operations/quarantine/{position}/retry", post(operations::quarantined::retry)),
        ("/console/operations/quarantine/{position}/dismiss", post(operations::quarantined::dismiss)),
        (operations::blobs::PATH, get(operations::blobs::show)),
        ("/console/operations/blobs/retry", post(operations::blobs::retry)),
        ("/console/operations/blobs/verify", post(operations::blobs::verify)),
        (operations::log::PATH, get(operations::log::show).post(operations::log::verify)),
        (webhooks::PATH, get(webhooks::list)),
        ("/console/settings/webhooks/{id}", get(webhooks::one::show)),
        ("/console/settings/webhooks/{id}/test", post(webhooks::one::test)),
        ("/console/settings/webhooks/{id}/enable", post(webhooks::one::enable)),
        ("/console/settings/webhooks/{id}/replay", post(webhooks::one::replay)),
        (configuration::PATH, get(configuration::show)),
    ]
}
