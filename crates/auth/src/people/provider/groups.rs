//! What the groups of a person mean here: `{prefix}-{team}-{role}`.

use super::ProviderPolicy;
use crate::people::account::AccountSettings;
use crate::people::role::Role;
use crate::{Limits, ScopeSet};

/// The team that stands for all.
const ALL_TEAMS: &str = "all";
/// Teams of one account.
const MAX_TEAMS: usize = 100;

/// What somebody gets of the groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    roles: Vec<Role>,
    scopes: ScopeSet,
    /// Empty: all.
    teams: Vec<String>,
    /// The groups that it comes from.
    groups: Vec<String>,
}

impl Granted {
    /// For the record.
    pub(super) fn reason(&self) -> String {
        let shown: Vec<&str> = self.groups.iter().take(10).map(String::as_str).collect();
        let more = if self.groups.len() > shown.len() { ", ..." } else { "" };
        format!("groups {}{more}", shown.join(", "))
    }

    pub(super) fn administers(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }

    pub(super) fn settings(&self) -> AccountSettings {
        let Self { roles, scopes, teams, .. } = self.clone();
        AccountSettings { roles, scopes, teams, ..AccountSettings::default() }
    }
}

/// What the groups give; `None` when none of them means anything. A role is over the whole replica, but for viewers: one
/// team alone does not give another. Viewers alone read loans, so the teams of their groups
/// are those whose loans somebody sees; another role for all teams does not widen that.
pub(super) fn granted(groups: &[String], policy: &ProviderPolicy) -> Option<Granted> {
    let meant: Vec<(&String, &str, Role)> =
        groups.iter().filter_map(|group| meaning(group, &policy.group_prefix).map(|(t, r)| (group, t, r))).collect();
    let whole = |(_, team, role): &(&String, &str, Role)| *role == Role::Viewer || is_all(team);
    let meant: Vec<(&String, &str, Role)> = meant.into_iter().filter(whole).collect();
    let mut roles: Vec<Role> = meant.iter().map(|(_, _, role)| *role).collect();
    roles.sort_unstable();
    roles.dedup();
    let is_viewer = roles.contains(&Role::Viewer);
    let counts = |role: Role| !is_viewer || role == Role::Viewer;
    let mut teams: Vec<&str> = meant.iter().filter(|(_, _, role)| counts(*role)).map(|(_, team, _)| *team).collect();
    teams.sort_unstable();
    teams.dedup();
    let of_all = teams.iter().any(|team| is_all(team));
    let teams = if of_all { Vec::new() } else { teams.into_iter().take(MAX_TEAMS).map(str::to_owned).collect() };
    (!roles.is_empty()).then(|| Granted {
        scopes: if is_viewer { policy.scopes_of_viewers } else { ScopeSet::EMPTY },
        roles,
        teams,
        groups: meant.iter().map(|(group, ..)| (*group).clone()).collect(),
    })
}

fn is_all(team: &str) -> bool {
    team.is_empty() || team == ALL_TEAMS
}

/// Team and role of a group. The role is what is behind the last hyphen; a team may have hyphens.
fn meaning<'a>(group: &'a str, prefix: &str) -> Option<(&'a str, Role)> {
    let rest = group.strip_prefix(prefix)?.strip_prefix('-')?;
    let (team, role) = rest.rsplit_once('-').unwrap_or(("", rest));
    let usable = team.is_empty() || Limits::check(&[team.to_owned()], &[]).is_ok();
    let plain = usable && !team.chars().any(char::is_control);
    Role::parse(role).filter(|_| plain).map(|role| (team, role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scope;

    fn policy() -> ProviderPolicy {
        ProviderPolicy {
            issuer: "https://login.bank.example".to_owned(),
            group_prefix: "bcl".to_owned(),
            scopes_of_viewers: ScopeSet::EMPTY.with(Scope::LoansRead),
            trusts_second_factor: true,
        }
    }

    fn of(groups: &[&str]) -> Option<(String, String, bool)> {
        let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
        let Granted { roles, scopes, teams, .. } = granted(&groups, &policy())?;
        let roles: Vec<_> = roles.iter().map(|role| role.name()).collect();
        Some((roles.join(" "), teams.join(" "), scopes != ScopeSet::EMPTY))
    }

    #[test]
    fn a_group_names_team_and_role() {
        let got = |roles: &str, teams: &str, reads| Some((roles.to_owned(), teams.to_owned(), reads));
        for (groups, expected) in [
            (&["bcl-East-viewer"][..], got("viewer", "East", true)),
            (&["bcl-north-east-viewer"], got("viewer", "north-east", true)),
            (&["bcl-all-admin"], got("admin", "", false)),
            (&["bcl-auditor"], got("auditor", "", false)),
            (&["bcl--operator"], got("operator", "", false)),
            (&["bcl-east-operator"], None),
            (&["bcl-east-admin", "bcl-east-viewer"], got("viewer", "east", true)),
            (&["bcl-west-viewer", "bcl-east-viewer", "bcl-east-viewer"], got("viewer", "east west", true)),
            (&["bcl-east-viewer", "bcl-all-viewer"], got("viewer", "", true)),
            (&["bcl-all-admin", "bcl-east-viewer"], got("admin viewer", "east", true)),
        ] {
            assert_eq!(of(groups), expected, "{groups:?}");
        }
    }

    #[test]
    fn what_means_nothing_gives_nothing() {
        for group in [
            "",
            "bcl",
            "bcl-",
            "bcl-east",
            "bcl-east-",
            "bcl-east-owner",
            "bcl-east-Admin",
            "bcl-east-admin ",
            "bclx-east-admin",
            "xbcl-east-admin",
            "BCL-east-admin",
            "bcladmin",
            "admin",
            "bcl-east\n-admin",
        ] {
            assert_eq!(of(&[group]), None, "{group:?}");
        }
        assert_eq!(of(&[&format!("bcl-{}-admin", "x".repeat(201))]), None);
        assert_eq!(of(&["everybody", "bcl-east-viewer", "bcl-west-chief"]).unwrap().1, "east");
    }

    #[test]
    fn the_record_names_the_groups() {
        let groups: Vec<String> = (0..12).map(|at| format!("bcl-t{at}-viewer")).collect();
        let reason = granted(&groups, &policy()).unwrap().reason();
        assert!(reason.starts_with("groups bcl-t0-viewer, ") && reason.ends_with(", ..."), "{reason}");
    }
}
