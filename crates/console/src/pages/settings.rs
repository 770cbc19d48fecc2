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

use crate::frame::Place;
use crate::texts::Texts;
use crate::visit::Visit;

pub(crate) const ADMINISTRATORS: &[Role] = &[Role::Admin];
pub(crate) const AUDITORS: &[Role] = &[Role::Admin, Role::Auditor];
pub(crate) const DEVELOPERS: &[Role] = &[Role::Developer, Role::Admin];

/// Where a place is, who sees it, and what it is called.
type Row = (&'static str, &'static [Role], fn(&Texts) -> &'static str);

const PLACES: &[Row] = &[
    (super::status::PATH, &Role::ALL, |t| t.data.status),
    (super::account::PATH, &Role::ALL, |t| t.account),
    (super::operations::PATH, super::operations::WATCHERS, |t| t.data.operations),
    (people::PATH, ADMINISTRATORS, |t| t.administration.people),
    (clients::PATH, ADMINISTRATORS, |t| t.clients),
    (applications::PATH, DEVELOPERS, |t| t.administration.applications),
    (keys::PATH, ADMINISTRATORS, |t| t.administration.keys),
    (records::PATH, AUDITORS, |t| t.administration.records),
    (webhooks::PATH, super::operations::WATCHERS, |t| t.operations.webhooks),
    (configuration::PATH, super::operations::WATCHERS, |t| t.operations.configuration),
];

/// Where whoever may read something of loans goes.
const DATA: &[Row] =
    &[(super::loans::PATH, &Role::ALL, |t| t.data.loans), (super::work::PATH, &Role::ALL, |t| t.work.title)];

/// Where the person may go.
pub(crate) fn places(visit: &Visit) -> Vec<Place> {
    let Some(session) = visit.session.as_ref().filter(|session| session.duties.is_empty()) else { return Vec::new() };
    let may =
        |roles: &[Role]| roles.len() == Role::ALL.len() || roles.iter().any(|role| session.account.has_role(*role));
    let here = visit.uri.path();
    let place = |(path, _, name): &Row| Place { name: name(visit.texts()), path, is_here: here.starts_with(path) };
    let data = DATA.iter().filter(|_| !session.account.settings.scopes.is_empty());
    data.chain(PLACES.iter().filter(|(_, roles, _)| may(roles))).map(place).collect()
}
