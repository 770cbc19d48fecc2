//! What of all loans somebody may see.

use std::sync::Arc;

use crate::AuthError;
use crate::auth::invalid;

/// The kinds of channels that the event contract has (section 3).
pub const CHANNEL_KINDS: [&str; 5] = ["GENERAL", "DIRECT", "LEGAL", "ARCHITECT", "CUSTOM"];

const MAX_TEAMS: usize = 100;
const MAX_TEAM_CHARACTERS: usize = 200;

/// The teams and kinds of channels that somebody is limited to. What lies outside does not exist for them: it is 404 by
/// its id, and in no list, total or stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `None`: all of them.
    teams: Option<Vec<String>>,
    /// `None`: all of them.
    channel_kinds: Option<Vec<String>>,
}

impl Limits {
    /// Limits to these, where an empty list is no limit; `None` for who is not limited at all.
    pub fn of(teams: &[String], channel_kinds: &[String]) -> Option<Arc<Self>> {
        let limit = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
        let (teams, channel_kinds) = (limit(teams), limit(channel_kinds));
        let limited = teams.is_some() || channel_kinds.is_some();
        limited.then(|| Arc::new(Self { teams, channel_kinds }))
    }

    /// What is within both: of a client and of the person that it speaks for. That may be nothing.
    pub(crate) fn both(one: Option<&Arc<Self>>, other: Option<&Arc<Self>>) -> Option<Arc<Self>> {
        let (Some(one), Some(other)) = (one, other) else { return one.or(other).cloned() };
        let teams = within(one.teams.as_ref(), other.teams.as_ref());
        let channel_kinds = within(one.channel_kinds.as_ref(), other.channel_kinds.as_ref());
        Some(Arc::new(Self { teams, channel_kinds }))
    }

    /// The teams whose loans may be seen (`loanRequest.team`); `None`: those of all teams, and of none.
    pub fn teams(&self) -> Option<&[String]> {
        self.teams.as_deref()
    }

    /// The kinds of channels that may be seen (`channel.kind`); `None`: all.
    pub fn channel_kinds(&self) -> Option<&[String]> {
        self.channel_kinds.as_deref()
    }

    /// Whether loans of that team may be seen. One of no team lies outside of every limit.
    pub fn admits_team(&self, team: Option<&str>) -> bool {
        admits(self.teams.as_deref(), team)
    }

    /// Whether channels of that kind may be seen. One of no kind lies outside of every limit.
    pub fn admits_channel(&self, kind: Option<&str>) -> bool {
        admits(self.channel_kinds.as_deref(), kind)
    }

    /// What is wrong with limits as somebody wrote them.
    pub(crate) fn check(teams: &[String], channel_kinds: &[String]) -> Result<(), AuthError> {
        if teams.len() > MAX_TEAMS {
            return invalid("there may be at most 100 teams");
        }
        let unusable = |team: &String| team.trim().is_empty() || team.chars().count() > MAX_TEAM_CHARACTERS;
        if teams.iter().any(unusable) {
            return invalid("a team must have 1 to 200 characters");
        }
        let unknown = channel_kinds.iter().find(|kind| !CHANNEL_KINDS.contains(&kind.as_str()));
        unknown.map_or(Ok(()), |kind| {
            let known = CHANNEL_KINDS.join(", ");
            Err(AuthError::Invalid(format!("there is no kind of channels {kind:?}: there are {known}")))
        })
    }
}

fn admits(limits: Option<&[String]>, value: Option<&str>) -> bool {
    limits.is_none_or(|limits| value.is_some_and(|value| limits.iter().any(|one| one == value)))
}

fn within(one: Option<&Vec<String>>, other: Option<&Vec<String>>) -> Option<Vec<String>> {
    let (Some(one), Some(other)) = (one, other) else { return one.or(other).cloned() };
    Some(one.iter().filter(|value| other.contains(value)).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn nothing_named_is_no_limit() {
        assert_eq!(Limits::of(&[], &[]), None);
        let limits = Limits::of(&texts(&["north", "south"]), &[]).unwrap();
        assert_eq!((limits.teams().map(<[_]>::len), limits.channel_kinds()), (Some(2), None));
        assert!(limits.admits_team(Some("north")) && limits.admits_team(Some("south")));
        for outside in [None, Some(""), Some("North"), Some("north "), Some("east")] {
            assert!(!limits.admits_team(outside), "{outside:?}");
        }
        assert!(limits.admits_channel(None) && limits.admits_channel(Some("LEGAL")));
        let limits = Limits::of(&[], &texts(&["LEGAL"])).unwrap();
        assert!(limits.admits_team(None) && limits.admits_channel(Some("LEGAL")));
        assert!(!limits.admits_channel(None) && !limits.admits_channel(Some("GENERAL")));
    }

    #[test]
    fn limits_have_bounds() {
        let refusal = |teams: &[String], kinds: &[String]| {
            Limits::check(teams, kinds).err().map_or_else(String::new, |error| error.to_string())
        };
        assert_eq!(refusal(&vec!["x".to_owned(); 100], &texts(&CHANNEL_KINDS)), "");
        assert_eq!(refusal(&["ü".repeat(200)], &[]), "");
        assert!(refusal(&vec!["x".to_owned(); 101], &[]).contains("at most 100 teams"));
        for team in [String::new(), "  ".to_owned(), "x".repeat(201)] {
            assert!(refusal(&[team], &[]).contains("1 to 200 characters"));
        }
        for kind in ["", "legal", "PRIVATE"] {
            assert!(refusal(&[], &texts(&[kind])).contains("there are GENERAL, DIRECT"), "{kind}");
        }
    }

    #[test]
    fn a_client_and_a_person_see_what_both_may() {
        let limits = |teams: &[&str], kinds: &[&str]| Limits::of(&texts(teams), &texts(kinds));
        let both = |one: &Option<Arc<Limits>>, other: &Option<Arc<Limits>>| Limits::both(one.as_ref(), other.as_ref());
        let (north, any) = (limits(&["north", "west"], &[]), limits(&[], &[]));
        assert_eq!(both(&north, &any), north);
        assert_eq!(both(&any, &any), None);
        let met = both(&north, &limits(&["west", "south"], &["LEGAL"])).unwrap();
        assert_eq!(
            (met.teams().unwrap(), met.channel_kinds().unwrap()),
            (&texts(&["west"])[..], &texts(&["LEGAL"])[..])
        );
        let nothing = both(&north, &limits(&["south"], &[])).unwrap();
        assert!(
            !nothing.admits_team(Some("north")) && !nothing.admits_team(Some("south")) && !nothing.admits_team(None)
        );
        assert_eq!(nothing.teams(), Some(&[][..]), "none, and not all");
    }
}
