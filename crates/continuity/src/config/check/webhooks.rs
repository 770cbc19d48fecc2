//! The section about webhooks.

use super::{distinct, files, within};
use crate::config::webhooks::Webhooks;

pub(super) fn check(webhooks: &Webhooks) -> Result<(), String> {
    within("webhooks.timeout_seconds", webhooks.timeout_seconds, 1, 120)?;
    within("webhooks.retry_most_seconds", webhooks.retry_most_seconds, 1, 86_400)?;
    within("webhooks.retry_first_seconds", webhooks.retry_first_seconds, 1, webhooks.retry_most_seconds)?;
    within("webhooks.give_up_seconds", webhooks.give_up_seconds, 1, 7 * 86_400)?;
    within("webhooks.give_up_refused_seconds", webhooks.give_up_refused_seconds, 1, webhooks.give_up_seconds)?;
    within("webhooks.stalled_after_seconds", webhooks.stalled_after_seconds, 1, 86_400)?;
    files("webhooks", &[("ca", &webhooks.ca)])?;
    distinct("webhooks.allowed_targets", &webhooks.allowed_targets)?;
    let ids: Vec<_> = webhooks.subscriptions.iter().map(|subscription| subscription.id.clone()).collect();
    distinct("webhooks.subscriptions", &ids)?;
    crate::webhooks::targets(webhooks)?;
    crate::webhooks::subscriptions(webhooks).map(drop)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    fn checked(text: &str) -> Result<(), String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        crate::config::load(Some(file.path()), []).map(drop).map_err(|e| e.to_string())
    }

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn section(more: &str, subscription: &str) -> String {
        format!(
            "[webhooks]\nallowed_targets = ['hooks.bank.example', '10.0.0.0/8']\n{more}\n[[webhooks.subscriptions]]\n\
             id = 'core'\nurl = 'https://hooks.bank.example/x'\nevents = ['loan.status_changed', 'sync.stalled']\n\
             {subscription}\n"
        )
    }

    #[track_caller]
    fn refused(text: &str, wanted: &str) {
        let error = checked(text).unwrap_err();
        assert!(error.contains(wanted), "{text}: {error:?} does not contain {wanted:?}");
        assert!(!error.contains("MfKQ9r8") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_whole_section_is_taken() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
        let path = file.path().display();
        assert_eq!(checked(&section("", &format!("secret = '{SECRET}'"))), Ok(()));
        let rotating = format!("secret = '{SECRET}'\nprevious_secret_file = '{path}'");
        assert_eq!(checked(&section("", &rotating)), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is() {
        let with = |subscription: &str| section("", &format!("secret = '{SECRET}'\n{subscription}"));
        refused(&section("", ""), "webhooks.subscriptions core: it needs a secret or a secret_file");
        refused(&section("", "secret = 'hunter2'"), "webhooks.subscriptions core: secret: a secret has to be whsec_");
        refused(&section("", "secret_file = '/nowhere/s'"), "secret_file: cannot read /nowhere/s");
        refused(&with("secret_file = '/etc/hosts'"), "secret and secret_file are set; one is enough");
        refused(&with("previous_secret = 'hunter2'"), "previous_secret: a secret has to be");
        refused(&with("colour = 'red'"), "colour");
        refused(&with("").replace("hooks.bank.example/x", "evil.example/"), "not in webhooks.allowed_targets");
        let plain = with("").replace("https://hooks.bank.example", "http://hooks.bank.example:443");
        refused(&plain, "is http, which webhooks.allow_http allows to this host itself only");
        refused(&with("").replace("'core'", "'a b'"), "webhooks.subscriptions has the id \"a b\"");
        refused(&with("").replace("'sync.stalled'", "'loan.reloaded'"), "loan.reloaded");
        refused(&with("").replace("['loan.status_changed', 'sync.stalled']", "[]"), "names no events");
        refused(&with("").replace("'10.0.0.0/8'", "'https://x'"), "webhooks.allowed_targets: \"https://x\"");
        let head = "[[webhooks.subscriptions]]";
        let second = with("").split_once(head).map(|(_, rest)| format!("{head}{rest}")).unwrap();
        refused(&format!("{}{second}", with("")), "webhooks.subscriptions has \"core\" twice");
        for (key, value) in [
            ("timeout_seconds", "0"),
            ("retry_first_seconds", "99999"),
            ("give_up_seconds", "0"),
            ("give_up_refused_seconds", "0"),
            ("stalled_after_seconds", "0"),
        ] {
            refused(&section(&format!("{key} = {value}"), ""), &format!("webhooks.{key} has to be between"));
        }
    }
}
