//! Over the real router, a real authorization server and real read models.

mod access_records;
mod administration;
mod as_of;
mod changes;
mod completeness;
mod contract;
mod cors;
mod downloads;
mod dpop;
mod files;
mod filters;
pub(crate) mod harness;
mod headers;
mod health;
mod hostile_names;
mod limited;
mod lists;
mod nested;
mod pages;
mod people;
mod scope_matrix;
mod scopes;
mod search;
mod sensitive;
mod unanswered_messages;
mod work_list;
