//! The pages as a browser sees them, on a real authorization server.

mod account;
mod authorize;
mod bench;
mod confirm;
mod guard;
mod operations;
mod operations_limits;
mod provider;
mod settings_applications;
mod settings_clients;
mod settings_keys;
mod settings_people;
mod settings_records;
mod settings_webhooks;
mod sign_in;
