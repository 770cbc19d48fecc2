//! The access token of a request and what it may do (RFC 6750, RFC 9449).

use std::net::IpAddr;

use continuity_auth::{Auth, Principal, Purpose, Scope, Session, TokenError};
use http::HeaderMap;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;

use super::dpop;
use crate::ApiState;
use crate::endpoint::Access;
use crate::problem::{BAD_REQUEST, EXPIRED_TOKEN, Problem};

/// The protection space named in challenges.
pub(crate) const REALM: &str = "continuity";

/// A token, and the scheme that it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    Bearer(&'a str),
    /// With proofs of the key that it is bound to.
    Dpop(&'a str),
}

/// Who calls, if the endpoint asks and the token admits; `None` where nobody asks.
pub(crate) fn admit(
    state: &ApiState,
    access: Access,
    parts: &Parts,
    from: Option<IpAddr>,
) -> Result<Option<Principal>, Problem> {
    if matches!(access, Access::Open) {
        return Ok(None);
    }
    let presented = presented(&parts.headers)?.ok_or_else(no_token)?;
    let purpose = if matches!(access, Access::OpenId) { Purpose::Identity } else { Purpose::Data };
    let principal = verified(state, purpose, presented, parts, from)?;
    let needed = match access {
        Access::AnyOf(scopes) if !principal.scopes.contains_any(scopes) => scopes.iter().map(|s| s.as_str()).collect(),
        Access::OpenId if !principal.person.as_ref().is_some_and(|person| person.may_be_known()) => vec!["openid"],
        _ => return Ok(Some(principal)),
    };
    let needed = needed.join(" ");
    Err(match presented {
        Presented::Bearer(_) => Problem::scope(REALM, &needed),
        Presented::Dpop(_) => dpop::scope(&needed),
    })
}

/// The person of a session for whom a page asks, if one of the scopes is there.
pub(crate) fn within(session: &Session, scopes: &[Scope]) -> Result<Principal, Problem> {
    let principal = session.reader();
    if principal.scopes.contains_any(scopes) {
        return Ok(principal);
    }
    let needed: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    Err(Problem::scope(REALM, &needed.join(" ")))
}

/// 401 for whoever sent no token: both schemes are named.
pub(crate) fn no_token() -> Problem {
    Problem::unauthorized(REALM, None).header(WWW_AUTHENTICATE, &dpop::challenge())
}

/// Whose token it is, with its proof if it needs one.
pub(crate) fn verified(
    state: &ApiState,
    purpose: Purpose,
    presented: Presented<'_>,
    parts: &Parts,
    from: Option<IpAddr>,
) -> Result<Principal, Problem> {
    let auth = &state.auth;
    match presented {
        Presented::Bearer(token) => auth.verify_for(purpose, token, from).map_err(|error| match error {
            TokenError::Bound => dpop::refused(error),
            TokenError::Expired if state.expired_is_forbidden => {
                Problem::new(&EXPIRED_TOKEN, "Get another one from the token endpoint.")
            }
            _ => Problem::unauthorized(REALM, Some(error.public_description())),
        }),
        Presented::Dpop(token) => {
            let proof = dpop::proof(&parts.headers, &parts.method, &parts.uri);
            auth.verify_bound(purpose, token, &proof, from).map_err(dpop::refused)
        }
    }
}

/// Whose token it is in these headers, which was admitted before, with its proof if it needs one, if it still admits; else
/// what may be said of why not.
pub(crate) fn still_admits(
    auth: &Auth,
    access: Access,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Option<Principal>, &'static str> {
    let Access::AnyOf(scopes) = access else { return Ok(None) };
    let presented = presented(headers).ok().flatten().ok_or("The access token is missing")?;
    let verified = match presented {
        Presented::Bearer(token) => auth.verify(token, from),
        Presented::Dpop(token) => auth.verify_bound_again(token, from),
    };
    let principal = verified.map_err(TokenError::public_description)?;
    if principal.scopes.contains_any(scopes) { Ok(Some(principal)) } else { Err("The client lost the scope") }
}

/// The token after `Bearer` or `DPoP`, in any case. Another scheme counts as no credentials at all (RFC 6750 section 3.1).
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<Presented<'_>>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::new(&BAD_REQUEST, "Send one Authorization header, not several."));
    }
    let Ok(value) = value.to_str() else {
        return Err(Problem::unauthorized(REALM, Some("The access token is invalid")));
    };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let token = rest.trim_matches(' ');
    Ok(match scheme {
        scheme if scheme.eq_ignore_ascii_case("bearer") => Some(Presented::Bearer(token)),
        scheme if scheme.eq_ignore_ascii_case("dpop") => Some(Presented::Dpop(token)),
        _ => None,
    })
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
            assert_eq!(presented(&headers(&[value])).unwrap(), Some(Presented::Bearer("a.b.c")), "{value}");
        }
        for value in ["DPoP a.b.c", "dpop  a.b.c"] {
            assert_eq!(presented(&headers(&[value])).unwrap(), Some(Presented::Dpop("a.b.c")), "{value}");
        }
    }

    #[test]
    fn another_scheme_is_no_credentials() {
        assert_eq!(presented(&headers(&[])).unwrap(), None);
        assert_eq!(presented(&headers(&["Basic YTpi"])).unwrap(), None);
        assert_eq!(presented(&headers(&["Bearer"])).unwrap(), Some(Presented::Bearer("")));
    }

    #[test]
    fn two_headers_are_refused() {
        assert_eq!(presented(&headers(&["Bearer a", "DPoP b"])).unwrap_err().kind, &BAD_REQUEST);
    }
}
