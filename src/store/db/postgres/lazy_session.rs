use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnAcquireErr, DbErr, SqlxError};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::address::Server;
use super::error::{broken, closed};
use super::session::{Observer, Session};
use crate::store::db::connection_epoch::ConnectionEpoch;

/// Timeout for opening a connection.
const OPEN: Duration = Duration::from_secs(3);
/// Delay before trying again while the server accepts no connections: initial and maximum.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(300));
/// A connection that was idle for longer is checked before use: a network device that drops a connection notifies
/// nobody.
const RESTED: Duration = Duration::from_secs(30);
/// How long closing waits for running statements.
const CLOSING: Duration = Duration::from_secs(30);

/// A connection that is opened on first use, and replaced once it is broken or stale. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LazySession(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    server: Server,
    epoch: ConnectionEpoch,
    observer: Option<Observer>,
    held: Mutex<SessionState>,
}

#[derive(Debug)]
enum SessionState {
    Disconnected,
    /// The session, and the task that drives its connection.
    Open(Arc<Session>, JoinHandle<()>),
    Closed,
}

impl LazySession {
    pub fn new(server: Server, epoch: ConnectionEpoch) -> Self {
        Self(Arc::new(Shared { server, epoch, observer: None, held: Mutex::new(SessionState::Disconnected) }))
    }

    /// A new line to the same server, whose statements are reported to this observer.
    pub fn observed(&self, observer: Observer) -> Self {
        let (server, epoch) = (self.0.server.clone(), self.0.epoch.clone());
        Self(Arc::new(Shared { server, epoch, observer: Some(observer), held: Mutex::new(SessionState::Disconnected) }))
    }

    /// Returns the session. Opens a new one if there is none, it does not answer, or it is stale.
    ///
    /// # Errors
    /// If none can be opened in time, or the server refuses the connection.
    pub async fn session(&self) -> Result<Arc<Session>, DbErr> {
        let mut held = self.0.held.lock().await;
        match &*held {
            SessionState::Closed => return Err(broken(closed())),
            SessionState::Open(session, _) if self.is_good(session).await => return Ok(Arc::clone(session)),
            SessionState::Open(..) | SessionState::Disconnected => {}
        }
        // Close the old one first: the server may have no room for both.
        *held = SessionState::Disconnected;
        // In a task of its own, which ends with this future: TLS needs much stack, and the call chain here is deep.
        let mut opening = JoinSet::new();
        let (server, observer) = (self.0.server.clone(), self.0.observer.clone());
        opening.spawn(async move { timeout(OPEN, open(&server, observer)).await });
        let (session, task) = match opening.join_next().await {
            Some(Ok(Ok(opened))) => opened.map_err(broken)?,
            Some(Ok(Err(_))) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
            Some(Err(_)) | None => return Err(broken(closed())),
        };
        let session = Arc::new(session);
        session.take();
        *held = SessionState::Open(Arc::clone(&session), task);
        Ok(session)
    }

    async fn is_good(&self, session: &Session) -> bool {
        let rested = session.take();
        !session.is_closed() && !self.0.epoch.is_stale(session.age()) && (rested < RESTED || session.answers().await)
    }

    /// Waits until the connection is free again, after the future of a statement was dropped. Abandons a connection
    /// that does not recover in time.
    pub async fn recover(&self) {
        let mut held = self.0.held.lock().await;
        let SessionState::Open(session, task) = &*held else { return };
        if session.is_closed() || !session.recover().await {
            tracing::debug!("cannot recover a connection");
            // The task would wait for the answer to the abandoned statement.
            task.abort();
            *held = SessionState::Disconnected;
        }
    }

    /// Abandons a connection that did not answer in time; the next use opens another.
    pub fn leave(&self) {
        let Ok(mut held) = self.0.held.try_lock() else { return };
        if let SessionState::Open(_, task) = &*held {
            task.abort();
            *held = SessionState::Disconnected;
        }
    }

    /// Waits for running statements, then closes the connection for good.
    pub async fn close(&self) {
        let held = std::mem::replace(&mut *self.0.held.lock().await, SessionState::Closed);
        if let SessionState::Open(session, mut task) = held {
            drop(session);
            if timeout(CLOSING, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// Opens a session. Tries again while the server starts or has no room.
async fn open(server: &Server, observer: Option<Observer>) -> Result<(Session, JoinHandle<()>), SqlxError> {
    let (mut pause, longest) = PAUSE;
    loop {
        match Session::open(server, observer.clone()).await {
            Err(error) if may_pass(&error) => sleep(pause).await,
            opened => return opened,
        }
        pause = (pause * 2).min(longest);
    }
}

/// Whether the server may accept a connection soon.
fn may_pass(error: &SqlxError) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    match error {
        SqlxError::Io(error) => [ConnectionAborted, ConnectionRefused, ConnectionReset].contains(&error.kind()),
        SqlxError::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}
