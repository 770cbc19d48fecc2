//! `asOf`: data as of an earlier point, folded again from the log.
//!
//! A time means event time, digits a log position. One loan is folded whole before its handler runs, which then reads from
//! the view of that point as from any other; the list of loan requests folds what it lists ([`crate::routes`]).

use std::sync::Arc;

use continuity_auth::Principal;
use continuity_base::Timestamp;
use continuity_events::instant::Instant;
use continuity_readmodel::{AsOf, Point, Then, View};

use crate::ApiState;
use crate::call::Shared;
use crate::endpoint::{Param, ParamKind};
use crate::problem::{AS_OF_ERASED, AS_OF_UNTOLD, INTERNAL, LOAN_PURGED, NOT_FOUND, POSITION_AHEAD, Problem};
use crate::request::query::Query;
use crate::sight;

/// The parameter of every data path.
pub(crate) const AS_OF: Param = Param {
    name: "asOf",
    kind: ParamKind::AsOf,
    description: "Answer as of an earlier point. A time (RFC 3339, with its offset) means event time: everything that had happened to the loan by then, however late it arrived. Digits are a log position (`X-Replica-Position` of an earlier reply): what this replica served there. A loan that did not exist then is 404 `not-found`; one of which this replica's history begins later 404 `as-of-untold`; before an erasure every point is 410 `as-of-erased`; and a point that is still to come is 409 `position-ahead`. The bytes of files have the state that they have now, and the `X-Replica-*` headers tell how fresh the replica is now.",
};

/// Whether a value is a point: digits, or a time.
pub(crate) fn check(value: &str) -> Result<(), &'static str> {
    let allowed = "a log position (digits) or an RFC 3339 time (2026-01-31T08:00:00Z)";
    point(value).map(drop).ok_or(allowed)
}

fn point(value: &str) -> Option<Point> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than any log has is ahead of this one.
        return Some(Point::Position(value.parse().unwrap_or(u64::MAX)));
    }
    // In a query an unencoded plus of an offset reads as a space.
    Instant::parse(&value.replace(' ', "+")).map(Point::Time)
}

/// The point that a query asks for. One that is still to come is refused: nobody can know what will be.
pub(crate) fn asked(query: &Query, view: &View, state: &ApiState) -> Result<Option<Point>, Problem> {
    let Some(point) = query.text(AS_OF.name).and_then(point) else { return Ok(None) };
    let ahead = match &point {
        Point::Position(position) if *position > view.position => Some(format!(
            "Position {position} lies ahead of this replica's log, of which everything up to {} is shown.",
            view.position
        )),
        Point::Time(time) if time.unix_micros() > state.clock.now().as_micros() => {
            Some("That time is still to come.".to_owned())
        }
        _ => None,
    };
    ahead.map_or(Ok(Some(point)), |detail| Err(Problem::new(&POSITION_AHEAD, detail)))
}

/// Folds loans as of a point, off the asynchronous threads.
pub(crate) async fn fold(
    shared: &Arc<Shared>,
    principal: Option<&Principal>,
    view: &Arc<View>,
    models: Option<&'static [&'static str]>,
    loans: Vec<String>,
    point: &Point,
) -> Result<AsOf, Problem> {
    let (engine, view, point) = (shared.state.engine.clone(), Arc::clone(view), point.clone());
    let fold = move || {
        let loans: Vec<&str> = loans.iter().map(String::as_str).collect();
        engine.as_of(&view, models, &loans, &point)
    };
    shared.admission.heavy(principal, fold).await?.map_err(|error| failed(&error))
}

/// The view of one loan as of a point.
pub(crate) async fn of_loan(
    shared: &Arc<Shared>,
    principal: Option<&Principal>,
    view: &Arc<View>,
    loan: &str,
    point: &Point,
) -> Result<Arc<View>, Problem> {
    let folded = fold(shared, principal, view, None, vec![loan.to_owned()], point).await?;
    match folded.then.first() {
        Some(Then::Known) => {
            sight::check(principal, &folded.view, loan, Some(point))?;
            Ok(Arc::new(folded.view))
        }
        Some(then) => Err(refusal(*then, loan)),
        None => Err(Problem::new(&INTERNAL, "The loan was not folded.")),
    }
}

/// Why a loan has no state as of a point.
pub(crate) fn refusal(then: Then, loan: &str) -> Problem {
    match then {
        Then::Purged => Problem::new(&LOAN_PURGED, "Its data was erased for good, as the platform asked."),
        Then::Erased => Problem::new(
            &AS_OF_ERASED,
            "A person's data was erased from the loan request since; what it was before is not shown any more.",
        ),
        Then::Untold => Problem::new(
            &AS_OF_UNTOLD,
            "This replica's history of the loan request begins later, with a snapshot: ask for a later point.",
        ),
        Then::Known | Then::NotYet => {
            Problem::new(&NOT_FOUND, format!("There was no loan request {loan:?} at that point."))
        }
    }
}

/// The time up to which this replica's own records belong to a point.
pub(crate) fn recorded_until(point: &Point, state: &ApiState) -> Result<Timestamp, Problem> {
    let micros = match point {
        Point::Time(time) => time.unix_micros(),
        Point::Position(0) => i64::MIN,
        Point::Position(position) => state.engine.arrived_at(*position).map_err(|error| failed(&error))?,
    };
    Ok(Timestamp::from_micros(micros))
}

fn failed(error: &(impl std::fmt::Display + ?Sized)) -> Problem {
    tracing::error!(error = %error, "loans could not be folded as of an earlier point");
    Problem::new(&INTERNAL, "The log could not be read; the operator's log says why.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_position_and_all_else_has_to_be_a_time() {
        assert_eq!(point("0"), Some(Point::Position(0)));
        assert_eq!(point("00042"), Some(Point::Position(42)));
        assert_eq!(point("99999999999999999999"), Some(Point::Position(u64::MAX)));
        let time = Instant::parse("2026-01-31T08:00:00+01:00").map(Point::Time);
        assert_eq!(point("2026-01-31T08:00:00+01:00"), time);
        assert_eq!(point("2026-01-31T08:00:00 01:00"), time);
        for odd in ["", "-1", "+1", "1.5", "2026-01-31", "now", "2026-01-31T08:00:00"] {
            assert!(check(odd).is_err(), "{odd}");
        }
    }
}
