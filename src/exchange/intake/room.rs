//! Limits the memory of records that are read and not yet written.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Maximum number of bytes that records may take at the same time, by [`Raw::size`](crate::exchange::record::Raw::size). A
/// larger record is processed alone.
const MOST: usize = 64 << 20;

/// A semaphore of bytes.
#[derive(Default)]
pub struct MemoryBudget {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl MemoryBudget {
    /// Whether `bytes` bytes can be taken without waiting.
    pub fn has(&self, bytes: usize) -> bool {
        fits(*self.lock(), bytes)
    }

    /// Waits until there is room and takes it.
    pub fn take(self: &Arc<Self>, bytes: usize) -> MemoryPermit {
        let full = |taken: &mut usize| !fits(*taken, bytes);
        let mut taken = self.freed.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        *taken += bytes;
        MemoryPermit { budget: Arc::clone(self), bytes }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fits(taken: usize, bytes: usize) -> bool {
    taken == 0 || taken.saturating_add(bytes) <= MOST
}

/// Taken room, released on drop.
pub struct MemoryPermit {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        *self.budget.lock() -= self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_waits_for_space_and_a_large_one_runs_alone() {
        let budget = Arc::new(MemoryBudget::default());
        let first = budget.take(MOST / 2);
        let second = budget.take(MOST / 2);
        assert!(!budget.has(1));
        drop(first);
        assert!(budget.has(1) && !budget.has(MOST));
        let large = std::thread::spawn({
            let budget = Arc::clone(&budget);
            move || budget.take(10 * MOST)
        });
        drop(second);
        let large = large.join().unwrap();
        assert!(!budget.has(1));
        drop(large);
        assert!(budget.has(1));
    }
}
