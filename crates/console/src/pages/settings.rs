//! `/console/settings`: clients, people, keys and what else administrators decide.

pub(crate) mod applications;
pub(crate) mod clients;
pub(crate) mod configuration;
pub(crate) mod keys;
pub(crate) mod people;
pub(crate) mod records;
mod tick;
pub(crate) mod webhooks;

use continuity_auth::Role;

pub(crate) const ADMINISTRATORS: &[Role] = &[Role::Admin];
pub(crate) const AUDITORS: &[Role] = &[Role::Admin, Role::Auditor];
pub(crate) const DEVELOPERS: &[Role] = &[Role::Developer, Role::Admin];
