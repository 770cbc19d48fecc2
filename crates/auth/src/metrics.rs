//! The metrics of this crate.

#[cfg(test)]
mod tests;

use metrics::{Counter, Unit, counter, describe_counter, describe_gauge, describe_histogram};

use crate::{OAuthError, ProviderError, TokenError, TokenResponse};

/// Access tokens issued.
pub const TOKENS_ISSUED: &str = "continuity_auth_tokens_issued_total";
/// Token requests refused, by `error` (RFC 6749 section 5.2).
pub const TOKEN_REQUESTS_REFUSED: &str = "continuity_auth_token_requests_refused_total";
/// Access tokens refused, by `reason`.
pub const TOKENS_REFUSED: &str = "continuity_auth_tokens_refused_total";
/// Verifications answered by the cache.
pub const CACHE_HITS: &str = "continuity_auth_verified_cache_hits_total";
/// Verifications that had to check the signature.
pub const CACHE_MISSES: &str = "continuity_auth_verified_cache_misses_total";
/// Reads of sensitive data recorded.
pub const ACCESSES_RECORDED: &str = "continuity_auth_accesses_recorded_total";
/// Reads of sensitive data refused because they could not be recorded.
pub const ACCESSES_REFUSED: &str = "continuity_auth_accesses_refused_total";
/// Other reads that are in a record.
pub const READS_RECORDED: &str = "continuity_auth_reads_recorded_total";
/// Rows of these records: client, loan, operation and period.
pub const READ_ROWS_RECORDED: &str = "continuity_auth_read_rows_recorded_total";
/// Other reads that are in no record and never will be.
pub const READS_UNRECORDED: &str = "continuity_auth_reads_unrecorded_total";
/// Rows that wait in memory for their period to be over.
pub const READ_ROWS_PENDING: &str = "continuity_auth_read_rows";
/// For how long the oldest period with unwritten reads has been over.
pub const READS_BEHIND: &str = "continuity_auth_reads_behind_seconds";
/// Whether the control log takes records: 1 or 0.
pub const CONTROL_LOG_WRITABLE: &str = "continuity_auth_control_log_writable";
/// Time from taking a group of control records to its being durable and visible.
pub const CONTROL_COMMIT: &str = "continuity_auth_control_commit_seconds";
/// Records in a group.
pub const CONTROL_GROUP: &str = "continuity_auth_control_group_records";
/// Changes of two replicas that did not know of each other, of which one does not count.
pub const CONTROL_CONFLICTS: &str = "continuity_auth_control_conflicts_total";

/// People who signed in.
pub const SIGN_INS: &str = "continuity_auth_sign_ins_total";
/// Sign-ins refused, by `reason`.
pub const SIGN_INS_REFUSED: &str = "continuity_auth_sign_ins_refused_total";

/// Sign-ins at the bank's own provider, by `outcome`: `ok` for whom it vouched and who has an account here now.
pub const PROVIDER_SIGN_INS: &str = "continuity_auth_provider_sign_ins_total";

/// Describes every metric to the recorder.
pub fn describe() {
    describe_counter!(TOKENS_ISSUED, "Access tokens issued");
    describe_counter!(TOKEN_REQUESTS_REFUSED, "Token requests refused, by error code");
    describe_counter!(TOKENS_REFUSED, "Access tokens refused, by reason");
    describe_counter!(CACHE_HITS, "Token verifications answered by the cache of verified tokens");
    describe_counter!(CACHE_MISSES, "Token verifications that had to check the signature");
    describe_counter!(ACCESSES_RECORDED, "Reads of sensitive data recorded in the control log");
    describe_counter!(ACCESSES_REFUSED, "Reads of sensitive data refused because they could not be recorded");
    describe_counter!(READS_RECORDED, "Reads that are not sensitive, counted in a record of the control log");
    describe_counter!(READ_ROWS_RECORDED, "Rows of recorded counts: client, loan, operation and period");
    describe_counter!(READS_UNRECORDED, "Reads that are not sensitive and are in no record, since the start");
    describe_gauge!(READ_ROWS_PENDING, "Rows of counted reads that wait in memory for their period to be over");
    describe_gauge!(READS_BEHIND, Unit::Seconds, "For how long the oldest period with unwritten reads has been over");
    describe_gauge!(CONTROL_LOG_WRITABLE, "1 while the control log takes records, 0 once it failed or was closed");
    describe_histogram!(
        CONTROL_COMMIT,
        "Seconds from taking a group of control records to its being durable and visible"
    );
    describe_counter!(SIGN_INS, "People who signed in");
    describe_counter!(SIGN_INS_REFUSED, "Sign-ins refused, by reason");
    describe_counter!(PROVIDER_SIGN_INS, "Sign-ins at the bank's own OpenID provider, by outcome");
    describe_histogram!(CONTROL_GROUP, "Control records made durable together");
    describe_counter!(
        CONTROL_CONFLICTS,
        "Changes to clients and keys that lost to one of another replica, made without knowledge of each other"
    );
}

/// `error` of refused token requests.
const ERRORS: [&str; 10] = [
    "invalid_request",
    "invalid_client",
    "access_denied",
    "invalid_grant",
    "unauthorized_client",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "unsupported_grant_type",
    "temporarily_unavailable",
];

/// Makes what may stay at nothing for long appear from the start.
pub(crate) fn register() {
    for error in ERRORS {
        counter!(TOKEN_REQUESTS_REFUSED, "error" => error).increment(0);
    }
    for error in TokenError::ALL {
        counter!(TOKENS_REFUSED, "reason" => error.reason()).increment(0);
    }
    for reason in SIGN_IN_REASONS {
        counter!(SIGN_INS_REFUSED, "reason" => reason).increment(0);
    }
    counter!(SIGN_INS).increment(0);
    for outcome in ProviderError::OUTCOMES {
        counter!(PROVIDER_SIGN_INS, "outcome" => outcome).increment(0);
    }
    for name in
        [ACCESSES_RECORDED, ACCESSES_REFUSED, READS_RECORDED, READ_ROWS_RECORDED, READS_UNRECORDED, CONTROL_CONFLICTS]
    {
        counter!(name).increment(0);
    }
}

pub(crate) fn token_request(answer: &Result<TokenResponse, OAuthError>) {
    match answer {
        Ok(_) => counter!(TOKENS_ISSUED).increment(1),
        Err(error) => token_request_refused(error.error),
    }
}

pub(crate) fn token_request_refused(error: &'static str) {
    debug_assert!(ERRORS.contains(&error), "{error} is registered");
    counter!(TOKEN_REQUESTS_REFUSED, "error" => error).increment(1);
}

/// `reason` of refused sign-ins.
const SIGN_IN_REASONS: [&str; 5] = ["refused", "too-many", "expired", "busy", "failed"];

pub(crate) fn sign_in_refused(reason: &'static str) {
    debug_assert!(SIGN_IN_REASONS.contains(&reason), "{reason} is registered");
    counter!(SIGN_INS_REFUSED, "reason" => reason).increment(1);
}

/// Counts a sign-in at the bank's own provider, where it ended.
pub fn provider_sign_in(refused: Option<&ProviderError>) {
    let outcome = refused.map_or(ProviderError::OUTCOMES[0], ProviderError::reason);
    counter!(PROVIDER_SIGN_INS, "outcome" => outcome).increment(1);
}

pub(crate) fn token_refused(reason: &'static str) {
    counter!(TOKENS_REFUSED, "reason" => reason).increment(1);
}

/// Counters of the hot path, looked up once. The recorder must be installed before they are made.
pub(crate) struct CacheCounters {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
}

impl CacheCounters {
    pub(crate) fn new() -> Self {
        Self { hits: counter!(CACHE_HITS), misses: counter!(CACHE_MISSES) }
    }
}
