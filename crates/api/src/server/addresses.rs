//! How many connections each address has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use continuity_auth::network;

/// Counts the open connections of each address; of IPv6, of each network of 64 bits.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    each: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection, as long as it lives.
#[derive(Debug)]
pub(super) struct Counted {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    pub(super) fn new(each: usize) -> Self {
        Self { each, open: Arc::default() }
    }

    /// `None` when that address has as many as it may.
    pub(super) fn count(&self, address: IpAddr) -> Option<Counted> {
        let address = network(address);
        let mut open = self.open.lock();
        let count = open.entry(address).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Counted { addresses: self.clone(), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_bound_and_nothing_is_kept_of_what_is_gone() {
        let addresses = Addresses::new(2);
        let [one, other]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let open = (addresses.count(one).unwrap(), addresses.count(one).unwrap());
        assert!(addresses.count(one).is_none());
        assert!(addresses.count(other).is_some());
        drop(open);
        assert!(addresses.open.lock().is_empty());
    }
}
