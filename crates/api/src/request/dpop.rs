//! What the scheme `DPoP` has that `Bearer` has not: a proof, and challenges of its own (RFC 9449 section 7).

use continuity_auth::{PROOF_ALGORITHMS, Proof, TokenError};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, Method, Uri};

use super::bearer::REALM;
use crate::problem::{INSUFFICIENT_SCOPE, INVALID_PROOF, INVALID_TOKEN, Problem};

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// What there is of a proof in a request.
pub(crate) fn proof<'a>(headers: &'a HeaderMap, method: &'a Method, uri: &'a Uri) -> Proof<'a> {
    let mut values = headers.get_all(DPOP).iter();
    let jwt = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
    Proof { jwt, method: method.as_str(), path: uri.path() }
}

/// The same, if the request has such a header at all.
pub(crate) fn sent<'a>(headers: &'a HeaderMap, method: &'a Method, uri: &'a Uri) -> Option<Proof<'a>> {
    headers.contains_key(DPOP).then(|| proof(headers, method, uri))
}

/// The challenge to whoever sent no token.
pub(crate) fn challenge() -> String {
    format!("DPoP realm=\"{REALM}\", algs=\"{PROOF_ALGORITHMS}\"")
}

/// 401 for a token or a proof that is refused.
pub(crate) fn refused(error: TokenError) -> Problem {
    let (kind, code) = match error {
        TokenError::BadProof(_) => (&INVALID_PROOF, "invalid_dpop_proof"),
        _ => (&INVALID_TOKEN, "invalid_token"),
    };
    let why = error.public_description();
    let rest = format!("error=\"{code}\", error_description=\"{why}\"");
    Problem::new(kind, format!("{why}.")).header(WWW_AUTHENTICATE, &format!("{}, {rest}", challenge()))
}

/// 403 that names the scopes, one of which is needed.
pub(crate) fn scope(needed: &str) -> Problem {
    let rest = format!("error=\"insufficient_scope\", scope=\"{needed}\"");
    Problem::new(&INSUFFICIENT_SCOPE, format!("The token needs one of these scopes: {needed}."))
        .header(WWW_AUTHENTICATE, &format!("{}, {rest}", challenge()))
}

#[cfg(test)]
mod tests {
    use continuity_auth::ProofFault;
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_proof_counts_and_no_other_number() {
        let (method, uri) = (Method::GET, Uri::from_static("/a/b?c=d"));
        let jwt = |values: &[HeaderValue]| {
            let headers = values.iter().map(|value| (DPOP, value.clone())).collect();
            sent(&headers, &method, &uri).map(|proof| (proof.jwt.map(str::to_owned), proof.path == "/a/b"))
        };
        let one = HeaderValue::from_static("a.b.c");
        assert_eq!(jwt(&[]), None);
        assert_eq!(jwt(std::slice::from_ref(&one)), Some((Some("a.b.c".to_owned()), true)));
        assert_eq!(jwt(&[one.clone(), one]), Some((None, true)), "RFC 9449 section 4.3");
        assert_eq!(jwt(&[HeaderValue::from_bytes(b"\xff").unwrap()]), Some((None, true)));
    }

    #[test]
    fn challenges_follow_rfc_9449() {
        let challenge = |problem: &Problem| problem.headers[0].1.to_str().unwrap().to_owned();
        let begin = "DPoP realm=\"continuity\", algs=\"RS256 PS256 ES256 EdDSA\"";
        assert_eq!(super::challenge(), begin);
        let bad = refused(TokenError::BadProof(ProofFault::Used));
        assert_eq!(bad.kind, &INVALID_PROOF);
        assert!(challenge(&bad).starts_with(&format!("{begin}, error=\"invalid_dpop_proof\", error_description=\"")));
        let other = refused(TokenError::WrongKey);
        assert_eq!(other.kind, &INVALID_TOKEN);
        assert!(challenge(&other).starts_with(&format!("{begin}, error=\"invalid_token\"")), "section 7.1");
        assert!(challenge(&scope("loans:read")).ends_with("error=\"insufficient_scope\", scope=\"loans:read\""));
    }
}
