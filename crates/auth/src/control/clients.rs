//! The clients in force.

mod row;
mod secrets;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use continuity_base::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use parking_lot::{Mutex, RwLock};
use subtle::Choice;
use url::Url;

use super::event::{Change, ClientUsed};
use super::stamp::ChangeId;
use crate::keys::secret::{self, SecretDigest};
use crate::live::{LiveClient, is_within};
use crate::{AuthError, Authentication, Client, ClientSettings};

pub(crate) use row::ClientRow;
use secrets::Secret;

/// A client that proved who it is.
#[derive(Clone)]
pub(crate) struct Grantee {
    pub(crate) id: String,
    pub(crate) generation: u32,
    pub(crate) settings: Arc<ClientSettings>,
    /// When the secret was made that it proved itself with; `None` when it was no secret.
    secret: Option<Timestamp>,
}

struct Entered {
    row: ClientRow,
    settings: Arc<ClientSettings>,
    /// Where its pages are: the origins of its redirect URIs, if it runs in browsers.
    origins: Vec<String>,
    live: Arc<LiveClient>,
}

/// The origins of an application that cannot keep a secret: it may be a page.
fn origins(settings: &ClientSettings) -> Vec<String> {
    let may_be_a_page = settings.authentication == Authentication::None;
    let urls = settings.redirect_uris.iter().filter(|_| may_be_a_page).filter_map(|uri| Url::parse(uri).ok());
    urls.map(|url| url.origin()).filter(url::Origin::is_tuple).map(|origin| origin.ascii_serialization()).collect()
}

impl Entered {
    fn grantee(&self, secret: Option<Timestamp>) -> Grantee {
        let settings = Arc::clone(&self.settings);
        Grantee { id: self.row.id.clone(), generation: self.row.generation(), settings, secret }
    }

    /// Whether it may have tokens at all, when it is asked from there.
    fn is_open(&self, from: Option<IpAddr>) -> bool {
        self.row.is_enabled() && self.row.is_there() && is_within(&self.settings.allowed_networks, from)
    }
}

/// All clients, in memory: there are few, and every token request and every new token asks for one.
pub(crate) struct Clients {
    by_id: RwLock<BTreeMap<String, Entered>>,
    /// Uses that no record tells of yet: (client, when its secret was made) -> when.
    uses: Mutex<HashMap<(String, Option<Timestamp>), Timestamp>>,
    /// Compared with where there is no client or no secret, so that the work is the same. No secret has it.
    decoy: SecretDigest,
}

impl Clients {
    pub(crate) fn new() -> Result<Self, AuthError> {
        let mut bytes = [0; 32];
        secret::random(&mut bytes)?;
        Ok(Self { by_id: RwLock::default(), uses: Mutex::default(), decoy: SecretDigest::from_bytes(bytes) })
    }

    /// Enters or replaces a client. The live state changes for tokens that are cached too.
    pub(crate) fn put(&self, row: ClientRow) {
        let settings = Arc::new(ClientSettings::from(&row.settings));
        let (terms, origins) = (row.terms(&settings), origins(&settings));
        let mut by_id = self.by_id.write();
        if let Some(entered) = by_id.get_mut(&row.id) {
            entered.live.set(terms);
            (entered.row, entered.settings, entered.origins) = (row, settings, origins);
            return;
        }
        by_id.insert(row.id.clone(), Entered { row, settings, origins, live: Arc::new(LiveClient::new(terms)) });
    }

    /// Records tell of these uses now.
    pub(crate) fn used(&self, uses: &[ClientUsed]) {
        let mut by_id = self.by_id.write();
        for used in uses {
            if let Some(entered) = by_id.get_mut(&used.id) {
                entered.row.used(used);
            }
        }
    }

    /// Whether an enabled application has pages there.
    pub(crate) fn has_origin(&self, origin: &str) -> bool {
        let by_id = self.by_id.read();
        let mut open = by_id.values().filter(|entered| entered.row.is_enabled() && entered.row.is_there());
        open.any(|entered| entered.origins.iter().any(|one| one == origin))
    }

    pub(crate) fn live(&self, id: &str) -> Option<Arc<LiveClient>> {
        self.by_id.read().get(id).map(|entered| Arc::clone(&entered.live))
    }

    #[cfg(test)]
    pub(crate) fn row(&self, id: &str) -> Option<ClientRow> {
        self.by_id.read().get(id).map(|entered| entered.row.clone())
    }

    /// What a change of a client that is made here takes the place of.
    pub(crate) fn superseded_by(&self, change: &Change) -> Vec<ChangeId> {
        let by_id = self.by_id.read();
        by_id.get(change.subject()).map(|entered| entered.row.superseded_by(change)).unwrap_or_default()
    }

    /// Its name, also once it is deleted.
    pub(crate) fn name(&self, id: &str) -> Option<String> {
        self.by_id.read().get(id).map(|entered| entered.row.settings.first.name.clone())
    }

    /// Its settings as they were written; an error when there is none.
    pub(crate) fn settings(&self, id: &str) -> Result<Arc<ClientSettings>, AuthError> {
        self.of(id, |entered| Arc::clone(&entered.settings))
    }

    /// Whether the client is enabled; an error when there is none.
    pub(crate) fn enabled(&self, id: &str) -> Result<bool, AuthError> {
        self.of(id, |entered| entered.row.is_enabled())
    }

    /// Whether the id was ever used.
    pub(crate) fn is_taken(&self, id: &str) -> bool {
        self.by_id.read().get(id).is_some_and(|entered| entered.row.is_taken())
    }

    pub(crate) fn view(&self, id: &str, default_token_seconds: u32) -> Option<Client> {
        self.of(id, |entered| entered.row.view(&entered.settings, default_token_seconds)).ok()
    }

    /// Oldest first.
    pub(crate) fn views(&self, default_token_seconds: u32) -> Vec<Client> {
        let by_id = self.by_id.read();
        let there = by_id.values().filter(|entered| entered.row.is_there());
        let mut views: Vec<_> =
            there.map(|entered| entered.row.view(&entered.settings, default_token_seconds)).collect();
        views.sort_by_key(|client| client.created_at);
        views
    }

    /// The client of that id that may have tokens, asked from there, if the digest is that of a secret that is accepted
    /// now. Two comparisons in constant time whatever the case.
    pub(crate) fn authenticate(
        &self,
        id: &str,
        digest: &SecretDigest,
        now: Timestamp,
        from: Option<IpAddr>,
    ) -> Option<Grantee> {
        let by_id = self.by_id.read();
        let entered = by_id.get(id);
        let present = entered.and_then(|entered| entered.row.secret());
        let previous = entered.and_then(|entered| entered.row.previous());
        let until = previous.map_or(Timestamp::from_micros(i64::MIN), |(_, until)| until);
        let by_present = digest.matches(present.map_or(&self.decoy, |secret| &secret.digest));
        let by_previous = digest.matches(previous.map_or(&self.decoy, |(secret, _)| &secret.digest));
        let by_previous = by_previous & Choice::from(u8::from(now < until));
        let proved = bool::from(by_present | by_previous);
        let with_secret = |entered: &&Entered| entered.settings.authentication == Authentication::ClientSecret;
        let entered = entered.filter(|entered| proved & entered.is_open(from)).filter(with_secret)?;
        let secret = if bool::from(by_present) { present } else { previous.map(|(secret, _)| secret) };
        Some(entered.grantee(secret.map(Secret::made_at)))
    }

    /// The client of that id, if it may have tokens, asked from there, and proves itself with keys of its own: these.
    pub(crate) fn with_keys(&self, id: &str, from: Option<IpAddr>) -> Option<(Grantee, JwkSet)> {
        let by_id = self.by_id.read();
        let entered = by_id.get(id).filter(|entered| entered.is_open(from))?;
        if entered.settings.authentication != Authentication::PrivateKeyJwt {
            return None;
        }
        let keys = serde_json::from_value(entered.settings.jwks.clone()?).ok()?;
        Some((entered.grantee(None), keys))
    }

    /// The client of that id, if it may have tokens, asked from there.
    pub(crate) fn open(&self, id: &str, from: Option<IpAddr>) -> Option<Grantee> {
        let by_id = self.by_id.read();
        by_id.get(id).filter(|entered| entered.is_open(from)).map(|entered| entered.grantee(None))
    }

    /// The client of that id, if it may have tokens, asked from there, and can prove nothing: an application on a person's
    /// device. What it comes with proves the rest.
    pub(crate) fn public(&self, id: &str, from: Option<IpAddr>) -> Option<Grantee> {
        let by_id = self.by_id.read();
        let entered = by_id.get(id).filter(|entered| entered.is_open(from))?;
        (entered.settings.authentication == Authentication::None).then(|| entered.grantee(None))
    }

    /// It was given a token.
    pub(crate) fn note_use(&self, client: &Grantee, now: Timestamp) {
        let news = self.of(&client.id, |entered| entered.row.is_news(client.secret, now));
        if news.is_ok_and(|news| news) {
            self.uses.lock().insert((client.id.clone(), client.secret), now);
        }
    }

    /// Takes the uses that no record tells of yet.
    pub(crate) fn take_uses(&self) -> Vec<ClientUsed> {
        let uses = std::mem::take(&mut *self.uses.lock());
        let used = |((id, secret), at): ((String, Option<Timestamp>), Timestamp)| ClientUsed {
            id,
            secret: secret.map(Timestamp::as_micros),
            at: at.as_micros(),
        };
        uses.into_iter().map(used).collect()
    }

    fn of<T>(&self, id: &str, what: impl FnOnce(&Entered) -> T) -> Result<T, AuthError> {
        let by_id = self.by_id.read();
        let entered = by_id.get(id).filter(|entered| entered.row.is_there());
        entered.map(what).ok_or_else(|| AuthError::UnknownClient(id.to_owned()))
    }
}
