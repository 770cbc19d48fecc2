//! What stands on every page that shows data: as of when it is, and whether all of it is here.

use super::find;

/// How the source is, by the words of the API; `{}` is how far behind the data is.
const STATES: [(&str, &str); 7] = [
    ("live", "The platform is followed live, {}."),
    ("catching-up", "This replica is catching up with the platform, {}."),
    ("stale", "The platform is silent: what was known last is shown, {}."),
    ("disconnected", "The platform cannot be reached: what was known last is shown, {}."),
    ("paused", "Reading from the platform is paused: what was known then is shown, {}."),
    ("diverged", "The source is not the one that was followed: what was known before is shown, {}."),
    ("rebuilding", "These data are being rebuilt, {}."),
];

catalogue! {
    /// The texts about data.
    Data {
        /// How the source is.
        states: &'static [(&'static str, &'static str)] = &STATES,
    }

    // Places.
    status: "Status";
    loans: "Loan requests";
    operations: "Operations";
    settings: "Settings";

    // The stamp.
    state_unknown: "It is not known how the platform is, {}.";
    lag: "up to date as of {} ago";
    no_lag: "how far behind is not known";
    as_of: "Data as of";
    nothing_yet: "No data yet";
    position: "log position";
    earlier: "As of an earlier point";
    to_now: "Show as it is now";
    complete: "Complete";
    complete_then: "Complete to that time";
    incomplete: "Not known to be complete";
    incomplete_text: "Events of this loan are missing, or not everything was proved to be here. Ask an operator before you decide by it.";
    nothing: "–";

    // Amounts.
    money: "{} {}";
    thousands: ",";
    decimal_point: ".";
}

impl Data {
    /// The sentence of a state.
    pub(crate) fn state(&self, name: &str) -> &'static str {
        find(self.states, name).unwrap_or(self.state_unknown)
    }
}
