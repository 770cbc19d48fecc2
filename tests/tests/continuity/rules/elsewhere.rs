//! What HTTP alone cannot show, and the tests that show it; and the attacks that have a test of their own.

use std::path::Path;

/// Section, rule, file below the top, test function.
type Proof = (&'static str, &'static str, &'static str, &'static str);

pub(crate) const PROVEN_ELSEWHERE: &[Proof] = &[
    (
        "house constant time",
        "secrets of clients are compared as keyed digests",
        "crates/auth/src/keys/secret.rs",
        "a_digest_depends_on_pepper_client_and_secret",
    ),
    ("house constant time", "form secrets", "crates/console/src/guard.rs", "a_secret_is_repeated_whole"),
    (
        "house constant time",
        "verifiers",
        "crates/auth/src/authorization/exchange.rs",
        "a_verifier_proves_its_challenge",
    ),
    (
        "house sign-in",
        "unknown and disabled are refused after the same work",
        "crates/auth/src/people/tests.rs",
        "unknown_and_disabled_are_refused_alike",
    ),
    (
        "RFC 8725 3",
        "the whole corpus of forged tokens: missing claims, times, types, headers, sizes",
        "crates/auth/src/verifier/forged.rs",
        "every_forged_token_is_refused_for_its_reason",
    ),
    ("house leeway", "five seconds at most", "crates/auth/src/verifier/tests.rs", "clocks_may_differ_by_the_leeway"),
    (
        "house cache",
        "a cached token ends at its time",
        "crates/auth/src/verifier/tests.rs",
        "a_cached_token_ends_at_its_time",
    ),
    (
        "house cache",
        "its key is all of the token",
        "crates/auth/src/verifier/tests.rs",
        "no_other_spelling_of_a_good_token_is_accepted",
    ),
    (
        "house cache",
        "the mark of a revocation lasts as long as its token",
        "crates/auth/src/verifier/revoked.rs",
        "a_mark_lasts_as_long_as_its_token",
    ),
    (
        "RFC 9700 4.14.2",
        "the grace of the token before ends after ten seconds",
        "crates/auth/src/authorization/tests.rs",
        "a_token_of_before_is_good_for_ten_seconds",
    ),
    (
        "house keys",
        "keys turn by schedule, published before and until the last token has expired",
        "crates/auth/src/rotation/tests.rs",
        "a_key_is_published_before_it_signs_and_until_its_last_token_has_expired",
    ),
    (
        "RFC 7523 3",
        "assertions: audience, times, used once",
        "crates/auth/src/keys/assertion.rs",
        "what_is_wrong_proves_nothing",
    ),
    (
        "RFC 9700 2.5",
        "clients sign assertions with every algorithm",
        "tests/tests/continuity/clients.rs",
        "python_clients_use_the_authorization_server",
    ),
    (
        "RFC 6238 5.2",
        "a code is good once, over all who try",
        "crates/auth/src/people/tests.rs",
        "a_code_used_by_many_at_once_signs_one_in",
    ),
    (
        "RFC 6749 4.1.2",
        "a code is good for a minute",
        "crates/auth/src/authorization/tests.rs",
        "a_code_is_good_once_for_who_asked_with_the_proof",
    ),
    ("house sign-in", "networks and IPv6", "crates/auth/src/people/guard.rs", "ipv6_counts_by_network"),
    (
        "house sign-in",
        "one network may not try everybody",
        "crates/auth/src/people/guard.rs",
        "one_network_may_not_try_everybody",
    ),
    (
        "RFC 9700 4.13",
        "the rightmost address that is not trusted",
        "crates/api/src/limits/peer.rs",
        "what_a_client_made_up_does_not_count",
    ),
    (
        "RFC 9700 4.10.2",
        "tokens of other issuers and times",
        "tests/tests/continuity/rules/others.rs",
        "tokens_of_another_time_or_issuer_are_refused",
    ),
    (
        "house compat",
        "address, password and code for a token",
        "tests/tests/continuity/guides/personal.rs",
        "address_password_and_code_are_a_token",
    ),
    (
        "house secrets",
        "private halves of signing keys are sealed wherever they stand",
        "crates/auth/src/rotation/tests.rs",
        "no_private_half_is_in_the_control_log_or_store",
    ),
    (
        "house secrets",
        "nothing that the process writes gives a secret away",
        "tests/tests/continuity/canary.rs",
        "nothing_that_the_process_writes_gives_a_secret_away",
    ),
];

/// Attack, section, file, test function.
pub(crate) const ATTACKS: &[Proof] = &[
    (
        "brute force",
        "house sign-in",
        "tests/tests/continuity/attacks/people.rs",
        "brute_force_is_slowed_and_locks_nobody_out",
    ),
    (
        "brute force",
        "house sign-in",
        "tests/tests/continuity/attacks/people.rs",
        "brute_force_of_a_client_secret_is_slowed",
    ),
    (
        "brute force",
        "house sign-in",
        "crates/console/src/tests/sign_in.rs",
        "guessing_codes_leads_back_to_the_beginning",
    ),
    (
        "enumeration by timing",
        "house sign-in",
        "tests/tests/continuity/attacks/people.rs",
        "enumeration_sees_the_same_answer_after_the_same_work",
    ),
    (
        "CSRF",
        "house CSRF",
        "tests/tests/continuity/attacks/people.rs",
        "csrf_does_nothing_for_somebody_who_is_signed_in",
    ),
    ("CSRF", "house CSRF", "tests/tests/continuity/attacks/people.rs", "csrf_signs_nobody_in"),
    ("session fixation", "house session", "tests/tests/continuity/attacks/people.rs", "session_fixation_gains_nothing"),
    (
        "open redirect",
        "RFC 9700 4.11.2",
        "tests/tests/continuity/attacks/applications.rs",
        "open_redirects_lead_nowhere",
    ),
    ("mix-up", "RFC 9700 4.4.2", "tests/tests/continuity/attacks/applications.rs", "mix_up_shows_in_the_issuer"),
    (
        "code injection",
        "RFC 9700 4.5.3",
        "tests/tests/continuity/attacks/applications.rs",
        "code_injection_gets_nothing_and_a_replay_ends_the_session",
    ),
    (
        "refresh theft",
        "RFC 9700 4.14.2",
        "tests/tests/continuity/attacks/applications.rs",
        "refresh_theft_ends_the_grant_whoever_comes_first",
    ),
];

/// What has to have a test of its own.
const HAVE_TO_BE: [&str; 8] = [
    "brute force",
    "enumeration by timing",
    "CSRF",
    "session fixation",
    "open redirect",
    "mix-up",
    "code injection",
    "refresh theft",
];

/// Whether a text has that function as a test: an attribute stands in front of it.
fn is_tested(source: &str, function: &str) -> bool {
    let Some((before, _)) = source.split_once(&format!("fn {function}(")) else { return false };
    let lines = before.lines().rev().map(str::trim);
    // What the function's own line begins with, then what stands in front of it.
    let lines = lines.skip_while(|line| line.is_empty() || *line == "async");
    let mut attributes = lines.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

#[test]
fn what_is_proven_elsewhere_is_still_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (section, rule, file, function) in PROVEN_ELSEWHERE.iter().chain(ATTACKS) {
        let source = std::fs::read_to_string(top.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(is_tested(&source, function), "{section}, {rule}: {file} has no test {function}");
    }
    for attack in HAVE_TO_BE {
        assert!(ATTACKS.iter().any(|(name, ..)| *name == attack), "{attack} has no test");
    }
}

#[test]
fn a_function_that_is_no_test_is_seen() {
    let source = "#[test]\nfn one() {}\n\n#[tokio::test(flavor = \"multi_thread\")]\n#[ignore]\n    async fn two() {}\n\nfn three() {}\n";
    assert!(is_tested(source, "one") && is_tested(source, "two"));
    assert!(!is_tested(source, "three") && !is_tested(source, "four") && !is_tested(source, "tw"));
}
