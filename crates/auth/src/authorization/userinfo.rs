//! The userinfo endpoint (OpenID Connect Core section 5.3).

use serde_json::{Map, Value};

use super::identity::Identity;
use crate::{Auth, Principal, TokenError};

impl Auth {
    /// Who the person is whose access token was checked; `None` for a token that was not granted `openid`.
    pub fn userinfo(&self, principal: &Principal) -> Result<Option<Value>, TokenError> {
        let Some(person) = principal.person.as_ref().filter(|person| person.may_be_known()) else {
            return Ok(None);
        };
        let account = self.people().account(&person.account).map_err(|_| TokenError::UnknownAccount)?.view();
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), account.id.into());
        if person.scopes.has(Identity::Profile) {
            claims.insert("name".to_owned(), account.settings.name.into());
        }
        if person.scopes.has(Identity::Email) {
            claims.insert("email".to_owned(), account.settings.email.into());
        }
        Ok(Some(Value::Object(claims)))
    }
}
