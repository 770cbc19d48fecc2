//! The pages as a browser sees them, on a real authorization server.

mod account;
mod authorize;
mod bench;
mod confirm;
mod guard;
mod provider;
mod settings_applications;
mod settings_clients;
mod settings_keys;
mod settings_people;
mod settings_records;
mod sign_in;
mod status;
