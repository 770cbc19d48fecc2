//! Passkeys (WebAuthn): asked for, made, checked.

use serde_json::Value;
use url::Url;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnBuilder,
};

use super::row::{AccountRow, PasskeyRow};
use crate::AuthError;
use crate::auth::invalid;

/// The relying party: this server, under the name of its host.
pub(crate) struct Passkeys(Option<Webauthn>);

/// A passkey that proved its person, as it is now.
pub(crate) struct Proved {
    pub(crate) id: String,
    pub(crate) credential: String,
}

impl Passkeys {
    /// Browsers make passkeys for host names alone: under an address there are none.
    pub(crate) fn new(issuer: &str) -> Self {
        let url = Url::parse(issuer).ok();
        let named = url.as_ref().and_then(|url| url.domain().map(|domain| (domain.to_owned(), url)));
        let built = named.and_then(|(domain, url)| {
            let builder = WebauthnBuilder::new(&domain, url).ok()?;
            builder.rp_name("Continuity").build().ok()
        });
        Self(built)
    }

    /// Whether there can be any.
    pub(crate) fn is_possible(&self) -> bool {
        self.0.is_some()
    }

    fn party(&self) -> Result<&Webauthn, AuthError> {
        let why = "passkeys need a public URL with a host name; this one has an address";
        self.0.as_ref().ok_or_else(|| AuthError::Invalid(why.to_owned()))
    }

    /// What the browser is asked for to make one, and what is compared with its answer.
    pub(crate) fn begin_new(&self, row: &AccountRow) -> Result<(Value, PasskeyRegistration), AuthError> {
        let id =
            Uuid::parse_str(&row.id).map_err(|_| AuthError::ControlLog(format!("account {} has no UUID", row.id)))?;
        let known: Vec<CredentialID> = stored(row)?.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let started = self.party()?.start_passkey_registration(id, &row.stored.email, &row.stored.name, Some(known));
        let (options, state) = started.map_err(|_| AuthError::Crypto("no passkey can be asked for"))?;
        let mut options = json(&options)?;
        // So that it can be found without an e-mail address first; browsers do what they can.
        options["publicKey"]["authenticatorSelection"]["residentKey"] = "preferred".into();
        Ok((options, state))
    }

    /// The new passkey's id and what is kept of it.
    pub(crate) fn finish_new(&self, answer: &str, state: &PasskeyRegistration) -> Result<(String, String), AuthError> {
        let answer: RegisterPublicKeyCredential = parse(answer)?;
        let passkey = self.party()?.finish_passkey_registration(&answer, state);
        let passkey = passkey.map_err(|error| AuthError::Invalid(format!("the passkey was not taken: {error}")))?;
        Ok((name(passkey.cred_id()), json(&passkey)?.to_string()))
    }

    /// What the browser is asked for: one of the account's passkeys.
    pub(crate) fn begin_known(&self, row: &AccountRow) -> Result<(Value, PasskeyAuthentication), AuthError> {
        let started = self.party()?.start_passkey_authentication(&stored(row)?);
        let (options, state) = started.map_err(|_| AuthError::Crypto("no passkey can be asked for"))?;
        Ok((json(&options)?, state))
    }

    /// What the browser is asked for: a passkey of whomever.
    pub(crate) fn begin_any(&self) -> Result<(Value, DiscoverableAuthentication), AuthError> {
        let started = self.party()?.start_discoverable_authentication();
        let (options, state) = started.map_err(|_| AuthError::Crypto("no passkey can be asked for"))?;
        let mut options = json(&options)?;
        // The person asked for it with a button.
        options.as_object_mut().and_then(|options| options.remove("mediation"));
        Ok((options, state))
    }

    /// The account whose passkey it says to be, unchecked.
    pub(crate) fn claimed(&self, answer: &str) -> Option<String> {
        let answer: PublicKeyCredential = parse(answer).ok()?;
        let (account, _) = self.0.as_ref()?.identify_discoverable_authentication(&answer).ok()?;
        Some(account.to_string())
    }

    /// The passkey of that account, if it proves itself.
    pub(crate) fn finish_any(
        &self,
        answer: &str,
        state: DiscoverableAuthentication,
        row: &AccountRow,
    ) -> Result<Option<Proved>, AuthError> {
        let answer: PublicKeyCredential = parse(answer)?;
        let Some(mut passkey) = named(row, &answer)? else { return Ok(None) };
        let key = DiscoverableKey::from(&passkey);
        let Ok(result) = self.party()?.finish_discoverable_authentication_v2(&answer, state, key) else {
            return Ok(None);
        };
        passkey.update_credential(&result);
        proved(&passkey).map(Some)
    }

    /// The passkey that was asked for, if it proves itself.
    pub(crate) fn finish_known(
        &self,
        answer: &str,
        state: &PasskeyAuthentication,
        row: &AccountRow,
    ) -> Result<Option<Proved>, AuthError> {
        let answer: PublicKeyCredential = parse(answer)?;
        let Some(mut passkey) = named(row, &answer)? else { return Ok(None) };
        let Ok(result) = self.party()?.finish_passkey_authentication(&answer, state) else { return Ok(None) };
        passkey.update_credential(&result);
        proved(&passkey).map(Some)
    }
}

fn proved(passkey: &Passkey) -> Result<Proved, AuthError> {
    Ok(Proved { id: name(passkey.cred_id()), credential: json(passkey)?.to_string() })
}

/// The account's passkey that the answer names.
fn named(row: &AccountRow, answer: &PublicKeyCredential) -> Result<Option<Passkey>, AuthError> {
    let id = name(&answer.raw_id);
    row.passkeys.iter().find(|passkey| passkey.id == id).map(read).transpose()
}

fn stored(row: &AccountRow) -> Result<Vec<Passkey>, AuthError> {
    row.passkeys.iter().map(read).collect()
}

fn read(row: &PasskeyRow) -> Result<Passkey, AuthError> {
    let unreadable = |_| AuthError::ControlLog(format!("passkey {} cannot be read; verify the log", row.id));
    serde_json::from_str(&row.credential).map_err(unreadable)
}

/// A credential's id as text.
fn name(id: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id)
}

fn parse<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T, AuthError> {
    serde_json::from_str(answer).or_else(|_| invalid("the browser's answer about a passkey cannot be read"))
}

fn json<T: serde::Serialize>(what: &T) -> Result<Value, AuthError> {
    serde_json::to_value(what).map_err(|_| AuthError::Crypto("a passkey has no JSON"))
}
