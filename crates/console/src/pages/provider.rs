//! `/console/sign-in/provider`: to the bank's own provider, and back.

use axum::response::Response;
use continuity_auth::{ProviderError, Step};
use continuity_provider::Provider;

use super::sign_in::enter;
use super::{second_factor, trouble};
use crate::cookies::{AT_PROVIDER, STEP_FROM_PROVIDER};
use crate::next;
use crate::reply::see_other;
use crate::visit::{Visit, random};

pub(crate) const PATH: &str = "/console/sign-in/provider";
pub(crate) const CALLBACK: &str = "/console/sign-in/provider/callback";

/// Sends a person there. The browser is given what it has to bring back; several of its tabs share that.
pub(crate) async fn go(visit: Visit) -> Response {
    let Some(provider) = &visit.console.provider else { return trouble::no_page(&visit) };
    let browser = visit.at_provider.clone().unwrap_or_else(random);
    match address(&visit, provider, &browser).await {
        Ok(address) => {
            let mut response = see_other(&address);
            AT_PROVIDER.set(response.headers_mut(), &browser);
            response
        }
        Err(error) => refused(&visit, provider, &error),
    }
}

async fn address(visit: &Visit, provider: &Provider, browser: &str) -> Result<String, ProviderError> {
    // Who is signed in and comes here nevertheless is to prove it once more.
    let again = visit.session.is_some();
    let request = visit.console.auth.begin_at_provider(browser, visit.next().as_deref(), again, &visit.from)?;
    provider.address(&request).await
}

/// Somebody comes back.
pub(crate) async fn back(visit: Visit) -> Response {
    let Some(provider) = &visit.console.provider else { return trouble::no_page(&visit) };
    let (step, next) = match come(&visit, provider).await {
        Ok(came) => came,
        Err(error) => return refused(&visit, provider, &error),
    };
    continuity_auth::metrics::provider_sign_in(None);
    let next = next.as_deref().and_then(next::local);
    let mut response = match step {
        Step::SignedIn(signed_in) => enter(&signed_in, next),
        Step::SecondFactor(wanted) => second_factor::begin_with(STEP_FROM_PROVIDER, &wanted, next),
    };
    AT_PROVIDER.clear(response.headers_mut());
    response
}

/// What comes next for whom the provider vouched, and where to go on. What was begun is used up by the first look.
async fn come(visit: &Visit, provider: &Provider) -> Result<(Step, Option<String>), ProviderError> {
    let (query, auth) = (visit.query(), &visit.console.auth);
    let returned = auth.back_from_provider(query.get("state"), visit.at_provider.as_deref().unwrap_or_default())?;
    provider.check_issuer(query.given("iss")).await?;
    if let Some(error) = query.given("error") {
        return Err(told(error));
    }
    let no_code = || ProviderError::Invalid("it brings neither a code nor an error".to_owned());
    let who = provider.identify(query.given("code").ok_or_else(no_code)?, &returned).await?;
    let step = auth.sign_in_from_provider(&who, &visit.from).await?;
    Ok((step, returned.next))
}

/// What an error of the provider means (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6).
fn told(error: &str) -> ProviderError {
    let named = format!("it says {:?}", error.chars().take(100).collect::<String>());
    match error {
        "access_denied" | "login_required" | "consent_required" | "interaction_required" => {
            ProviderError::Denied(named)
        }
        "temporarily_unavailable" | "server_error" => ProviderError::Unreachable(named),
        _ => ProviderError::Invalid(named),
    }
}

fn refused(visit: &Visit, provider: &Provider, error: &ProviderError) -> Response {
    let reason = error.reason();
    match error {
        ProviderError::Unreachable(_) | ProviderError::Invalid(_) | ProviderError::Failed(_) => {
            tracing::warn!(reason, %error, "a sign-in at the provider failed");
        }
        _ => tracing::debug!(reason, %error, "a sign-in at the provider was refused"),
    }
    continuity_auth::metrics::provider_sign_in(Some(error));
    trouble::at_provider(visit, provider.name(), error)
}
