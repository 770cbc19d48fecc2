//! The figures that webhooks export.

use std::sync::Once;
use std::time::Duration;

use ::metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::report::SubscriptionReport;
use crate::send::Outcome;

/// How many subscriptions there are.
pub const SUBSCRIPTIONS: &str = "continuity_webhook_subscriptions";
/// Attempts by `subscription` and `outcome`.
pub const ATTEMPTS: &str = "continuity_webhook_attempts_total";
/// How long an attempt takes.
pub const ATTEMPT_SECONDS: &str = "continuity_webhook_attempt_seconds";
/// Log positions that were not looked at yet, by `subscription`.
pub const BACKLOG: &str = "continuity_webhook_backlog_positions";
/// When the oldest message became known that did not arrive yet, by `subscription`.
pub const OLDEST: &str = "continuity_webhook_oldest_undelivered_timestamp_seconds";
/// Dead letters, by `subscription`.
pub const DEAD: &str = "continuity_webhook_dead_letters";
/// 1 while nothing is sent, since the receiver answered 410, by `subscription`.
pub const DISABLED: &str = "continuity_webhook_disabled";
/// 1 while the log or the state cannot be used, by `subscription`.
pub const FAILING: &str = "continuity_webhook_failing";

/// Describes all of them to the recorder, once.
pub fn describe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        describe_gauge!(SUBSCRIPTIONS, "Webhook subscriptions of the configuration");
        describe_counter!(ATTEMPTS, "Attempts at webhook messages by subscription and outcome");
        describe_histogram!(ATTEMPT_SECONDS, Unit::Seconds, "Duration of an attempt at a webhook message");
        describe_gauge!(BACKLOG, "Log positions that a webhook subscription has not dealt with yet");
        describe_gauge!(OLDEST, "When the webhook message became known that is being tried in vain; NaN while none is");
        describe_gauge!(DEAD, "Webhook messages that were given up and are kept for a replay");
        describe_gauge!(DISABLED, "1 while nothing is sent to a webhook subscription since its receiver answered 410");
        describe_gauge!(FAILING, "1 while a webhook subscription stands still since log or state cannot be used");
        gauge!(SUBSCRIPTIONS).set(0.0);
    });
}

/// Shows a subscription from the beginning.
pub(crate) fn register(subscription: &str) {
    for outcome in Outcome::ALL {
        attempts(subscription, outcome).increment(0);
    }
    failing(subscription, false);
}

pub(crate) fn attempted(subscription: &str, outcome: Outcome, took: Duration) {
    attempts(subscription, outcome).increment(1);
    histogram!(ATTEMPT_SECONDS).record(took);
}

fn attempts(subscription: &str, outcome: Outcome) -> ::metrics::Counter {
    counter!(ATTEMPTS, "subscription" => subscription.to_owned(), "outcome" => outcome.name())
}

pub(crate) fn failing(subscription: &str, failing: bool) {
    gauge!(FAILING, "subscription" => subscription.to_owned()).set(f64::from(u8::from(failing)));
}

/// Sets the gauges to what is true at this moment, for a scrape.
pub(crate) fn show(reports: &[SubscriptionReport]) {
    gauge!(SUBSCRIPTIONS).set(float(reports.len() as u64));
    for report in reports {
        let of = |name: &'static str| gauge!(name, "subscription" => report.id.clone());
        of(BACKLOG).set(float(report.backlog));
        of(OLDEST).set(report.oldest_undelivered.map_or(f64::NAN, |at| seconds(at.as_micros())));
        of(DEAD).set(float(report.dead_letters));
        of(DISABLED).set(f64::from(u8::from(report.disabled_at.is_some())));
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn float(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; instants stay exact to the microsecond")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
