//! Verifications a second with and without the cache of verified tokens, and tokens issued a second.
//!
//! `cargo bench -p continuity-auth`. Rounds of all three are interleaved, the first is dropped, the median counts.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use continuity_auth::{Auth, AuthOptions, ClientSettings, ScopeSet, TokenRequest, TokenResponse};
use continuity_base::{Clock, SystemClock};

const ROUNDS: usize = 7;
const VERIFICATIONS: u32 = 2_000;
const CACHED: u32 = 50_000;
const TOKENS: u32 = 100;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let auth = Auth::open(AuthOptions::new(dir.path(), "https://localhost:8083", Arc::clone(&clock)))?;
    let created = auth.create_client(ClientSettings::named("bench", ScopeSet::all()))?;
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        created.client.id,
        created.secret.unwrap_or_default()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let token = issue(&auth, &body, &runtime)?.access_token;

    let (mut uncached, mut cached, mut issued) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        uncached
            .push(rate(&*clock, VERIFICATIONS, || auth.verify_uncached(&token, None).map(drop).map_err(Into::into))?);
        cached.push(rate(&*clock, CACHED, || auth.verify(&token, None).map(drop).map_err(Into::into))?);
        issued.push(rate(&*clock, TOKENS, || issue(&auth, &body, &runtime).map(drop))?);
    }
    let (uncached, cached, issued) = (median(uncached), median(cached), median(issued));
    let cores = std::thread::available_parallelism()?;
    println!("token of {} bytes, one thread, {cores} cores, optimised: {}", token.len(), !cfg!(debug_assertions));
    println!("verify, signature each time {uncached:>10.0} /s {:>8.2} us", 1e6 / uncached);
    println!("verify, from the cache      {cached:>10.0} /s {:>8.2} us", 1e6 / cached);
    println!("ratio                       {:>10.1}", cached / uncached);
    println!("tokens issued               {issued:>10.0} /s {:>8.2} us", 1e6 / issued);
    Ok(())
}

fn issue(auth: &Auth, body: &str, runtime: &tokio::runtime::Runtime) -> Outcome<TokenResponse> {
    let content_type = Some("application/x-www-form-urlencoded");
    Ok(runtime.block_on(auth.token(TokenRequest {
        content_type,
        authorization: None,
        address: None,
        body: body.as_bytes(),
    }))?)
}

/// Calls a second.
fn rate(clock: &dyn Clock, times: u32, mut call: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let began = clock.monotonic();
    for _ in 0..times {
        black_box(call()?);
    }
    Ok(f64::from(times) / clock.monotonic().saturating_sub(began).as_secs_f64())
}

/// The first round warms up.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.remove(0);
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
