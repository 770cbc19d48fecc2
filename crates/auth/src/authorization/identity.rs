//! Scopes that open no data: those of OpenID Connect (Core section 5.4), which tell who somebody is, and the one for the
//! administration.

use std::fmt;

use crate::ScopeSet;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Identity {
    /// An ID token, and `sub` at the userinfo endpoint.
    OpenId,
    /// `name`.
    Profile,
    /// `email`.
    Email,
    /// The grant outlives the session (Core section 11).
    OfflineAccess,
    /// The administration, as its person may. Not of OpenID Connect; it stands alone, or beside who somebody is.
    Admin,
}

impl Identity {
    pub(crate) const ALL: [Self; 5] = [Self::OpenId, Self::Profile, Self::Email, Self::OfflineAccess, Self::Admin];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
            Self::Admin => "admin",
        }
    }

    /// For the person who is asked.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::OpenId => "Know that it is you",
            Self::Profile => "See your name",
            Self::Email => "See your e-mail address",
            Self::OfflineAccess => "Go on doing so when you are signed out",
            Self::Admin => "Change clients, people and keys of this server, as far as your roles allow",
        }
    }
}

/// What was asked for or granted: who somebody is, and data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scopes {
    identity: u8,
    pub(crate) data: ScopeSet,
}

impl Scopes {
    pub(crate) fn of_data(data: ScopeSet) -> Self {
        Self { identity: 0, data }
    }

    /// Reads names with spaces between; the error is the first unknown one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut identity, mut data) = (0, Vec::new());
        for name in text.split(' ') {
            match Identity::ALL.into_iter().find(|scope| scope.name() == name) {
                Some(scope) => identity |= 1 << scope as u8,
                None => data.push(name),
            }
        }
        Ok(Self { identity, data: ScopeSet::parse(&data.join(" "))? })
    }

    pub(crate) const fn has(self, scope: Identity) -> bool {
        self.identity & (1 << scope as u8) != 0
    }

    /// Whether a token of these is for the administration.
    pub(crate) const fn administers(self) -> bool {
        self.has(Identity::Admin)
    }

    /// Without one of them.
    pub(crate) const fn without(self, scope: Identity) -> Self {
        Self { identity: self.identity & !(1 << scope as u8), ..self }
    }

    pub(crate) fn identity(self) -> impl Iterator<Item = Identity> {
        Identity::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.identity == 0 && self.data.is_empty()
    }

    pub(crate) const fn contains_all(self, other: Self) -> bool {
        other.identity & !self.identity == 0 && self.data.contains_all(other.data)
    }

    /// With no more data than these.
    pub(crate) const fn within(self, data: ScopeSet) -> Self {
        Self { data: self.data.intersection(data), ..self }
    }

    /// What is in both.
    pub(crate) const fn both(self, other: Self) -> Self {
        Self { identity: self.identity & other.identity, data: self.data.intersection(other.data) }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        let data = self.data.iter().chain(other.data.iter()).collect();
        Self { identity: self.identity | other.identity, data }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.identity().map(Identity::name).chain(self.data.iter().map(crate::Scope::as_str));
        f.write_str(&names.collect::<Vec<_>>().join(" "))
    }
}
