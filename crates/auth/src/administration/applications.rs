//! Applications: clients that people register for people. They act for whoever lets them in, and for nobody else: what they
//! may ask for is what the person who registered them may read.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::auth::invalid;
use crate::client::settings::scope_names;
use crate::{Account, Auth, AuthError, Authentication, Client, ClientSettings, Created, GrantType, Role, ScopeSet};

/// Applications that one person may have.
const MAX_APPLICATIONS: usize = 20;

/// What its person decides of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplicationSettings {
    /// For people; 1 to 200 characters.
    pub name: String,
    /// For people; may be empty, at most 2,000 characters.
    #[serde(default)]
    pub description: String,
    /// What it may ask people for.
    #[serde(with = "scope_names")]
    pub scopes: ScopeSet,
    /// How it proves who it is: on a device or in a browser it cannot, and is `none`.
    #[serde(default, rename = "tokenEndpointAuthMethod")]
    pub authentication: Authentication,
    /// Where people are sent back to.
    pub redirect_uris: Vec<String>,
    /// Its public keys, if it proves who it is with one: a JWK Set (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Whether it may go on for a person without asking each time.
    #[serde(default)]
    pub refreshes: bool,
    /// Whether its tokens are bound to a key of its own (RFC 9449).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens: bool,
}

impl ApplicationSettings {
    /// Puts them into the settings of a client, which keeps what an administrator decided of it.
    fn put(self, client: &mut ClientSettings) {
        client.name = self.name;
        client.description = self.description;
        client.scopes = self.scopes;
        client.authentication = self.authentication;
        client.redirect_uris = self.redirect_uris;
        client.jwks = self.jwks;
        client.dpop_bound_access_tokens = self.dpop_bound_access_tokens;
        let for_itself = client.grant_types.contains(&GrantType::ClientCredentials);
        client.grant_types = for_itself.then_some(GrantType::ClientCredentials).into_iter().collect();
        client.grant_types.push(GrantType::AuthorizationCode);
        client.grant_types.extend(self.refreshes.then_some(GrantType::RefreshToken));
    }

    fn of(client: &ClientSettings) -> Self {
        Self {
            name: client.name.clone(),
            description: client.description.clone(),
            scopes: client.scopes,
            authentication: client.authentication,
            redirect_uris: client.redirect_uris.clone(),
            jwks: client.jwks.clone(),
            refreshes: client.grant_types.contains(&GrantType::RefreshToken),
            dpop_bound_access_tokens: client.dpop_bound_access_tokens,
        }
    }
}

impl Auth {
    /// The applications that an account looks after; an administrator sees those of everybody.
    pub fn applications(&self, of: &Account) -> Vec<Client> {
        let mut clients = self.list_clients();
        clients.retain(|client| looks_after(of, &client.settings));
        clients
    }

    /// One of them.
    pub fn application(&self, of: &Account, id: &str) -> Result<Client, AuthError> {
        let client = self.client(id).filter(|client| looks_after(of, &client.settings));
        client.ok_or_else(|| AuthError::UnknownClient(id.to_owned()))
    }

    /// Registers an application, with its secret where it has one. Blocks until it is durable.
    pub fn register_application(&self, of: &Account, settings: ApplicationSettings) -> Result<Created, AuthError> {
        let own = |client: &Client| client.settings.owner.as_ref() == Some(&of.id);
        if self.applications(of).iter().filter(|client| own(client)).count() >= MAX_APPLICATIONS {
            let full = "a person may have 20 applications; delete one first, or ask an administrator for a client";
            return Err(AuthError::Conflict(full.to_owned()));
        }
        within(of, settings.scopes)?;
        // Whoever lets it in, it shows no more than its developer may see.
        let Account { settings: own, id, .. } = of;
        let (teams, channel_kinds) = if of.has_role(Role::Admin) {
            (Vec::new(), Vec::new())
        } else {
            (own.teams.clone(), own.channel_kinds.clone())
        };
        let mut client = ClientSettings { owner: Some(id.clone()), teams, channel_kinds, ..ClientSettings::default() };
        settings.put(&mut client);
        self.create_client(client)
    }

    /// Gives an application what `change` makes of its settings. Blocks until it is durable.
    pub fn change_application(
        &self,
        of: &Account,
        id: &str,
        change: impl FnOnce(&ApplicationSettings) -> Result<ApplicationSettings, AuthError>,
    ) -> Result<Client, AuthError> {
        self.application(of, id)?;
        self.change_client_with(id, |before| {
            let settings = change(&ApplicationSettings::of(before))?;
            if !of.has_role(Role::Admin) {
                may_change(of, before, settings.scopes)?;
            }
            if !looks_after(of, before) {
                return Err(AuthError::UnknownClient(id.to_owned()));
            }
            let mut client = before.clone();
            settings.put(&mut client);
            Ok(client)
        })
    }

    /// A new secret for an application, as [`Auth::rotate_secret`].
    pub fn rotate_application(&self, of: &Account, id: &str, overlap: Duration) -> Result<Created, AuthError> {
        self.application(of, id)?;
        self.rotate_secret(id, overlap)
    }

    /// Deletes an application for good, with whatever people let it do. Blocks until it is durable.
    pub fn delete_application(&self, of: &Account, id: &str) -> Result<(), AuthError> {
        self.application(of, id)?;
        self.delete_client(id)
    }
}

/// Whether it is one that somebody registered, and `of` may decide on it.
fn looks_after(of: &Account, settings: &ClientSettings) -> bool {
    settings.owner.as_ref().is_some_and(|owner| *owner == of.id || of.has_role(Role::Admin))
}

/// What an administrator gave beyond what its developer may stays, and nobody else adds to it.
fn may_change(of: &Account, before: &ClientSettings, scopes: ScopeSet) -> Result<(), AuthError> {
    if before.may_administer || before.grant_types.contains(&GrantType::ClientCredentials) {
        let why = "an administrator gave this application more than a developer may; ask one to change it";
        return Err(AuthError::Conflict(why.to_owned()));
    }
    let added: ScopeSet = scopes.iter().filter(|scope| !before.scopes.contains(*scope)).collect();
    within(of, added)
}

fn within(of: &Account, scopes: ScopeSet) -> Result<(), AuthError> {
    if of.has_role(Role::Admin) || of.settings.scopes.contains_all(scopes) {
        return Ok(());
    }
    invalid("an application may ask for no more than you may read yourself; ask an administrator for a client that may")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::tests::Bench;
    use crate::{AccountSettings, Scope};

    fn account(bench: &Bench, email: &str, role: Role, scopes: &[Scope]) -> Account {
        let scopes = scopes.iter().copied().collect();
        let (email, name) = (email.to_owned(), "Somebody".to_owned());
        let settings = AccountSettings { email, name, roles: vec![role], scopes, ..AccountSettings::default() };
        bench.auth.create_account(settings).unwrap()
    }

    fn settings(scopes: &[Scope]) -> ApplicationSettings {
        ApplicationSettings {
            name: "Loan pad".to_owned(),
            description: String::new(),
            scopes: scopes.iter().copied().collect(),
            authentication: Authentication::ClientSecret,
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            jwks: None,
            refreshes: true,
            dpop_bound_access_tokens: false,
        }
    }

    #[test]
    fn a_person_registers_what_acts_for_people_alone() {
        let bench = Bench::new();
        let jane = account(&bench, "jane@bank.example", Role::Developer, &[Scope::LoansRead, Scope::BidsRead]);
        let created = bench.auth.register_application(&jane, settings(&[Scope::LoansRead])).unwrap();
        let client = created.client;
        assert!(created.secret.is_some() && client.settings.owner.as_ref() == Some(&jane.id));
        assert_eq!(client.settings.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        let beyond = bench.auth.register_application(&jane, settings(&[Scope::AuditRead])).unwrap_err();
        assert!(beyond.to_string().contains("no more than you may read yourself"), "{beyond}");
        let nowhere = ApplicationSettings { redirect_uris: Vec::new(), ..settings(&[Scope::LoansRead]) };
        assert!(bench.auth.register_application(&jane, nowhere).is_err(), "people have to be sent back somewhere");
    }

    #[test]
    fn others_do_not_see_it_but_administrators_do() {
        let bench = Bench::new();
        let jane = account(&bench, "jane@bank.example", Role::Developer, &[Scope::LoansRead]);
        let joe = account(&bench, "joe@bank.example", Role::Developer, &[Scope::LoansRead]);
        let admin = account(&bench, "admin@bank.example", Role::Admin, &[]);
        let auth = &bench.auth;
        let id = auth.register_application(&jane, settings(&[Scope::LoansRead])).unwrap().client.id;
        let service = auth.create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap().client.id;
        for (who, sees) in [(&jane, 1), (&joe, 0), (&admin, 1)] {
            assert_eq!(auth.applications(who).len(), sees, "{}", who.settings.email);
        }
        for (who, id) in [(&joe, &id), (&jane, &service), (&admin, &service)] {
            assert!(matches!(auth.application(who, id), Err(AuthError::UnknownClient(_))));
            assert!(auth.change_application(who, id, |same| Ok(same.clone())).is_err());
            assert!(auth.rotate_application(who, id, Duration::ZERO).is_err());
            assert!(auth.delete_application(who, id).is_err());
        }
        auth.rotate_application(&admin, &id, Duration::ZERO).unwrap();
        auth.delete_application(&jane, &id).unwrap();
        assert!(auth.applications(&admin).is_empty() && auth.client(&service).is_some());
    }

    #[test]
    fn what_an_administrator_decided_stays() {
        let bench = Bench::new();
        let jane = account(&bench, "jane@bank.example", Role::Developer, &[Scope::LoansRead]);
        let id = bench.auth.register_application(&jane, settings(&[Scope::LoansRead])).unwrap().client.id;
        let more = |before: &ClientSettings| {
            let scopes = before.scopes.with(Scope::AuditRead);
            Ok(ClientSettings { scopes, teams: vec!["north".to_owned()], ..before.clone() })
        };
        bench.auth.change_client_with(&id, more).unwrap();
        let renamed = |before: &ApplicationSettings| before.merged(&serde_json::json!({"name": "Pad"}));
        let client = bench.auth.change_application(&jane, &id, renamed).unwrap();
        assert_eq!(client.settings.teams, ["north"]);
        assert_eq!((client.settings.name.as_str(), client.settings.owner), ("Pad", Some(jane.id.clone())));
        let beyond = |_: &ApplicationSettings| Ok(settings(&[Scope::LoansRead, Scope::BidsRead]));
        assert!(bench.auth.change_application(&jane, &id, beyond).is_err());
        let back = |before: &ApplicationSettings| {
            before.merged(&serde_json::json!({"redirectUris": ["https://evil.example/cb"]}))
        };
        for more in [
            |before: &ClientSettings| Ok(ClientSettings { may_administer: true, ..before.clone() }),
            |before: &ClientSettings| {
                let mut grant_types = before.grant_types.clone();
                grant_types.push(GrantType::ClientCredentials);
                Ok(ClientSettings { may_administer: false, grant_types, ..before.clone() })
            },
        ] {
            bench.auth.change_client_with(&id, more).unwrap();
            let changed = bench.auth.change_application(&jane, &id, back);
            assert!(
                matches!(changed, Err(AuthError::Conflict(_))),
                "with consents that were given it would go elsewhere"
            );
        }
    }

    #[test]
    fn nobody_has_more_than_twenty() {
        let bench = Bench::new();
        let jane = account(&bench, "jane@bank.example", Role::Developer, &[Scope::LoansRead]);
        for _ in 0..MAX_APPLICATIONS {
            bench.auth.register_application(&jane, settings(&[Scope::LoansRead])).unwrap();
        }
        let full = bench.auth.register_application(&jane, settings(&[Scope::LoansRead])).unwrap_err();
        assert!(matches!(full, AuthError::Conflict(_)), "{full}");
    }
}
