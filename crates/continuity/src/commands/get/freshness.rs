//! What a reply says of how fresh and whole it is, for people.

use reqwest::header::HeaderMap;

use super::cell;

/// The worst of what the replies of one run said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Freshness {
    as_of: String,
    lag: Option<u64>,
    /// Of the last reply that was not live, if any.
    state: String,
    incomplete: bool,
}

impl Freshness {
    /// Adds a reply.
    pub(super) fn saw(&mut self, headers: &HeaderMap) {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        text("x-replica-as-of").clone_into(&mut self.as_of);
        self.lag = text("x-replica-lag-seconds").parse().ok();
        if self.state.is_empty() || self.state == "live" {
            text("x-replica-state").clone_into(&mut self.state);
        }
        self.incomplete |= text("x-replica-complete") == "false";
    }

    /// One line.
    pub(super) fn line(&self) -> String {
        let as_of =
            if self.as_of.is_empty() { "before any event".to_owned() } else { cell::time(&self.as_of) + " UTC" };
        let lag = self.lag.map_or_else(|| "not yet known".to_owned(), |seconds| format!("{} behind", span(seconds)));
        format!("as of {}, {lag}, {}", cell::clean(&as_of), cell::clean(&self.state))
    }

    /// What has to be known before anybody relies on what is shown.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.state != "live" {
            let lag = self.lag.map(|seconds| format!("; it is {} behind", span(seconds))).unwrap_or_default();
            let state = cell::clean(&self.state);
            warnings.push(format!("warning: the replica is {state}, so newer changes may not be shown{lag}"));
        }
        if self.incomplete {
            warnings.push(
                "warning: INCOMPLETE: something that belongs in here is known to be missing; `continuity get completeness` says what"
                    .to_owned(),
            );
        }
        warnings
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saw(pairs: &[&[(&'static str, &'static str)]]) -> Freshness {
        let mut seen = Freshness::default();
        for page in pairs {
            let headers = page.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
            seen.saw(&headers);
        }
        seen
    }

    #[test]
    fn a_live_replica_needs_no_warning() {
        let live = saw(&[&[
            ("x-replica-as-of", "2026-11-22T10:05:09Z"),
            ("x-replica-lag-seconds", "3"),
            ("x-replica-state", "live"),
        ]]);
        assert_eq!(live.line(), "as of 2026-11-22 10:05 UTC, 3 s behind, live");
        assert!(live.warnings().is_empty());
    }

    #[test]
    fn the_worst_page_counts() {
        let seen = saw(&[
            &[("x-replica-state", "disconnected"), ("x-replica-complete", "false")],
            &[("x-replica-state", "live"), ("x-replica-lag-seconds", "7300")],
        ]);
        let warnings = seen.warnings();
        assert!(warnings[0].contains("disconnected") && warnings[0].contains("2 h behind"), "{warnings:?}");
        assert!(warnings[1].contains("INCOMPLETE"), "{warnings:?}");
    }
}
