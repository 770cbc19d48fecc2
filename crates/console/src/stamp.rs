//! As of when data is, and whether all of it is here: stands on every page that shows data.

use crate::api::Told;
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
        let (state, lag) = (told.header("x-replica-state"), told.header("x-replica-lag-seconds"));
        let lag = if lag.is_empty() { t.data.no_lag.to_owned() } else { fill(t.data.lag, &[lag]) };
        let as_of = Some(told.header("x-replica-as-of")).filter(|text| !text.is_empty());
        Self {
            sentence: fill(t.data.state(state), &[&lag]),
            as_of: as_of.map(|text| When::read(t, text)),
            earlier: earlier.map(str::to_owned),
            is_complete: told.header("x-replica-complete") != "false",
            is_live: state == "live",
            position: told.header("x-replica-position").to_owned(),
            is_catching_up: ["catching-up", "starting"].contains(&state),
        }
    }

    /// The page shows another answer, too: it is complete only if both are.
    pub(crate) fn also(&mut self, told: &Told) {
        self.is_complete &= told.header("x-replica-complete") != "false";
    }
}
