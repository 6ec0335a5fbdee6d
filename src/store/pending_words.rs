use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// Maximum number of notes whose words wait to be gathered. A search reads the parts of each of its company's, some
/// microseconds a note; beyond this number, changes write the words themselves.
const MOST: u64 = 5_000;

/// How many notes wait for their words to be gathered, as far as this process knows. Cheap to clone; clones share the
/// number.
#[derive(Clone, Debug, Default)]
pub struct PendingWords(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    notes: AtomicU64,
    added: Notify,
}

impl PendingWords {
    /// Counts notes that a change leaves to the gatherer, and wakes it. Notes that waited before are counted again, and
    /// those of a change that is rolled back are counted too; [`Self::set`] corrects that.
    pub fn add(&self, notes: usize) {
        self.0.notes.fetch_add(notes as u64, Ordering::Relaxed);
        self.0.added.notify_one();
    }

    /// Whether no more notes may wait.
    pub fn are_many(&self) -> bool {
        self.0.notes.load(Ordering::Relaxed) >= MOST
    }

    /// Sets the number of notes, which was counted in the database.
    pub fn set(&self, notes: u64) {
        self.0.notes.store(notes, Ordering::Relaxed);
    }

    /// Waits until notes are added, or for so long.
    pub async fn added(&self, longest: Duration) {
        let _ = timeout(longest, self.0.added.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_number_of_notes_waits() {
        let pending = PendingWords::default();
        pending.add(4_999);
        assert!(!pending.are_many());
        pending.clone().add(1);
        assert!(pending.are_many());
        pending.set(0);
        assert!(!pending.are_many());
    }
}
