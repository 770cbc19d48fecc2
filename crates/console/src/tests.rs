//! The pages as a browser sees them, on a real authorization server.

mod account;
mod authorize;
mod bench;
mod confirm;
mod guard;
mod loans_changes;
mod loans_hostile;
mod loans_list;
mod loans_parts;
mod loans_stub;
mod operations;
mod operations_limits;
mod parts_dossier;
mod parts_files;
mod parts_pages;
mod parts_stub;
mod provider;
mod settings_applications;
mod settings_clients;
mod settings_keys;
mod settings_people;
mod settings_records;
mod settings_webhooks;
mod sign_in;
mod status;
mod work;
