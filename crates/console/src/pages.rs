//! The pages, one file each.

pub(crate) mod account;
pub(crate) mod authorize;
pub(crate) mod confirm;
pub(crate) mod link;
pub(crate) mod loans;
pub(crate) mod logout;
pub(crate) mod operations;
pub(crate) mod passkey;
pub(crate) mod passwords;
pub(crate) mod provider;
pub(crate) mod second_factor;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod status;
pub(crate) mod trouble;
pub(crate) mod work;
