//! What a connection is about just now: who waits for whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::sync::Notify;

/// What a connection is about, shared by its bytes and its requests.
#[derive(Clone, Debug, Default)]
pub struct Phase(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of requests so far, and in the lowest bits one of the following.
    phase: AtomicU64,
    /// How often the client took some bytes.
    taken: AtomicU64,
    /// Whether some of a body was not read, and will not be.
    unread: AtomicBool,
    /// How many bytes were discarded at the end and are not paid for.
    unpaid: AtomicU64,
    /// How many bytes have come over it.
    received: AtomicU64,
    /// How many may have come while a body is read; 0 where none is.
    most: AtomicU64,
    /// Wakes the connection, whose time limits depend on the phase.
    changed: Notify,
}

/// No byte of the next request is here.
pub const RESTING: u64 = 0;
/// Some of its head is.
pub const HEAD: u64 = 1;
/// A request is here, and its answer is not.
const BUSY: u64 = 2;
/// The client takes the answer.
const ANSWERING: u64 = 3;
pub const MASK: u64 = 3;

/// How many bytes may come for a body beyond two for each of its own: what frames it in chunks, and what is read ahead.
const FRAMING: u64 = 64 << 10;

impl Phase {
    /// A request is here, until the guard is dropped.
    pub fn begin(&self) -> Busy {
        let requests = (self.get() & !MASK) + MASK + 1;
        self.body_ends();
        self.set(requests | BUSY);
        Busy { phase: self.clone(), request: requests }
    }

    /// Whether the server has to do something for the client, not the client for the server.
    pub fn is_busy(&self) -> bool {
        self.get() & MASK == BUSY
    }

    /// Whether the head of a request has begun and not ended.
    pub fn is_in_head(&self) -> bool {
        self.get() & MASK == HEAD
    }

    /// A number that changes when the client takes some bytes.
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// So many bytes were discarded so far and are not paid for.
    pub fn owe_for(&self, discarded: u64) {
        self.0.unpaid.store(discarded, Ordering::Relaxed);
    }

    /// How many bytes were discarded at the end and are not paid for.
    pub fn unpaid(&self) -> u64 {
        self.0.unpaid.load(Ordering::Relaxed)
    }

    /// Ready when the phase was changed from outside the connection.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Whether the client has sent, or is about to send, what nobody reads.
    pub fn has_unread(&self) -> bool {
        self.0.unread.load(Ordering::Relaxed) || self.is_in_head()
    }

    /// A body begins: what comes from here on is held against what it has.
    pub fn body_begins(&self) {
        self.0.most.store(self.0.received.load(Ordering::Relaxed) + FRAMING, Ordering::Relaxed);
    }

    /// So many more bytes of the body itself have come.
    pub fn body_has(&self, bytes: usize) {
        let more = |most| (most > 0).then(|| most + 2 * bytes as u64);
        let _ = self.0.most.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// The body was read to its end.
    pub fn body_ends(&self) {
        self.0.most.store(0, Ordering::Relaxed);
    }

    /// Whether what came for a body is mostly not of it: chunks that are too small, or zeros before their sizes.
    pub fn is_overframed(&self) -> bool {
        let most = self.0.most.load(Ordering::Relaxed);
        most > 0 && self.0.received.load(Ordering::Relaxed) > most
    }

    /// So many bytes have come.
    pub fn received(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
        let now = self.get();
        if now & MASK == RESTING {
            self.set(now | HEAD);
        }
    }

    pub fn sent(&self) {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.phase.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u64) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }
}

/// A request that is being answered, or whose body is still coming.
pub struct Busy {
    phase: Phase,
    /// Its number, in the place where the phase has it.
    request: u64,
}

impl Busy {
    /// The answer is there. Goes with the body, until it was taken or given up.
    pub fn until_taken(self: Arc<Self>, body: Body) -> Body {
        self.phase.set(self.request | ANSWERING);
        Body::new(body.map_err(move |error| {
            let _held = &self;
            error
        }))
    }

    /// See [`Phase::body_has`].
    pub fn body_has(&self, bytes: usize) {
        self.phase.body_has(bytes);
    }

    /// The rest of its body was read, beside the connection.
    pub fn body_ended(self: Arc<Self>) {
        let phase = self.phase.clone();
        drop(self);
        phase.0.changed.notify_one();
    }

    /// Nobody reads the rest of its body: the connection ends with it.
    pub fn leave_unread(&self) {
        self.phase.0.unread.store(true, Ordering::Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // The next request may have begun.
        let rest = |now| (now & !MASK == self.request).then_some(self.request | RESTING);
        let _ = self.phase.0.phase.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_frames_a_body_is_bounded_while_it_is_read() {
        let phase = Phase::default();
        let is_overframed = |bytes: u64| {
            phase.received(usize::try_from(bytes).unwrap());
            phase.is_overframed()
        };
        assert!(!is_overframed(1_000_000), "there is no body");
        let busy = phase.begin();
        phase.body_begins();
        assert!(!is_overframed(FRAMING) && is_overframed(1));
        busy.body_has(50);
        assert!(!is_overframed(99) && is_overframed(1));
        phase.body_ends();
        assert!(!is_overframed(1_000_000));
        busy.body_has(50);
        assert!(!is_overframed(1_000_000), "what is told late begins no other");
        phase.body_begins();
        drop(phase.begin());
        assert!(!is_overframed(1_000_000), "a request without one");
    }

    #[test]
    fn a_request_that_ends_late_leaves_the_next_one_alone() {
        let phase = Phase::default();
        let first = Arc::new(phase.begin());
        let rest = Arc::clone(&first);
        drop(first.until_taken(Body::empty()));
        assert!(!phase.is_busy() && phase.get() & MASK == ANSWERING, "its body still comes");
        let second = phase.begin();
        drop(rest);
        assert!(phase.is_busy());
        drop(second);
        assert_eq!(phase.get() & MASK, RESTING);
    }
}
