//! As of when data is, and whether all of it is here: stands on every page that shows data.

use http::HeaderMap;

use crate::api::{Told, header};
use crate::prose;
use crate::texts::{Texts, fill};
use crate::when::When;

/// What is known of the freshness of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    /// A sentence of how the source is.
    pub(crate) sentence: String,
    /// When the newest event happened that is in it.
    pub(crate) as_of: Option<When>,
    /// The earlier point that was asked for, as it was asked.
    pub(crate) earlier: Option<String>,
    /// Whether everything is known to be here.
    pub(crate) is_complete: bool,
    /// Whether the source is followed right now.
    pub(crate) is_live: bool,
    pub(crate) position: String,
    /// Whether there is more to come that the platform has already.
    pub(crate) is_catching_up: bool,
}

impl Stamp {
    pub(crate) fn new(t: &Texts, told: &Told, earlier: Option<&str>) -> Self {
        Self { earlier: earlier.map(str::to_owned), ..Self::of(t, &told.headers) }
    }

    /// What an answer with these headers says of itself.
    fn of(t: &Texts, headers: &HeaderMap) -> Self {
        let (state, lag) = (header(headers, "x-replica-state"), header(headers, "x-replica-lag-seconds"));
        let lag = lag.parse().map(|seconds| fill(t.data.lag, &[&prose::span(t, seconds)]));
        let lag = lag.unwrap_or_else(|_| t.data.no_lag.to_owned());
        let as_of = Some(header(headers, "x-replica-as-of")).filter(|text| !text.is_empty());
        Self {
            sentence: fill(t.data.state(state), &[&lag]),
            as_of: as_of.map(|text| When::read(t, text)),
            earlier: None,
            is_complete: header(headers, "x-replica-complete") != "false",
            is_live: state == "live",
            position: header(headers, "x-replica-position").to_owned(),
            is_catching_up: ["catching-up", "starting"].contains(&state),
        }
    }

    /// The page shows another, later answer, too. It is complete only if both are, and followed live only if both were: where
    /// the source was lost in between, that is said.
    pub(crate) fn also(&mut self, t: &Texts, headers: &HeaderMap) {
        let other = Self::of(t, headers);
        self.is_complete &= other.is_complete;
        if self.is_live && !other.is_live {
            (self.sentence, self.is_live, self.is_catching_up) = (other.sentence, false, other.is_catching_up);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::texts::ENGLISH;

    fn headers(state: &'static str, complete: &'static str) -> HeaderMap {
        let named = [("x-replica-state", state), ("x-replica-complete", complete), ("x-replica-position", "7")];
        named
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn of_several_answers_the_worse_is_told() {
        let mut stamp = Stamp::of(&ENGLISH, &headers("live", "true"));
        stamp.also(&ENGLISH, &headers("live", "true"));
        assert!(stamp.is_live && stamp.is_complete);
        stamp.also(&ENGLISH, &headers("disconnected", "false"));
        stamp.also(&ENGLISH, &headers("live", "true"));
        assert!(!stamp.is_live && !stamp.is_complete);
        assert!(stamp.sentence.starts_with("The platform cannot be reached"), "{}", stamp.sentence);
    }

    #[test]
    fn how_old_data_is_stands_in_units_that_people_read() {
        let mut told = headers("disconnected", "true");
        assert!(Stamp::of(&ENGLISH, &told).sentence.ends_with("shown, how far behind is not known."));
        told.insert("x-replica-lag-seconds", HeaderValue::from_static("180000"));
        let sentence = Stamp::of(&ENGLISH, &told).sentence.replace('\u{a0}', " ");
        assert!(sentence.ends_with("what was known last is shown, up to date as of 2 d 2 h ago."), "{sentence}");
    }
}
