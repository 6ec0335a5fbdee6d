use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;

use super::phase::Phase;
use super::timeout_stream::TimeoutStream;

/// A connection after it has switched to another protocol.
pub struct UpgradedConnection {
    /// Times out when the client does not read what is written. Reading has no timeout: each protocol has its own.
    pub stream: TimeoutStream<TcpStream>,
    /// Bytes that were read ahead of the switch.
    pub read: Bytes,
    pub phase: Phase,
}

/// Speaks the other protocol until the connection ends.
pub type Speak = Box<dyn FnOnce(UpgradedConnection) -> BoxFuture<'static, ()> + Send>;

/// The slot in which a request handler leaves the protocol that its connection switches to. The connection's own task
/// speaks it, so that it keeps the connection's permit, its turns, and its place in the shutdown.
#[derive(Clone, Default)]
pub struct UpgradeSlot(Arc<Mutex<Option<Speak>>>);

impl UpgradeSlot {
    pub fn put(&self, speak: Speak) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(speak);
    }

    pub fn take(&self) -> Option<Speak> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
