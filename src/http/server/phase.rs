//! The state of a connection: whether the client or the server has to act next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::sync::Notify;

/// The state of a connection, shared by its stream and its requests.
#[derive(Clone, Debug, Default)]
pub struct Phase(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of requests so far, with one of the phases below in the lowest bits.
    phase: AtomicU64,
    /// Number of writes to the client that made progress.
    taken: AtomicU64,
    /// Whether the last write could not be made yet.
    blocked: AtomicBool,
    /// Whether part of a body was not read, and will not be.
    unread: AtomicBool,
    /// Number of bytes that were discarded at the end and not charged yet.
    unpaid: AtomicU64,
    /// Number of bytes received over the connection.
    received: AtomicU64,
    /// Maximum for `received` while a body is read; 0 if none is.
    most: AtomicU64,
    /// Wakes the connection, whose timeouts depend on the phase.
    changed: Notify,
}

/// No byte of the next request has arrived.
pub const RESTING: u64 = 0;
/// Part of the next head has arrived.
pub const HEAD: u64 = 1;
/// A request has arrived, and its response is not ready.
const BUSY: u64 = 2;
/// The client reads the response.
const ANSWERING: u64 = 3;
pub const MASK: u64 = 3;

/// Number of bytes that may arrive for a body in addition to twice its own, for chunk framing and for what is read
/// ahead.
const FRAMING: u64 = 64 << 10;

impl Phase {
    /// Enters the busy phase for a new request. Dropping the guard ends it.
    pub fn begin(&self) -> Busy {
        let requests = (self.get() & !MASK) + MASK + 1;
        self.body_ends();
        self.set(requests | BUSY);
        Busy { phase: self.clone(), request: requests }
    }

    /// Whether the client waits for the server, not the server for the client.
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

    /// Sets the number of discarded bytes that are not charged yet.
    pub fn owe_for(&self, discarded: u64) {
        self.0.unpaid.store(discarded, Ordering::Relaxed);
    }

    /// Number of bytes that were discarded at the end and not charged yet.
    pub fn unpaid(&self) -> u64 {
        self.0.unpaid.load(Ordering::Relaxed)
    }

    /// Ready when the phase was changed from outside the connection.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Whether the client has sent, or may still send, bytes that nobody will read.
    pub fn has_unread(&self) -> bool {
        self.0.unread.load(Ordering::Relaxed) || self.is_in_head()
    }

    /// Starts comparing the received bytes with the size of the body.
    pub fn body_begins(&self) {
        self.0.most.store(self.0.received.load(Ordering::Relaxed) + FRAMING, Ordering::Relaxed);
    }

    /// Counts bytes of the body itself.
    pub fn body_has(&self, bytes: usize) {
        let more = |most| (most > 0).then(|| most + 2 * bytes as u64);
        let _ = self.0.most.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Stops comparing, as the body was read to its end.
    pub fn body_ends(&self) {
        self.0.most.store(0, Ordering::Relaxed);
    }

    /// Whether most of what arrived for a body is framing: chunks that are too small, or chunk sizes with leading
    /// zeros.
    pub fn is_overframed(&self) -> bool {
        let most = self.0.most.load(Ordering::Relaxed);
        most > 0 && self.0.received.load(Ordering::Relaxed) > most
    }

    /// Counts bytes received over the connection.
    pub fn received(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
        let now = self.get();
        if now & MASK == RESTING {
            self.set(now | HEAD);
        }
    }

    pub fn sent(&self) {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        self.0.blocked.store(false, Ordering::Relaxed);
    }

    /// Writing waits for the client.
    pub fn block(&self) {
        self.0.blocked.store(true, Ordering::Relaxed);
    }

    /// Whether writing waits for the client.
    pub fn is_blocked(&self) -> bool {
        self.0.blocked.load(Ordering::Relaxed)
    }

    /// Marks what the client may still send as never to be read, so that the connection lingers when it closes.
    pub fn leave_unread(&self) {
        self.0.unread.store(true, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.phase.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u64) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }
}

/// Guard of a request that is being answered, or whose body is still arriving.
pub struct Busy {
    phase: Phase,
    /// The request's number, shifted as in the phase.
    request: u64,
}

impl Busy {
    /// Marks the response as ready. The guard moves into the body, and is dropped when the client has read the body or
    /// given up.
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

    /// Tells the connection that another task has read the rest of the body.
    pub fn body_ended(self: Arc<Self>) {
        let phase = self.phase.clone();
        drop(self);
        phase.0.changed.notify_one();
    }

    /// Marks the rest of the body as never to be read, so that the connection closes after this request.
    pub fn leave_unread(&self) {
        self.phase.leave_unread();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // The next request may already have begun.
        let rest = |now| (now & !MASK == self.request).then_some(self.request | RESTING);
        let _ = self.phase.0.phase.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_framing_of_a_body_is_bounded() {
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
    fn a_late_end_of_a_request_does_not_affect_the_next_one() {
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
