//! A socket: reads messages, starts and stops operations, writes what they yield, and keeps the time.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{AbortHandle, Abortable, BoxStream, SelectAll, select_all};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Received;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::client::SocketClient;
use super::closing::{CLOSING, End, STALLED, Ws, close_for, close_handshake, cut_off, gone, write};
use super::counted_stream::CountedStream;
use super::counts::TokenSlot;
use super::message;
use super::operation::{self, Content, Message, Outgoing};
use super::protocol::{Action, Close, Protocol};
use crate::auth::Viewer;
use crate::http::error::HttpError;
use crate::http::rate_limit::network;
use crate::http::response::error_payload;
use crate::http::server::upgraded::UpgradedConnection;
use crate::http::state::GraphqlState;
use crate::meter::MemoryReservation;

/// Maximum size of a message before the client is known, in bytes: room for a long JSON web token.
const UNKNOWN_BYTES: u64 = 32 << 10;
/// Size of the read buffer, which each open socket has.
const READ_BUFFER: usize = 4 << 10;
/// Maximum number of bytes that wait in the library's write buffer: a piece of a result, and answers to pings.
const WRITE_BUFFER: usize = 1 << 20;
/// Bytes of framing that may arrive for a message in addition to twice its own.
const FRAMING: u64 = 16 << 10;
/// Points that an address is charged for a message, in addition to those of an operation.
const MESSAGE: u64 = 50;
/// The longest pause in reading from a client that has spent the budget of its address.
const PAUSE: Duration = Duration::from_secs(5);

/// A check of a token.
type Check = BoxFuture<'static, Result<Viewer, HttpError>>;

/// A running operation.
struct Handle {
    id: String,
    abort: AbortHandle,
    is_subscription: bool,
}

pub struct Socket {
    state: Arc<GraphqlState>,
    client: Arc<SocketClient>,
    protocol: Protocol,
    /// The check of the token, while it runs.
    authenticating: Option<Check>,
    /// A later check, while it runs.
    checking: Option<Check>,
    /// When the token was valid for the last time.
    valid: Instant,
    /// The slot among the sockets of the token.
    slot: Option<TokenSlot>,
    operations: SelectAll<Abortable<BoxStream<'static, Outgoing>>>,
    handles: HashMap<u64, Handle>,
    opened: Instant,
    /// When something arrived for the last time.
    heard: Instant,
    /// Whether a ping was sent since then.
    pinged: bool,
    /// Until when nothing is read, because the address has spent its budget.
    paused: Option<Instant>,
    /// Points that the address owes.
    due: u64,
    /// CPU time of the connection that was charged.
    charged: Duration,
    /// When the shutdown gives up what still runs, once it has begun.
    ending: Option<Instant>,
}

impl Socket {
    pub fn new(state: Arc<GraphqlState>, client: SocketClient) -> Self {
        let now = Instant::now();
        Self {
            protocol: Protocol::new(state.settings.sockets.operations),
            charged: client.cpu.total(),
            client: Arc::new(client),
            state,
            authenticating: None,
            checking: None,
            valid: now,
            slot: None,
            operations: select_all([]),
            handles: HashMap::new(),
            opened: now,
            heard: now,
            pinged: false,
            paused: None,
            due: 0,
            ending: None,
        }
    }

    pub async fn run(mut self, connection: UpgradedConnection) {
        let UpgradedConnection { stream, read, phase } = connection;
        let message_bytes = self.state.settings.sockets.message_bytes;
        let memory = match self.client.address {
            Some(address) => self.state.memory.token(network(address)),
            None => self.state.memory.token(()),
        };
        let stream = CountedStream::new(stream, UNKNOWN_BYTES, MemoryReservation::new(memory));
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(message_bytes))
            .max_frame_size(Some(message_bytes));
        let mut ws = WebSocketStream::from_partially_read(stream, read.to_vec(), Role::Server, Some(config)).await;
        let mut end = self.client.end.clone();
        let ended = tokio::select! {
            biased;
            ended = self.converse(&mut ws) => ended,
            () = cut_off(&mut end, &phase) => None,
        };
        // Whoever reads a close frame finds that nothing runs any more.
        let Self { operations, handles, slot, .. } = self;
        drop((operations, handles, slot));
        let close = async {
            if let Some(close) = ended {
                tracing::debug!(code = close.code, reason = %close.reason, "closing a socket");
                // The client may still be sending, and could lose the close frame when the connection is reset.
                phase.leave_unread();
                close_handshake(&mut ws, close).await;
            }
            let _ = ws.into_inner().shutdown().await;
        };
        tokio::select! {
            biased;
            () = close => {}
            () = async { end.begun().await; sleep(CLOSING + STALLED).await } => {}
        }
    }

    /// Returns when the socket has to be closed, or the connection is gone.
    async fn converse(&mut self, ws: &mut Ws) -> End {
        let mut end = self.client.end.clone();
        let mut begun = pin!(end.begun());
        loop {
            if self.ending.is_some() && self.protocol.is_idle() {
                return Some(Close::GOING_AWAY);
            }
            let wake = self.wake();
            let step = tokio::select! {
                until = &mut begun, if self.ending.is_none() => {
                    self.ending = Some(until);
                    self.end_subscriptions();
                    Ok(())
                }
                viewer = authenticated(&mut self.authenticating) => self.authenticated(ws, viewer).await,
                viewer = authenticated(&mut self.checking) => self.checked(&viewer),
                Some(outgoing) = self.operations.next(), if !self.operations.is_empty() => {
                    self.outgoing(ws, outgoing).await
                }
                received = ws.next(), if self.paused.is_none() => match received {
                    Some(Ok(received)) => self.received(ws, received).await,
                    Some(Err(error)) => Err(close_for(&error)),
                    None => Err(None),
                },
                () = sleep_until(wake) => self.woken(ws).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// When something has to be done even if nothing happens.
    fn wake(&self) -> Instant {
        let limits = &self.state.settings.sockets;
        let silence = if self.pinged { 2 * limits.keep_alive } else { limits.keep_alive };
        let init = (!self.protocol.is_initialized()).then_some(self.opened + limits.init_timeout);
        let check = (self.slot.is_some() && self.checking.is_none()).then_some(self.valid + limits.check_interval);
        let wakes = [Some(self.heard + silence), init, self.paused, self.ending, check];
        wakes.into_iter().flatten().min().unwrap_or(self.heard)
    }

    async fn woken(&mut self, ws: &mut Ws) -> Result<(), End> {
        let (now, limits) = (Instant::now(), self.state.settings.sockets);
        if self.ending.is_some_and(|ending| ending <= now) {
            return Err(Some(Close::GOING_AWAY));
        }
        if !self.protocol.is_initialized() && self.opened + limits.init_timeout <= now {
            return Err(Some(Close::INIT_TIMEOUT));
        }
        if self.paused.is_some_and(|paused| paused <= now) {
            self.paused = None;
            self.heard = now;
            self.charge(0);
        }
        if self.slot.is_some() && self.checking.is_none() && self.valid + limits.check_interval <= now {
            let (state, client) = (Arc::clone(&self.state), Arc::clone(&self.client));
            let check = async move { state.authenticate(client.token.as_deref(), client.address).await };
            self.checking = Some(Box::pin(check));
        }
        if self.pinged && self.heard + 2 * limits.keep_alive <= now {
            return Err(None);
        }
        if !self.pinged && self.heard + limits.keep_alive <= now {
            self.pinged = true;
            return gone(ws.send(Received::Ping(Bytes::new())).await);
        }
        Ok(())
    }

    async fn received(&mut self, ws: &mut Ws, received: Received) -> Result<(), End> {
        (self.heard, self.pinged) = (Instant::now(), false);
        self.charge(MESSAGE);
        match received {
            Received::Text(text) => {
                ws.get_mut().message_ended();
                self.text(ws, text.as_str()).await
            }
            Received::Binary(_) => Err(Some(Close::BINARY)),
            Received::Ping(payload) | Received::Pong(payload) => {
                ws.get_mut().forget_frame(payload.len());
                Ok(())
            }
            Received::Close(_) => {
                // Sends the client's close frame back.
                let _ = timeout(CLOSING, ws.flush()).await;
                Err(None)
            }
            Received::Frame(_) => Ok(()),
        }
    }

    async fn text(&mut self, ws: &mut Ws, text: &str) -> Result<(), End> {
        match self.protocol.receive(text) {
            Action::None => Ok(()),
            Action::Send(text) => write(ws, Message::text(text)).await,
            Action::Close(close) => Err(Some(close)),
            Action::Authenticate { token } => {
                if token.is_some() {
                    self.client = Arc::new(SocketClient { token, ..SocketClient::clone(&self.client) });
                }
                let (state, client) = (Arc::clone(&self.state), Arc::clone(&self.client));
                self.authenticating =
                    Some(Box::pin(
                        async move { state.authenticate_socket(client.token.as_deref(), client.address).await },
                    ));
                Ok(())
            }
            Action::Start { id, number, .. } if self.ending.is_some() => {
                self.refuse(ws, id, Some(number), HttpError::stopping()).await
            }
            Action::Start { id, number, payload } => {
                // A copy, as the message keeps the whole read buffer.
                self.start(id, number, Bytes::copy_from_slice(payload.get().as_bytes()));
                Ok(())
            }
            Action::Refuse { id } => {
                let most = self.state.settings.sockets.operations;
                self.refuse(ws, id, None, HttpError::too_many_on_socket(most)).await
            }
            Action::Stop { number } => {
                if let Some(handle) = self.handles.remove(&number) {
                    handle.abort.abort();
                }
                Ok(())
            }
        }
    }

    fn start(&mut self, id: String, number: u64, body: Bytes) {
        let messages = operation::start(Arc::clone(&self.state), Arc::clone(&self.client), id.clone(), number, body);
        let (handle, registration) = AbortHandle::new_pair();
        self.operations.push(Abortable::new(messages, registration));
        self.handles.insert(number, Handle { id, abort: handle, is_subscription: false });
    }

    /// Ends all subscriptions, which would not end by themselves.
    fn end_subscriptions(&mut self) {
        for (number, handle) in self.handles.extract_if(|_, handle| handle.is_subscription) {
            handle.abort.abort();
            self.protocol.end(&handle.id, number);
        }
    }

    async fn refuse(&mut self, ws: &mut Ws, id: String, number: Option<u64>, error: HttpError) -> Result<(), End> {
        if let Some(number) = number {
            self.protocol.end(&id, number);
        }
        write(ws, Message::error(&id, error_payload(error, &operation::request_id()))).await
    }

    async fn outgoing(&mut self, ws: &mut Ws, outgoing: Outgoing) -> Result<(), End> {
        let Outgoing { id, number, content } = outgoing;
        if !self.protocol.is_running(&id, number) {
            return Ok(());
        }
        if !matches!(content, Content::Next(_) | Content::Subscribed) {
            self.protocol.end(&id, number);
            self.handles.remove(&number);
        }
        match content {
            Content::Next(message) | Content::Error(message) => write(ws, message).await,
            Content::Subscribed => {
                if let Some(handle) = self.handles.get_mut(&number) {
                    handle.is_subscription = true;
                }
                if self.ending.is_some() {
                    self.end_subscriptions();
                }
                Ok(())
            }
            Content::End => write(ws, Message::text(message::complete(&id))).await,
            Content::Forbidden => Err(Some(Close::FORBIDDEN)),
        }
    }

    /// Closes the socket if its token is no longer valid. A database that does not answer closes none.
    fn checked(&mut self, viewer: &Result<Viewer, HttpError>) -> Result<(), End> {
        self.valid = Instant::now();
        match viewer {
            Err(error) if error.code == "UNAUTHENTICATED" => Err(Some(Close::FORBIDDEN)),
            _ => Ok(()),
        }
    }

    async fn authenticated(&mut self, ws: &mut Ws, viewer: Result<Viewer, HttpError>) -> Result<(), End> {
        let viewer = viewer.map_err(|error| {
            Some(match error.code {
                "UNAUTHENTICATED" => Close::FORBIDDEN,
                "INTERNAL" => Close::FAILED,
                _ => Close::TRY_LATER,
            })
        })?;
        let limits = &self.state.settings.sockets;
        let slot = self.state.sockets.tokens.take(viewer.token_key(), limits.per_token);
        self.slot = Some(slot.ok_or(Some(Close::TRY_LATER))?);
        self.valid = Instant::now();
        let memory = MemoryReservation::new(self.state.memory.token(viewer.token_key()));
        ws.get_mut().change(2 * limits.message_bytes as u64 + FRAMING, memory);
        write(ws, Message::text(self.protocol.acknowledge())).await
    }

    /// Charges the address for a message, and for the CPU time that the connection has taken. An address that cannot pay
    /// is read from again when it can.
    fn charge(&mut self, points: u64) {
        let Some(address) = self.client.address else { return };
        let total = self.client.cpu.total();
        let micros = u64::try_from(total.saturating_sub(self.charged).as_micros()).unwrap_or(u64::MAX);
        self.charged = total;
        self.due += points.max(micros);
        match self.state.limits.try_charge(address, self.due) {
            Ok(()) => self.due = 0,
            Err(exceeded) => self.paused = Some(Instant::now() + exceeded.retry_after.min(PAUSE)),
        }
    }
}

/// The result of the check of the token; never ready if none runs.
async fn authenticated(running: &mut Option<Check>) -> Result<Viewer, HttpError> {
    let Some(check) = running else { return std::future::pending().await };
    let checked = check.await;
    *running = None;
    checked
}
