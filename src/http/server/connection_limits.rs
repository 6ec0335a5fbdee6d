//! Connection limits, in total and per address, so that no client can take all connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::rate_limit::{RateLimiter, TrustedProxies, network};

/// Points that an address is charged for each connection, and for a request head that was begun but never finished.
const CONNECTION: u64 = 100;
const UNFINISHED_HEAD: u64 = 1_000;
/// An address is charged 1 point per this many bytes that are discarded when its connection ends.
const DISCARDED_BYTES: u64 = 1_000;

/// Maximum numbers of simultaneous connections. The server closes connections beyond them at once.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Total, from all addresses.
    pub connections: usize,
    /// Per address, or per /64 network for IPv6. Trusted proxies are exempt, as they connect for many clients.
    pub per_address: usize,
    pub trusted_proxies: TrustedProxies,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connections: 10_000, per_address: 500, trusted_proxies: TrustedProxies::default() }
    }
}

/// Counts the open connections.
pub struct ConnectionLimiter {
    most: ConnectionLimits,
    counts: Mutex<HashMap<IpAddr, usize>>,
    /// The accounts that are charged for connections, if any.
    limits: Option<Arc<RateLimiter>>,
}

/// The slot of one connection; dropping it frees the slot.
pub struct ConnectionPermit {
    limiter: Arc<ConnectionLimiter>,
    network: IpAddr,
    budget: ConnectionBudget,
}

/// The account that is charged for a connection. Connections of trusted proxies are not charged.
#[derive(Clone, Default)]
pub struct ConnectionBudget(Option<(IpAddr, Arc<RateLimiter>)>);

impl ConnectionBudget {
    pub fn new(peer: IpAddr, limits: Arc<RateLimiter>) -> Self {
        Self(Some((peer, limits)))
    }

    /// Charges for a connection that ended inside the head of a request. Such heads are the cheapest thing to send, and
    /// no request follows that would be charged instead.
    pub fn charge_incomplete_head(&self) {
        if let Self(Some((peer, limits))) = self {
            limits.charge_into_debt(*peer, UNFINISHED_HEAD);
        }
    }

    /// Charges for discarded bytes while more of them arrive. Returns whether the address could pay; if not, nothing is
    /// charged, and the bytes stay due.
    pub fn try_charge_discarded(&self, bytes: u64) -> bool {
        let Self(Some((peer, limits))) = self else { return true };
        limits.try_charge(*peer, bytes / DISCARDED_BYTES).is_ok()
    }

    /// Charges for the last discarded bytes, after the connection has ended; the address may go into debt.
    pub fn charge_discarded(&self, bytes: u64) {
        if let (Self(Some((peer, limits))), 1..) = (self, bytes / DISCARDED_BYTES) {
            limits.charge_into_debt(*peer, bytes / DISCARDED_BYTES);
        }
    }
}

impl ConnectionPermit {
    /// The address, or the /64 network for IPv6, that the connection counts for.
    pub fn network(&self) -> IpAddr {
        self.network
    }

    pub fn budget(&self) -> &ConnectionBudget {
        &self.budget
    }
}

impl ConnectionLimiter {
    pub fn new(most: ConnectionLimits, limits: Option<Arc<RateLimiter>>) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default(), limits })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot for a connection from `peer`. `open` is the total number of open connections. Returns `None` if a
    /// maximum is reached or the address has spent its budget.
    pub fn admit(self: &Arc<Self>, peer: IpAddr, open: usize) -> Option<ConnectionPermit> {
        if open >= self.most.connections {
            return None;
        }
        // A proxy connects for many clients.
        let is_of_one = !self.most.trusted_proxies.trusts(peer.to_canonical());
        let network = network(peer);
        let mut counts = self.counts();
        let count = counts.entry(network).or_default();
        if is_of_one && (*count >= self.most.per_address || !self.pays(peer, CONNECTION)) {
            if *count == 0 {
                counts.remove(&network);
            }
            return None;
        }
        *count += 1;
        drop(counts);
        let limits = self.limits.clone().filter(|_| is_of_one);
        let budget = limits.map(|limits| ConnectionBudget::new(peer, limits)).unwrap_or_default();
        Some(ConnectionPermit { limiter: Arc::clone(self), network, budget })
    }

    fn pays(&self, peer: IpAddr, cost: u64) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.try_charge(peer, cost).is_ok())
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.limiter.counts();
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
    use super::*;
    use crate::http::rate_limit::RateLimit;

    #[test]
    fn connections_are_limited_per_address_except_for_proxies() {
        let trusted_proxies = TrustedProxies::new(vec!["192.0.2.9".parse().unwrap()]);
        let limiter =
            ConnectionLimiter::new(ConnectionLimits { connections: 5, per_address: 2, trusted_proxies }, None);
        let enter = |peer: &str, count| limiter.admit(peer.parse().unwrap(), count);
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
        assert!(limiter.counts().is_empty());
    }

    #[test]
    fn connections_are_charged_except_for_proxies() {
        let rate_limit = RateLimit { operations: 9, budget: 10 * CONNECTION, refill: 1 };
        let limits = Arc::new(RateLimiter::new(rate_limit, rate_limit));
        let trusted_proxies = TrustedProxies::new(vec!["192.0.2.9".parse().unwrap()]);
        let limiter =
            ConnectionLimiter::new(ConnectionLimits { trusted_proxies, ..ConnectionLimits::default() }, Some(limits));
        let enter = |peer: &str| limiter.admit(peer.parse().unwrap(), 0);
        for _ in 0..10 {
            assert!(enter("192.0.2.1").is_some());
        }
        assert!(enter("192.0.2.1").is_none(), "the budget is spent, though none is open any more");
        assert!(limiter.counts().is_empty());
        for _ in 0..20 {
            assert!(enter("192.0.2.9").is_some());
        }
        enter("192.0.2.2").unwrap().budget().charge_incomplete_head();
        assert!(enter("192.0.2.2").is_none());
        enter("192.0.2.4").unwrap().budget().charge_discarded(9 * CONNECTION * DISCARDED_BYTES);
        assert!(enter("192.0.2.4").is_none());
        let budget = enter("192.0.2.5").unwrap().budget().clone();
        assert!(budget.try_charge_discarded(8 * CONNECTION * DISCARDED_BYTES));
        assert!(!budget.try_charge_discarded(2 * CONNECTION * DISCARDED_BYTES));
        assert!(enter("192.0.2.9").unwrap().budget().try_charge_discarded(u64::MAX));
        assert!(enter("192.0.2.3").is_some());
    }
}
