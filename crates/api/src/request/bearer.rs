//! The access token of a request and what it may do (RFC 6750).

use std::net::IpAddr;

use continuity_auth::{Auth, Principal, TokenError};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::endpoint::Access;
use crate::problem::{BAD_REQUEST, Problem};

/// The protection space named in challenges.
pub(crate) const REALM: &str = "continuity";

/// Who calls, if the endpoint asks and the token admits; `None` where nobody asks.
pub(crate) fn admit(
    auth: &Auth,
    access: Access,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Option<Principal>, Problem> {
    if matches!(access, Access::Open) {
        return Ok(None);
    }
    let token = token(headers)?.ok_or_else(|| Problem::unauthorized(REALM, None))?;
    let principal = auth.verify(token, from).map_err(|e| Problem::unauthorized(REALM, Some(e.public_description())))?;
    let needed = match access {
        // Asked for elsewhere; a token of data never opens it.
        Access::Roles { .. } => vec!["admin"],
        Access::AnyOf(scopes) if !principal.scopes.contains_any(scopes) => scopes.iter().map(|s| s.as_str()).collect(),
        Access::OpenId if !principal.person.as_ref().is_some_and(|person| person.may_be_known()) => vec!["openid"],
        _ => return Ok(Some(principal)),
    };
    Err(Problem::scope(REALM, &needed.join(" ")))
}

/// Whose token it is in these headers, which was admitted before, if it still admits; else what may be said of why not.
pub(crate) fn still_admits(
    auth: &Auth,
    access: Access,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Option<Principal>, &'static str> {
    let Access::AnyOf(scopes) = access else { return Ok(None) };
    let token = token(headers).ok().flatten().ok_or("The access token is missing")?;
    let principal = auth.verify(token, from).map_err(TokenError::public_description)?;
    if principal.scopes.contains_any(scopes) { Ok(Some(principal)) } else { Err("The client lost the scope") }
}

/// The token after `Bearer`, in any case. Another scheme counts as no credentials at all (RFC 6750 section 3.1).
pub(crate) fn token(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::new(&BAD_REQUEST, "Send one Authorization header, not several."));
    }
    let Ok(value) = value.to_str() else {
        return Err(Problem::unauthorized(REALM, Some("The access token is invalid")));
    };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_matches(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|v| (AUTHORIZATION, v.parse().unwrap())).collect()
    }

    #[test]
    fn finds_the_token_whatever_the_case_of_its_scheme() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c "] {
            assert_eq!(token(&headers(&[value])).unwrap(), Some("a.b.c"), "{value}");
        }
    }

    #[test]
    fn another_scheme_is_no_credentials() {
        assert_eq!(token(&headers(&[])).unwrap(), None);
        assert_eq!(token(&headers(&["Basic YTpi"])).unwrap(), None);
        assert_eq!(token(&headers(&["Bearer"])).unwrap(), Some(""));
    }

    #[test]
    fn two_headers_are_refused() {
        assert_eq!(token(&headers(&["Bearer a", "Bearer b"])).unwrap_err().kind, &BAD_REQUEST);
    }
}
