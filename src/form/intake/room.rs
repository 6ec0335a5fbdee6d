//! Limits the memory of records that are read and not yet written.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Maximum number of bytes that records may take at the same time, by [`Raw::size`](crate::form::record::Raw::size). A
/// larger record is processed alone.
const MOST: usize = 64 << 20;

/// A semaphore of bytes.
#[derive(Default)]
pub struct Room {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Room {
    /// Whether `bytes` bytes can be taken without waiting.
    pub fn has(&self, bytes: usize) -> bool {
        fits(*self.lock(), bytes)
    }

    /// Waits until there is room and takes it.
    pub fn take(self: &Arc<Self>, bytes: usize) -> Taken {
        let full = |taken: &mut usize| !fits(*taken, bytes);
        let mut taken = self.freed.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        *taken += bytes;
        Taken { room: Arc::clone(self), bytes }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fits(taken: usize, bytes: usize) -> bool {
    taken == 0 || taken.saturating_add(bytes) <= MOST
}

/// Taken room, released on drop.
pub struct Taken {
    room: Arc<Room>,
    bytes: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        *self.room.lock() -= self.bytes;
        self.room.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_waits_for_room_and_a_large_one_goes_alone() {
        let room = Arc::new(Room::default());
        let first = room.take(MOST / 2);
        let second = room.take(MOST / 2);
        assert!(!room.has(1));
        drop(first);
        assert!(room.has(1) && !room.has(MOST));
        let large = std::thread::spawn({
            let room = Arc::clone(&room);
            move || room.take(10 * MOST)
        });
        drop(second);
        let large = large.join().unwrap();
        assert!(!room.has(1));
        drop(large);
        assert!(room.has(1));
    }
}
