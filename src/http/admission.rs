//! Connection limits, in total and per address, so that no client can take all connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::{Limits, TrustedProxies, network};

/// Points that an address is charged for each connection, and for a request head that was begun but never finished.
const CONNECTION: u64 = 100;
const UNFINISHED_HEAD: u64 = 1_000;
/// An address is charged 1 point per this many bytes that are discarded when its connection ends.
const DISCARDED_BYTES: u64 = 1_000;

/// Maximum numbers of simultaneous connections. The server closes connections beyond them at once.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Total, from all addresses.
    pub connections: usize,
    /// Per address, or per /64 network for IPv6. Trusted proxies are exempt, as they connect for many clients.
    pub of_address: usize,
    pub trusted_proxies: TrustedProxies,
}

impl Default for Admission {
    fn default() -> Self {
        Self { connections: 10_000, of_address: 500, trusted_proxies: TrustedProxies::default() }
    }
}

/// Counts the open connections.
pub struct Open {
    most: Admission,
    counts: Mutex<HashMap<IpAddr, usize>>,
    /// The accounts that are charged for connections, if any.
    limits: Option<Arc<Limits>>,
}

/// The slot of one connection; dropping it frees the slot.
pub struct Place {
    open: Arc<Open>,
    network: IpAddr,
    payer: Payer,
}

/// The account that is charged for a connection. Connections of trusted proxies are not charged.
#[derive(Clone, Default)]
pub struct Payer(Option<(IpAddr, Arc<Limits>)>);

impl Payer {
    pub fn new(peer: IpAddr, limits: Arc<Limits>) -> Self {
        Self(Some((peer, limits)))
    }

    /// Charges for a connection that ended inside the head of a request. Such heads are the cheapest thing to send, and
    /// no request follows that would be charged instead.
    pub fn pay_for_unfinished_head(&self) {
        if let Self(Some((peer, limits))) = self {
            limits.take(*peer, UNFINISHED_HEAD);
        }
    }

    /// Charges for discarded bytes while more of them arrive. Returns whether the address could pay; if not, nothing is
    /// charged, and the bytes stay due.
    pub fn pays_for_discarded(&self, bytes: u64) -> bool {
        let Self(Some((peer, limits))) = self else { return true };
        limits.spend(*peer, bytes / DISCARDED_BYTES).is_ok()
    }

    /// Charges for the last discarded bytes, after the connection has ended; the address may go into debt.
    pub fn pay_for_discarded(&self, bytes: u64) {
        if let (Self(Some((peer, limits))), 1..) = (self, bytes / DISCARDED_BYTES) {
            limits.take(*peer, bytes / DISCARDED_BYTES);
        }
    }
}

impl Place {
    pub fn payer(&self) -> &Payer {
        &self.payer
    }
}

impl Open {
    pub fn new(most: Admission, limits: Option<Arc<Limits>>) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default(), limits })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot for a connection from `peer`. `open` is the total number of open connections. Returns `None` if a
    /// maximum is reached or the address has spent its budget.
    pub fn enter(self: &Arc<Self>, peer: IpAddr, open: usize) -> Option<Place> {
        if open >= self.most.connections {
            return None;
        }
        // A proxy connects for many clients.
        let is_of_one = !self.most.trusted_proxies.trusts(peer.to_canonical());
        let network = network(peer);
        let mut counts = self.counts();
        let count = counts.entry(network).or_default();
        if is_of_one && (*count >= self.most.of_address || !self.pays(peer, CONNECTION)) {
            if *count == 0 {
                counts.remove(&network);
            }
            return None;
        }
        *count += 1;
        drop(counts);
        let limits = self.limits.clone().filter(|_| is_of_one);
        let payer = limits.map(|limits| Payer::new(peer, limits)).unwrap_or_default();
        Some(Place { open: Arc::clone(self), network, payer })
    }

    fn pays(&self, peer: IpAddr, cost: u64) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.spend(peer, cost).is_ok())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.open.counts();
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Allowance;
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_a_proxy_has_all() {
        let trusted_proxies = TrustedProxies::new(vec!["192.0.2.9".parse().unwrap()]);
        let open = Open::new(Admission { connections: 5, of_address: 2, trusted_proxies }, None);
        let enter = |peer: &str, count| open.enter(peer.parse().unwrap(), count);
        let (first, second) = (enter("192.0.2.1", 0), enter("::ffff:192.0.2.1", 1));
        assert!(first.is_some() && second.is_some());
        assert!(enter("192.0.2.1", 2).is_none());
        let (one, two) = (enter("2001:db8::1", 2), enter("2001:db8::2", 3));
        assert!(one.is_some() && two.is_some() && enter("2001:db8::3", 4).is_none(), "a network of IPv6 is one");
        drop(first);
        let again = enter("192.0.2.1", 4);
        assert!(again.is_some() && enter("192.0.2.7", 5).is_none(), "from everywhere");
        let proxied = [enter("192.0.2.9", 0), enter("192.0.2.9", 1), enter("192.0.2.9", 2)];
        assert!(proxied.iter().all(Option::is_some));
        drop((second, one, two, again, proxied));
        assert!(open.counts().is_empty());
    }

    #[test]
    fn connections_are_paid_for_and_a_proxy_pays_for_nobody() {
        let allowance = Allowance { operations: 9, budget: 10 * CONNECTION, refill: 1 };
        let limits = Arc::new(Limits::new(allowance, allowance));
        let trusted_proxies = TrustedProxies::new(vec!["192.0.2.9".parse().unwrap()]);
        let open = Open::new(Admission { trusted_proxies, ..Admission::default() }, Some(limits));
        let enter = |peer: &str| open.enter(peer.parse().unwrap(), 0);
        for _ in 0..10 {
            assert!(enter("192.0.2.1").is_some());
        }
        assert!(enter("192.0.2.1").is_none(), "the budget is spent, though none is open any more");
        assert!(open.counts().is_empty());
        for _ in 0..20 {
            assert!(enter("192.0.2.9").is_some());
        }
        enter("192.0.2.2").unwrap().payer().pay_for_unfinished_head();
        assert!(enter("192.0.2.2").is_none());
        enter("192.0.2.4").unwrap().payer().pay_for_discarded(9 * CONNECTION * DISCARDED_BYTES);
        assert!(enter("192.0.2.4").is_none());
        let payer = enter("192.0.2.5").unwrap().payer().clone();
        assert!(payer.pays_for_discarded(8 * CONNECTION * DISCARDED_BYTES));
        assert!(!payer.pays_for_discarded(2 * CONNECTION * DISCARDED_BYTES));
        assert!(enter("192.0.2.9").unwrap().payer().pays_for_discarded(u64::MAX));
        assert!(enter("192.0.2.3").is_some());
    }
}
