//! Whether the time of a refused sign-in tells who has an account, and what sign-ins cost who checks tokens meanwhile.
//!
//! `cargo bench -p continuity-auth --bench sign_in`. Kinds are interleaved; medians, and the spread of each, count.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use continuity_auth::{
    AccountSettings, Auth, AuthOptions, ClientSettings, Origin, ScopeSet, SignInError, TokenRequest,
};
use continuity_base::{Clock, SystemClock};

const PEOPLE: usize = 120;
const VERIFICATIONS: usize = 100_000;
const AT_ONCE: u8 = 32;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let auth = Auth::open(AuthOptions::new(dir.path(), "https://localhost:8083", Arc::clone(&clock)))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{} cores, optimised: {}", std::thread::available_parallelism()?, !cfg!(debug_assertions));
    timing(&auth, &*clock, &runtime)?;
    beside(&auth, &*clock, &runtime)
}

/// Wrong passwords of people who are there, of those who are not, and of those who are disabled.
fn timing(auth: &Auth, clock: &dyn Clock, runtime: &tokio::runtime::Runtime) -> Outcome<()> {
    let kinds = ["known", "disabled", "unknown"];
    for number in 0..PEOPLE {
        for kind in &kinds[..2] {
            let email = format!("{kind}{number}@bank.example");
            let account =
                auth.create_account(AccountSettings { email, name: "A".into(), ..AccountSettings::default() })?;
            auth.set_temporary_password(&account.id)?;
            auth.set_account_enabled(&account.id, *kind == "known")?;
        }
    }
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for number in 0..PEOPLE {
        for (kind, times) in kinds.iter().zip(&mut times) {
            let (email, origin) = (format!("{kind}{number}@bank.example"), Origin::default());
            let began = clock.monotonic();
            let outcome = runtime.block_on(auth.sign_in(&email, "wrong-password-here", &origin));
            times.push(clock.monotonic().saturating_sub(began));
            assert!(outcome.is_err(), "{email} signed in");
        }
    }
    let unknown = quantile(&mut times[2].clone(), 0.5);
    for (kind, mut times) in kinds.into_iter().zip(times) {
        let (median, low, high) = (quantile(&mut times, 0.5), quantile(&mut times, 0.1), quantile(&mut times, 0.9));
        let ratio = median.as_secs_f64() / unknown.as_secs_f64();
        println!("refused, {kind:<9} median {median:>9.1?}, p10 {low:>9.1?}, p90 {high:>9.1?}, to unknown {ratio:.3}");
    }
    Ok(())
}

/// Tokens checked while nobody and while many sign in.
fn beside(auth: &Auth, clock: &dyn Clock, runtime: &tokio::runtime::Runtime) -> Outcome<()> {
    let created = auth.create_client(ClientSettings::named("bench", ScopeSet::all()))?;
    let secret = created.secret.unwrap_or_default();
    let body = format!("grant_type=client_credentials&client_id={}&client_secret={secret}", created.client.id);
    let request = TokenRequest {
        content_type: Some("application/x-www-form-urlencoded"),
        authorization: None,
        address: None,
        body: body.as_bytes(),
    };
    let token = runtime.block_on(auth.token(request))?.access_token;
    for (kind, people) in [("nobody signs in", 0), ("many sign in", AT_ONCE), ("nobody signs in", 0)] {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        for person in 0..people {
            let (auth, stop, done) = (auth.clone(), Arc::clone(&stop), Arc::clone(&done));
            runtime.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    // Of many networks and addresses, so that each is looked at.
                    let number = done.fetch_add(1, Ordering::Relaxed);
                    let address = Some(IpAddr::from([10, person, number.to_be_bytes()[2], number.to_be_bytes()[3]]));
                    let origin = Origin { address, ..Origin::default() };
                    let outcome =
                        auth.sign_in(&format!("{person}-{number}@bank.example"), "wrong-password-here", &origin).await;
                    assert!(matches!(outcome, Err(SignInError::Refused)), "{outcome:?}");
                }
            });
        }
        let mut times = Vec::with_capacity(VERIFICATIONS);
        for _ in 0..VERIFICATIONS {
            let began = clock.monotonic();
            auth.verify_uncached(&token, None)?;
            times.push(clock.monotonic().saturating_sub(began));
        }
        stop.store(true, Ordering::Relaxed);
        let (median, high) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
        println!(
            "verify, {kind:<16} median {median:>9.1?}, p99 {high:>9.1?}, {} sign-ins",
            done.load(Ordering::Relaxed)
        );
    }
    Ok(())
}

fn quantile(times: &mut [Duration], at: f64) -> Duration {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (times.len() as f64 * at) as usize;
    times[index.min(times.len() - 1)]
}
