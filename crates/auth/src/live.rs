//! The part of a client that every request asks for.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;

use crate::{ClientRate, Limits, ScopeSet, TokenError};

/// What holds for a client's tokens at one moment. A request sees all of a change or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Terms {
    pub(crate) enabled: bool,
    pub(crate) scopes: ScopeSet,
    /// A token of another generation is refused.
    pub(crate) generation: u32,
    /// A token that is bound to no key is refused.
    pub(crate) bound_only: bool,
    /// Empty: anywhere.
    pub(crate) networks: Vec<IpNet>,
    pub(crate) rate: Option<ClientRate>,
    /// Whether its tokens may be for the administration.
    pub(crate) may_administer: bool,
    /// `None`: it sees everything that its scopes are for.
    pub(crate) limits: Option<Arc<Limits>>,
}

/// Where a token is used.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// At this address, if it is known.
    Address(Option<IpAddr>),
    /// It is not used, only asked about.
    Anywhere,
}

/// The terms of a client as they are now.
#[derive(Debug)]
pub(crate) struct LiveClient(ArcSwap<Terms>);

impl LiveClient {
    pub(crate) fn new(terms: Terms) -> Self {
        Self(ArcSwap::from_pointee(terms))
    }

    pub(crate) fn set(&self, terms: Terms) {
        self.0.store(terms.into());
    }

    /// The client's terms, if a token of that generation is good now, asked from there.
    pub(crate) fn admit(&self, generation: u32, from: From) -> Result<arc_swap::Guard<Arc<Terms>>, TokenError> {
        let terms = self.0.load();
        if !terms.enabled {
            return Err(TokenError::ClientDisabled);
        }
        if terms.generation != generation {
            return Err(TokenError::Revoked);
        }
        match from {
            From::Address(address) if !is_within(&terms.networks, address) => Err(TokenError::WrongNetwork),
            From::Address(_) | From::Anywhere => Ok(terms),
        }
    }
}

/// Whether an address lies in one of the networks; any does where there are none, and an unknown one in none.
pub(crate) fn is_within(networks: &[IpNet], address: Option<IpAddr>) -> bool {
    let Some(address) = address.map(|address| address.to_canonical()) else { return networks.is_empty() };
    networks.is_empty() || networks.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(generation: u32) -> Terms {
        Terms { enabled: true, scopes: ScopeSet::all(), generation, ..Terms::default() }
    }

    fn admit(live: &LiveClient, generation: u32, from: From) -> Result<ScopeSet, TokenError> {
        live.admit(generation, from).map(|terms| terms.scopes)
    }

    #[test]
    fn admits_tokens_of_the_present_generation_of_an_enabled_client() {
        let live = LiveClient::new(terms(7));
        let nowhere = From::Address(None);
        assert_eq!(admit(&live, 7, nowhere), Ok(ScopeSet::all()));
        assert_eq!(admit(&live, 6, nowhere), Err(TokenError::Revoked));
        live.set(Terms { enabled: false, ..terms(u32::MAX) });
        assert_eq!(admit(&live, u32::MAX, nowhere), Err(TokenError::ClientDisabled));
        live.set(Terms { scopes: ScopeSet::EMPTY, ..terms(u32::MAX) });
        assert_eq!(admit(&live, u32::MAX, nowhere), Ok(ScopeSet::EMPTY));
    }

    #[test]
    fn admits_from_its_networks_only() {
        let networks = ["10.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().unwrap());
        let live = LiveClient::new(Terms { networks: networks.to_vec(), ..terms(0) });
        let from = |text: &str| admit(&live, 0, From::Address(Some(text.parse().unwrap()))).is_ok();
        assert!(from("10.1.2.3") && from("::ffff:10.1.2.3") && from("2001:db8::1"));
        assert!(!from("11.1.2.3") && !from("2001:db9::1"));
        assert_eq!(admit(&live, 0, From::Address(None)), Err(TokenError::WrongNetwork));
        assert!(admit(&live, 0, From::Anywhere).is_ok());
    }
}
