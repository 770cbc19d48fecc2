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
mod json;
mod next;
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

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post};

use crate::pages::settings::{applications, clients, keys, people, records};
use crate::pages::{
    account, authorize, confirm, link, loans, logout, passkey, provider, second_factor, sign_in, trouble,
};
use crate::state::{Console, Shared};

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
    table
        .into_iter()
        .chain(parts_of_loans())
        .map(|(path, page)| (path, page.with_state(Arc::clone(&console))))
        .collect()
}

/// The pages of the parts of a loan.
fn parts_of_loans() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
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
