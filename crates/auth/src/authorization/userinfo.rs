//! The userinfo endpoint (OpenID Connect Core section 5.3).

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::identity::Identity;
use crate::{Auth, TokenError};

impl Auth {
    /// Who the person is whose access token it is; `None` for a token that was not granted `openid`.
    pub fn userinfo(&self, token: &str, from: Option<IpAddr>) -> Result<Option<Value>, TokenError> {
        let principal = self.verify(token, from)?;
        let Some(person) = principal.person.filter(|person| person.may_be_known()) else {
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
