//! How many connections there are, so that no one client takes all that the system has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::{TrustedProxies, network};

/// How many connections there may be at the same time. What comes beyond that is closed at once.
#[derive(Clone, Debug)]
pub struct Admission {
    /// From everywhere.
    pub connections: usize,
    /// From one address, or one network of IPv6; those of trusted proxies are of many.
    pub of_address: usize,
    pub trusted_proxies: TrustedProxies,
}

impl Default for Admission {
    fn default() -> Self {
        Self { connections: 10_000, of_address: 500, trusted_proxies: TrustedProxies::default() }
    }
}

/// The connections that are open.
pub struct Open {
    most: Admission,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One of them, until it is dropped.
pub struct Place {
    open: Arc<Open>,
    network: IpAddr,
}

impl Open {
    pub fn new(most: Admission) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default() })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` where there are as many as there may be; `open` is how many there are from everywhere.
    pub fn enter(self: &Arc<Self>, peer: IpAddr, open: usize) -> Option<Place> {
        if open >= self.most.connections {
            return None;
        }
        let network = network(peer);
        let mut counts = self.counts();
        let count = counts.entry(network).or_default();
        let is_full = *count >= self.most.of_address && !self.most.trusted_proxies.trusts(peer.to_canonical());
        *count += usize::from(!is_full);
        drop(counts);
        (!is_full).then(|| Place { open: Arc::clone(self), network })
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
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_a_proxy_has_all() {
        let trusted_proxies = TrustedProxies::new(vec!["192.0.2.9".parse().unwrap()]);
        let open = Open::new(Admission { connections: 5, of_address: 2, trusted_proxies });
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
}
