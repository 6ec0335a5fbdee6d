//! How a socket ends, and what it writes until then.

use std::io::ErrorKind;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::counted_stream::{CountedStream, NO_MEMORY, TOO_LARGE};
use super::operation::Message;
use super::protocol::Close;
use super::send;
use crate::http::server::phase::Phase;
use crate::http::server::serve::ShutdownSignal;
use crate::http::server::timeout_stream::TimeoutStream;

pub type Ws = WebSocketStream<CountedStream<TimeoutStream<TcpStream>>>;

/// How long the server waits for the client's part of the closing handshake.
pub const CLOSING: Duration = Duration::from_secs(1);
/// While the server shuts down, a client that reads nothing for this long is dropped.
pub const STALLED: Duration = Duration::from_secs(1);

/// Why a socket ends: the server closes it, or the connection is gone.
pub type End = Option<Close>;

pub async fn write(ws: &mut Ws, message: Message) -> Result<(), End> {
    let Message { pieces, guard } = message;
    let sent = send::send(ws, pieces).await;
    drop(guard);
    gone(sent)
}

pub fn gone(sent: Result<(), tungstenite::Error>) -> Result<(), End> {
    sent.map_err(|error| {
        tracing::debug!(cause = %error, "cannot write to a socket");
        None
    })
}

/// How a socket ends after an error of reading.
pub fn close_for(error: &tungstenite::Error) -> End {
    use tungstenite::Error;
    match error {
        Error::Capacity(_) => Some(Close::TOO_LARGE),
        Error::Io(error) if error.kind() == TOO_LARGE => Some(Close::TOO_LARGE),
        Error::Io(error) if error.kind() == NO_MEMORY => Some(Close::TRY_LATER),
        Error::Io(error) if error.kind() == ErrorKind::TimedOut => None,
        Error::Utf8(_) => Some(Close::NOT_UTF8),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(Close::BAD_FRAME),
        _ => None,
    }
}

/// Sends a close frame, and waits a moment for that of the client.
pub async fn close_handshake(ws: &mut Ws, close: Close) {
    let frame = CloseFrame { code: close.code.into(), reason: close.reason.as_ref().into() };
    let _ = timeout(CLOSING, async {
        if ws.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = ws.next().await {
                ws.get_mut().message_ended();
            }
        }
    })
    .await;
}

/// Ready when the server shuts down and the client reads nothing of what is written to it.
pub async fn cut_off(end: &mut ShutdownSignal, phase: &Phase) {
    end.begun().await;
    loop {
        let before = phase.taken();
        sleep(STALLED).await;
        if phase.is_blocked() && phase.taken() == before {
            return;
        }
    }
}
