use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::scheduling::TokenKey;

/// The open sockets of each address and each token. Subscriptions over HTTP count among those of the token.
#[derive(Debug, Default)]
pub struct SocketCounts {
    pub addresses: Counts<IpAddr>,
    pub tokens: Counts<TokenKey>,
    /// The subscriptions of each token.
    pub subscriptions: Counts<TokenKey>,
}

/// The slot of a socket, or of another stream, among those of its token.
pub type TokenSlot = Slot<TokenKey>;

/// Counts what is open for each key. Keys with nothing open take no memory.
#[derive(Debug)]
pub struct Counts<K>(Arc<Mutex<HashMap<K, usize>>>);

/// The slot of one socket; dropping it frees the slot.
pub struct Slot<K: Eq + Hash> {
    counts: Counts<K>,
    key: K,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Copy> Counts<K> {
    /// Takes a slot; `None` if `most` are taken.
    pub fn take(&self, key: K, most: usize) -> Option<Slot<K>> {
        let mut counts = lock(&self.0);
        let count = counts.get(&key).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        counts.insert(key, count + 1);
        Some(Slot { counts: Self(Arc::clone(&self.0)), key })
    }
}

fn lock<K>(counts: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts.0);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_counted_for_each_key() {
        let counts = Counts::default();
        let (first, second) = (counts.take(1, 2), counts.take(1, 2));
        assert!(first.is_some() && second.is_some() && counts.take(1, 2).is_none() && counts.take(2, 2).is_some());
        drop(first);
        assert!(counts.take(1, 2).is_some());
        drop(second);
        assert!(lock(&counts.0).is_empty());
    }
}
