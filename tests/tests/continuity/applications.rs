//! The crates oauth2 and openidconnect as applications that a person lets in.

use std::future::Future;
use std::pin::Pin;

use continuity_tests::harness::{Demo, Failure, Running, binary};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, PkceCodeChallenge,
    RedirectUrl, RefreshToken, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{IssuerUrl, Nonce, RevocationUrl};
use serde_json::Value;

use crate::clients::{invite_jane, jane};

const BACK: &str = "https://app.example/callback";

/// What both crates send their requests with: redirects are not followed.
#[derive(Clone)]
struct Http(reqwest::Client);

type Answer = Pin<Box<dyn Future<Output = Result<HttpResponse, Failed>> + Send>>;

#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl Http {
    fn new(demo: &Running) -> Result<Self, Failure> {
        let authority = reqwest::Certificate::from_pem(&std::fs::read(demo.told("caFile")?)?)?;
        let client = reqwest::Client::builder().tls_certs_only([authority]);
        Ok(Self(client.redirect(reqwest::redirect::Policy::none()).build()?))
    }

    fn send(&self, request: HttpRequest) -> Answer {
        let client = self.0.clone();
        Box::pin(async move {
            let failed = |error: reqwest::Error| Failed(error.to_string());
            let (parts, body) = request.into_parts();
            let sent = client.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
            let answer = sent.send().await.map_err(failed)?;
            let mut response = HttpResponse::new(Vec::new());
            (*response.status_mut(), *response.headers_mut()) = (answer.status(), answer.headers().clone());
            *response.body_mut() = answer.bytes().await.map_err(failed)?.to_vec();
            Ok(response)
        })
    }
}

/// An application: its id and secret.
fn application(demo: &Running, authentication: &str) -> Result<(String, Option<String>), Failure> {
    let mut create = std::process::Command::new(binary()?);
    create.args([
        "client",
        "create",
        "--name",
        authentication,
        "--scopes",
        "loans:read",
        "--redirect-uri",
        BACK,
        "--json",
    ]);
    create.args(["--grant", "authorization_code", "--grant", "refresh_token", "--authentication", authentication]);
    let made: Value = serde_json::from_slice(&create.arg("--data-dir").arg(demo.data_dir()).output()?.stdout)?;
    let text = |name: &str| made[name].as_str().map(str::to_owned);
    Ok((text("id").ok_or("a client without an id")?, text("secret")))
}

/// The code and the state that Jane comes back with.
async fn let_in(demo: &Running, url: &str) -> Result<(AuthorizationCode, String), Failure> {
    let back = reqwest::Url::parse(&jane(demo, url, "").await?)?;
    let get = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let code = get("code").ok_or_else(|| format!("no code in {back}"))?;
    Ok((AuthorizationCode::new(code), get("state").unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_applications_are_let_in() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("3").argument("--rate").argument("0").start().await?;
    invite_jane(&demo).await?;
    let http = Http::new(&demo)?;
    with_openidconnect(&demo, &http).await?;
    with_oauth2(&demo, &http).await
}

async fn with_openidconnect(demo: &Running, http: &Http) -> Result<(), Failure> {
    let send = |request| http.send(request);
    let issuer = IssuerUrl::new(demo.told("baseUrl")?.to_owned())?;
    let metadata = CoreProviderMetadata::discover_async(issuer, &send).await?;
    let revocation = RevocationUrl::new(format!("{}/oauth/revoke", demo.told("baseUrl")?))?;
    let (id, secret) = application(demo, "client_secret")?;
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(id), secret.map(ClientSecret::new))
        .set_redirect_uri(RedirectUrl::new(BACK.to_owned())?)
        .set_revocation_url(revocation);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["email", "offline_access", "loans:read"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let (code, returned) = let_in(demo, url.as_str()).await?;
    assert_eq!(&returned, state.secret());
    let tokens = client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&send).await?;
    let claims = openidconnect::TokenResponse::id_token(&tokens).ok_or("no ID token")?;
    let claims = claims.claims(&client.id_token_verifier(), &nonce)?;
    let subject = Some(claims.subject().clone());
    let told: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), subject)?.request_async(&send).await?;
    assert_eq!(told.email().map(|email| email.as_str()), Some(crate::clients::JANE));
    let refresh: &RefreshToken = tokens.refresh_token().ok_or("no refresh token")?;
    let next = client.exchange_refresh_token(refresh)?.request_async(&send).await?;
    let next = next.refresh_token().ok_or("no next refresh token")?.clone();
    assert_ne!(next.secret(), refresh.secret());
    client.revoke_token(openidconnect::core::CoreRevocableToken::from(next.clone()))?.request_async(&send).await?;
    assert!(client.exchange_refresh_token(&next)?.request_async(&send).await.is_err());
    Ok(())
}

async fn with_oauth2(demo: &Running, http: &Http) -> Result<(), Failure> {
    let send = |request| http.send(request);
    let base = demo.told("baseUrl")?;
    let (id, _) = application(demo, "none")?;
    let client = BasicClient::new(ClientId::new(id))
        .set_auth_uri(AuthUrl::new(format!("{base}/oauth/authorize"))?)
        .set_token_uri(TokenUrl::new(format!("{base}/oauth/token"))?)
        .set_revocation_url(RevocationUrl::new(format!("{base}/oauth/revoke"))?)
        .set_redirect_uri(RedirectUrl::new(BACK.to_owned())?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let scope = Scope::new("loans:read".to_owned());
    let (url, state) = client.authorize_url(CsrfToken::new_random).add_scope(scope).set_pkce_challenge(challenge).url();
    let (code, returned) = let_in(demo, url.as_str()).await?;
    assert_eq!(&returned, state.secret());
    let tokens = client.exchange_code(code).set_pkce_verifier(verifier).request_async(&send).await?;
    assert_eq!(TokenResponse::scopes(&tokens).map(Vec::len), Some(1));
    let token: StandardRevocableToken = TokenResponse::access_token(&tokens).into();
    client.revoke_token(token)?.request_async(&send).await?;
    Ok(())
}
