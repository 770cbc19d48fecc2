//! Codes and refresh tokens exchanged for access tokens (RFC 6749 sections 4.1.3 and 6).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Timestamp;
use subtle::ConstantTimeEq;

use super::codes::{Granted, Taken};
use super::event::{GrantEvent, GrantStarted};
use super::grants::GrantRow;
use super::id_token::IdClaims;
use super::identity::{Identity, Scopes};
use super::refresh::{self, Standing};
use crate::control::clients::Grantee;
use crate::control::event::{By, Change};
use crate::dpop::Holder;
use crate::token_endpoint::{ByCode, ByRefresh, Minting, OnBehalf};
use crate::{Auth, AuthError, GrantType, OAuthError, TokenResponse};

/// How long a grant that outlives its session lasts at the longest.
const OFFLINE_DAYS: i64 = 30;
const DAY_MICROS: i64 = 86_400_000_000;

impl Auth {
    /// A code, with the proof that it comes from who asked for it (RFC 7636 section 4.6).
    pub(crate) async fn exchange_code(
        &self,
        asked: ByCode,
        holder: Holder,
        by: By,
    ) -> Result<TokenResponse, OAuthError> {
        let ByCode { client, code, redirect_uri, verifier, resource } = asked;
        // A code is used up by being looked at: not while nothing could be signed for it.
        self.endpoint().has_room()?;
        let id = hex::encode(crate::access::random().map_err(|error| unavailable(&error))?);
        let granted = match self.endpoint().codes.take(&code, &id, self.monotonic()) {
            Taken::Good(granted) => *granted,
            Taken::Used { account, grant } => {
                self.end_grant(by, account, grant, "its code was used again").await?;
                return Err(invalid_grant("The code was used before"));
            }
            Taken::Unknown => return Err(invalid_grant("The code is unknown or too old")),
        };
        if granted.client != client.id || granted.redirect_uri != redirect_uri {
            return Err(invalid_grant("The code is for another client or redirect URI"));
        }
        if !proves(&verifier, &granted.challenge) {
            return Err(invalid_grant("The code verifier does not match"));
        }
        self.endpoint().audiences.check(resource.as_deref(), granted.scopes)?;
        holder.has(granted.key.as_deref())?;
        self.use_up(&holder, &client, Some(&granted.account))?;
        let started = self.started(id, &client, &granted)?;
        let on_behalf = on_behalf(&started);
        self.start_grant(by.clone(), started.clone()).await?;
        if let Some(key) = holder.refresh_key(&client).filter(|_| started.refreshes) {
            // No token of it is anywhere yet.
            self.bind_grant(by.clone(), &started, key).await?;
        }
        if self.endpoint().codes.came_again(&code) {
            self.end_grant(by, started.account, started.id, "its code was used again").await?;
            return Err(invalid_grant("The code was used before"));
        }
        let refresh = started.refreshes.then(|| self.endpoint().refresh.make(&started.id, 0));
        let id_token =
            granted.scopes.has(Identity::OpenId).then(|| self.id_claims(&started, granted.scopes, granted.nonce));
        self.mint(
            client,
            granted.scopes,
            on_behalf,
            refresh,
            id_token.transpose().map_err(|error| unavailable(&error))?,
            holder,
        )
        .await
    }

    fn started(&self, id: String, client: &Grantee, granted: &Granted) -> Result<GrantStarted, OAuthError> {
        let offline = granted.scopes.has(Identity::OfflineAccess);
        let refreshes = client.settings.grant_types.contains(&GrantType::RefreshToken);
        let session_until = self.people().place(&granted.session).map(|(_, until)| until);
        let until = match (offline && refreshes, session_until) {
            (true, _) => self.now().as_micros().saturating_add(OFFLINE_DAYS * DAY_MICROS),
            (false, Some(until)) => until,
            (false, None) => return Err(invalid_grant("The session ended that the code came from")),
        };
        Ok(GrantStarted {
            id,
            account: granted.account.clone(),
            account_generation: granted.account_generation,
            client: client.id.clone(),
            client_generation: client.generation,
            session: (!(offline && refreshes)).then(|| granted.session.clone()),
            scopes: granted.scopes.to_string(),
            methods: granted.methods.clone(),
            authenticated_at: granted.authenticated_at,
            refreshes,
            until,
        })
    }

    /// Records a grant, if its person, its application and its consent are still what they were.
    async fn start_grant(&self, by: By, started: GrantStarted) -> Result<(), OAuthError> {
        let recorded = self.off_thread(move |auth| {
            auth.control().change(&by, |force, now| {
                let account = force.people.account(&started.account)?;
                let session = started
                    .session
                    .as_ref()
                    .is_none_or(|id| force.people.place(id).is_some_and(|(_, until)| now.as_micros() < until));
                let client = force
                    .clients
                    .live(&started.client)
                    .is_some_and(|live| live.admit(started.client_generation, crate::live::From::Anywhere).is_ok());
                let consented = force.grants.consented(&started.account, &started.client);
                let agreed = Scopes::parse(&started.scopes).is_ok_and(|scopes| consented.contains_all(scopes));
                let same = account.is_open() && account.generation == started.account_generation;
                if !(same && session && client && agreed) {
                    return Err(AuthError::Conflict("the person, the client or the consent changed".to_owned()));
                }
                Ok(Some(Change::Grant(GrantEvent::Started(started))))
            })
        });
        match recorded.await {
            Err(AuthError::Conflict(_) | AuthError::UnknownAccount(_)) => {
                Err(invalid_grant("The person, the client or the consent is not what it was"))
            }
            other => other.map_err(|error| unavailable(&error)),
        }
    }

    /// Binds the refresh tokens of a grant to a key, if they are bound to none (RFC 9449 section 5).
    async fn bind_grant(&self, by: By, started: &GrantStarted, key: &str) -> Result<(), OAuthError> {
        let (account, id, key) = (started.account.clone(), started.id.clone(), key.to_owned());
        let bound = self.off_thread(move |auth| {
            auth.control().change(&by, |force, _| {
                let gone = || AuthError::Conflict("the grant ended, or is bound to another key".to_owned());
                match force.grants.get(&id).ok_or_else(gone)?.key {
                    None => Ok(Some(Change::Grant(GrantEvent::Bound { account, id, key }))),
                    Some(bound) if bound == key => Ok(None),
                    Some(_) => Err(gone()),
                }
            })
        });
        match bound.await {
            Err(AuthError::Conflict(_)) => Err(invalid_grant("The grant ended, or is bound to another key")),
            other => other.map_err(|error| unavailable(&error)),
        }
    }

    /// A refresh token.
    pub(crate) async fn exchange_refresh(
        &self,
        asked: ByRefresh,
        holder: Holder,
        by: By,
    ) -> Result<TokenResponse, OAuthError> {
        let ByRefresh { client, token, scope, resource } = asked;
        let unknown = || invalid_grant("The refresh token is unknown, expired or revoked");
        let read = self.endpoint().refresh.read(&token).ok_or_else(unknown)?;
        let row = self.grants().get(&read.grant).filter(|row| row.started.client == client.id).ok_or_else(unknown)?;
        // Before it turns: a thief without the key ends nothing.
        holder.has(row.key.as_deref())?;
        let scopes = self.refreshed_scopes(&row, &client, scope.as_deref())?;
        self.endpoint().audiences.check(resource.as_deref(), scopes)?;
        self.use_up(&holder, &client, Some(&row.started.account))?;
        let turned = self.turn(by.clone(), read.grant.clone(), read.number, client.generation).await?;
        let Some(number) = turned else {
            tracing::warn!(client = client.id, grant = read.grant, "a refresh token was used again: its grant ends");
            self.end_grant(by, row.started.account, read.grant, "a refresh token was used again").await?;
            return Err(unknown());
        };
        if let Some(key) = holder.refresh_key(&client).filter(|_| row.key.is_none()) {
            self.bind_grant(by, &row.started, key).await?;
        }
        let refresh = Some(self.endpoint().refresh.make(&read.grant, number));
        let id_token = scopes.has(Identity::OpenId).then(|| self.id_claims(&row.started, scopes, None));
        let id_token = id_token.transpose().map_err(|error| unavailable(&error))?;
        self.mint(client, scopes, on_behalf(&row.started), refresh, id_token, holder).await
    }

    /// No more than was granted, and than client and person have now (RFC 6749 section 6). Clients that were given less than
    /// they asked for ask for all of it again: they get what was granted.
    fn refreshed_scopes(&self, row: &GrantRow, client: &Grantee, asked: Option<&str>) -> Result<Scopes, OAuthError> {
        let account = self.people().account(&row.started.account);
        let account = account.map_err(|_| invalid_grant("The refresh token is unknown, expired or revoked"))?;
        let owned = client.settings.scopes.intersection(account.view().settings.scopes);
        let granted = row.scopes().within(owned);
        let asked = Scopes::parse(asked.unwrap_or_default());
        match asked {
            Ok(scopes) if scopes.is_empty() => Ok(granted),
            Ok(scopes) if client.settings.scopes.contains_all(scopes.data) && !row.scopes().both(scopes).is_empty() => {
                Ok(row.scopes().both(scopes).within(owned))
            }
            _ => Err(OAuthError::bad_request("invalid_scope", "A scope was not granted before")),
        }
    }

    /// The number of the next refresh token; `None` when this one was used before and not just now.
    async fn turn(&self, by: By, grant: String, number: u32, generation: u32) -> Result<Option<u32>, OAuthError> {
        let turned = self.off_thread(move |auth| {
            let mut next = None;
            auth.control().change(&by, |force, now| {
                let gone = || AuthError::Conflict("the grant ended".to_owned());
                let row = force.grants.get(&grant).filter(|row| !row.is_over(now)).ok_or_else(gone)?;
                let account = force.people.account(&row.started.account)?;
                let same = account.is_open()
                    && account.generation == row.started.account_generation
                    && generation == row.started.client_generation;
                // Who works with the application is not idle.
                let idle = auth.desk().policy.idle;
                let session = row.started.session.as_ref().is_none_or(|id| force.people.touch(id, now, idle));
                let agreed = force.grants.consented(&row.started.account, &row.started.client);
                if !same || !session || !row.started.refreshes || !agreed.contains_all(row.scopes()) {
                    return Err(gone());
                }
                match refresh::standing(&row, number, now) {
                    Standing::Reused => Ok(None),
                    Standing::Again => {
                        next = Some(row.number);
                        Ok(None)
                    }
                    Standing::Present => {
                        next = Some(number.saturating_add(1));
                        let (account, id) = (row.started.account, grant.clone());
                        Ok(Some(Change::Grant(GrantEvent::Refreshed { account, id, number: number.saturating_add(1) })))
                    }
                }
            })?;
            Ok(next)
        });
        match turned.await {
            Err(AuthError::Conflict(_) | AuthError::UnknownAccount(_)) => {
                Err(invalid_grant("The refresh token is unknown, expired or revoked"))
            }
            other => other.map_err(|error| unavailable(&error)),
        }
    }

    /// Ends a grant: its refresh and access tokens are refused once this returns. Nothing when it ended before.
    pub(crate) async fn end_grant(&self, by: By, account: String, id: String, why: &str) -> Result<(), OAuthError> {
        if self.grants().get(&id).is_none() {
            return Ok(());
        }
        let event = GrantEvent::Ended { account, id, why: why.to_owned() };
        self.control().append(by, Change::Grant(event)).await.map_err(|error| unavailable(&error))
    }

    fn id_claims(&self, started: &GrantStarted, scopes: Scopes, nonce: Option<String>) -> Result<IdClaims, AuthError> {
        let settings = self.people().account(&started.account)?.view().settings;
        Ok(IdClaims::new(self.issuer(), started, scopes, settings, nonce))
    }

    async fn mint(
        &self,
        client: Grantee,
        scopes: Scopes,
        on_behalf: OnBehalf,
        refresh: Option<zeroize::Zeroizing<String>>,
        id_token: Option<IdClaims>,
        holder: Holder,
    ) -> Result<TokenResponse, OAuthError> {
        let minting = Minting { client, scopes, on_behalf: Some(on_behalf), id_token, key: holder.into_key() };
        let mut response = self.endpoint().issue(minting).await?;
        response.refresh_token = refresh.map(|token| token.to_string());
        Ok(response)
    }
}

pub(crate) fn on_behalf(started: &GrantStarted) -> OnBehalf {
    OnBehalf {
        account: started.account.clone(),
        generation: started.account_generation,
        grant: started.id.clone(),
        until: Timestamp::from_micros(started.until).as_seconds(),
    }
}

/// Whether the SHA-256 of the verifier is the challenge.
fn proves(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return false;
    }
    let hashed = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    hashed.as_bytes().ct_eq(challenge.as_bytes()).into()
}

pub(crate) fn invalid_grant(description: &'static str) -> OAuthError {
    OAuthError::bad_request("invalid_grant", description)
}

pub(crate) fn unavailable(error: &AuthError) -> OAuthError {
    tracing::error!(%error, "a token request failed: nothing could be recorded");
    OAuthError::unavailable("Nothing can be recorded")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn a_verifier_proves_its_challenge() {
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(proves(verifier, challenge));
        for wrong in ["", &verifier[..42], &verifier.replace('d', "e"), &"a".repeat(129), &format!("{verifier} ")] {
            assert!(!proves(wrong, challenge), "{wrong}");
        }
    }
}
