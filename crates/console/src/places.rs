//! Where people may go: what the head of every page leads to.

use continuity_auth::{Role, Scope};

use crate::frame::Place;
use crate::pages::settings::{ADMINISTRATORS, AUDITORS, DEVELOPERS};
use crate::pages::settings::{applications, clients, configuration, keys, people, records, webhooks};
use crate::pages::{account, loans, operations, status, work};
use crate::texts::Texts;
use crate::visit::Visit;

/// Who sees a place.
#[derive(Clone, Copy)]
enum Seen {
    ByAll,
    /// By whoever may read loans.
    ByReaders,
    /// By whoever has one of the roles.
    By(&'static [Role]),
}

/// Where a place is, who sees it, and what it is called.
type Row = (&'static str, Seen, fn(&Texts) -> &'static str);

const PLACES: &[Row] = &[
    (status::PATH, Seen::ByAll, |t| t.data.status),
    (loans::PATH, Seen::ByReaders, |t| t.data.loans),
    (work::PATH, Seen::ByReaders, |t| t.work.title),
    (operations::PATH, Seen::By(operations::WATCHERS), |t| t.data.operations),
];

const SETTINGS: &[Row] = &[
    (people::PATH, Seen::By(ADMINISTRATORS), |t| t.administration.people),
    (clients::PATH, Seen::By(ADMINISTRATORS), |t| t.clients),
    (applications::PATH, Seen::By(DEVELOPERS), |t| t.administration.applications),
    (keys::PATH, Seen::By(ADMINISTRATORS), |t| t.administration.keys),
    (webhooks::PATH, Seen::By(operations::WATCHERS), |t| t.operations.webhooks),
    (configuration::PATH, Seen::By(operations::WATCHERS), |t| t.operations.configuration),
    (records::PATH, Seen::By(AUDITORS), |t| t.administration.records),
];

const ACCOUNT: Row = (account::PATH, Seen::ByAll, |t| t.account);

/// Where somebody may go.
#[derive(Default)]
pub(crate) struct Places {
    pub(crate) all: Vec<Place>,
    /// The settings, on a page of theirs.
    pub(crate) settings: Vec<Place>,
}

impl Places {
    /// Those of whoever is signed in and has done what has to be done first.
    pub(crate) fn of(visit: &Visit) -> Self {
        let Some(session) = visit.session.as_ref().filter(|session| session.duties.is_empty()) else {
            return Self::default();
        };
        let (t, here) = (visit.texts(), visit.uri.path());
        let sees = |(_, seen, _): &&Row| match seen {
            Seen::ByAll => true,
            Seen::ByReaders => session.account.settings.scopes.contains(Scope::LoansRead),
            Seen::By(roles) => roles.iter().any(|role| session.account.has_role(*role)),
        };
        let place = |(path, _, name): &Row| Place { name: name(t), path, is_here: here.starts_with(path) };
        let settings: Vec<Place> = SETTINGS.iter().filter(sees).map(place).collect();
        let is_here = settings.iter().any(|place| place.is_here);
        let way = settings.first().map(|first| Place { name: t.data.settings, path: first.path, is_here });
        let all = PLACES.iter().filter(sees).map(place).chain(way).chain([place(&ACCOUNT)]).collect();
        Self { all, settings: if is_here { settings } else { Vec::new() } }
    }
}
