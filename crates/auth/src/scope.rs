//! What a client may read: the eight read-only scopes.

use std::fmt;

/// One permission. There are read permissions only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Loan requests, their bids, and the list of tasks without form data.
    LoansRead,
    /// Documents, spaces and their bytes.
    DocumentsRead,
    /// Bid requests and quotes.
    BidsRead,
    /// Tasks with form data, items and attachments.
    TasksRead,
    /// Analyses and worksheets.
    AnalysisRead,
    /// Guilds, channels, messages and comments.
    MessagesRead,
    /// Views and worksheets.
    ReportsRead,
    /// Audit logs.
    AuditRead,
}

impl Scope {
    /// Every scope in canonical order.
    pub const ALL: [Self; 8] = [
        Self::LoansRead,
        Self::DocumentsRead,
        Self::BidsRead,
        Self::TasksRead,
        Self::AnalysisRead,
        Self::MessagesRead,
        Self::ReportsRead,
        Self::AuditRead,
    ];

    /// The name as it stands in requests and tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoansRead => "loans:read",
            Self::DocumentsRead => "documents:read",
            Self::BidsRead => "bids:read",
            Self::TasksRead => "tasks:read",
            Self::AnalysisRead => "analysis:read",
            Self::MessagesRead => "messages:read",
            Self::ReportsRead => "reports:read",
            Self::AuditRead => "audit:read",
        }
    }

    /// For a person who is asked whether an application may have it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::LoansRead => "Read loan requests, their bids and their lists of tasks",
            Self::DocumentsRead => "Read and download documents",
            Self::BidsRead => "Read bid requests and quotes",
            Self::TasksRead => "Read tasks with what was filled in, and their attachments",
            Self::AnalysisRead => "Read analyses and worksheets",
            Self::MessagesRead => "Read messages and comments",
            Self::ReportsRead => "Read reports and worksheets",
            Self::AuditRead => "Read audit logs",
        }
    }

    /// The scope of that exact name (RFC 6749 section 3.3: names are case-sensitive).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes. Displays as the `scope` of a token response: names in canonical order, one space between.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(u16);

impl ScopeSet {
    /// No scope.
    pub const EMPTY: Self = Self(0);

    /// Every scope there is.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether `scope` is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether at least one of `scopes` is in the set.
    pub fn contains_any(self, scopes: &[Scope]) -> bool {
        scopes.iter().any(|&scope| self.contains(scope))
    }

    /// Whether every scope of `other` is in the set.
    pub const fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set with `scope` in it.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// Whether no scope is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes in canonical order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |&scope| self.contains(scope))
    }

    /// Reads names with spaces between (RFC 6749 section 3.3); repeated names and repeated spaces do no harm.
    /// The error is the first unknown name.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split(' ')
            .filter(|name| !name.is_empty())
            .map(|name| Scope::parse(name).ok_or_else(|| name.to_owned()))
            .collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert!(ScopeSet::all().contains(scope));
        }
        assert_eq!(Scope::parse("Loans:Read"), None);
    }

    #[test]
    fn a_set_displays_in_canonical_order_whatever_the_order_asked() {
        let set = ScopeSet::parse("  documents:read loans:read  documents:read ").unwrap();
        assert_eq!(set.to_string(), "loans:read documents:read");
        assert_eq!(ScopeSet::EMPTY.to_string(), "");
    }

    #[test]
    fn an_unknown_name_is_named() {
        assert_eq!(ScopeSet::parse("loans:read loans:write"), Err("loans:write".to_owned()));
        assert_eq!(ScopeSet::parse("loans:read,bids:read"), Err("loans:read,bids:read".to_owned()));
        assert!(ScopeSet::parse("loans:read\tbids:read").is_err());
    }

    #[test]
    fn set_questions() {
        let set = ScopeSet::parse("loans:read bids:read").unwrap();
        assert!(set.contains_any(&[Scope::AuditRead, Scope::BidsRead]));
        assert!(!set.contains_any(&[Scope::AuditRead]));
        assert!(set.contains_all(ScopeSet::EMPTY) && set.contains_all(set) && !set.contains_all(ScopeSet::all()));
        assert_eq!(set.intersection(ScopeSet::EMPTY.with(Scope::BidsRead)).to_string(), "bids:read");
    }
}
