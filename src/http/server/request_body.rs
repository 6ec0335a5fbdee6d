//! Lends the body of a request to the handler, and deals with the part that the handler does not read.
//!
//! Requests are often refused by their heads alone. If the rest of the body is small, it is read and discarded, and the
//! connection stays open for the next request; otherwise the connection closes after the response, which says so. The
//! length of a chunked body shows only as it arrives. A response that lets the client reuse the connection cannot be
//! taken back, so it waits a moment for the end of such a body.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::timeout;

use super::phase::{Busy, Phase};
use crate::scheduling::watchdog::watched;

/// Maximum number of bytes to discard in order to keep the connection. A new connection costs about as much.
const SMALL: u64 = 64 << 10;
/// Time limit for discarding them.
const TIME: Duration = Duration::from_secs(5);
/// How long a response waits for the end of a chunked body. Chunks mostly arrive with the head or right after it.
const SOON: Duration = Duration::from_millis(100);

/// The state of a body.
enum State {
    /// The handler has it.
    Lent,
    /// The body has ended, or its connection has.
    Ended,
    /// The body is broken, such as by a chunk without a size, so it is unknown where the next request begins.
    Broken,
    /// The handler dropped it without reading the rest.
    Unread { rest: Incoming, is_begun: bool, read: u64 },
}

/// A body that is lent to the handler.
pub struct RequestBody {
    body: Option<Incoming>,
    /// Whether reading has begun. A client that waits for `100 Continue` sends nothing before.
    is_begun: bool,
    /// Number of bytes read so far.
    read: u64,
    is_broken: bool,
    phase: Phase,
    state: Arc<Mutex<State>>,
}

/// Gets back the rest of a lent body.
pub struct Loan {
    state: Arc<Mutex<State>>,
    /// Whether the client keeps the connection open.
    stays: bool,
    /// Whether the client waits for `100 Continue`.
    waits: bool,
}

/// Lends the body of a request to the handler, if the request has one.
pub fn lend(request: Request<Incoming>, phase: &Phase) -> (Request<Body>, Option<Loan>) {
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return (Request::from_parts(head, Body::empty()), None);
    }
    phase.body_begins();
    let state = Arc::new(Mutex::new(State::Lent));
    let loan =
        Loan { state: Arc::clone(&state), stays: stays(&head), waits: head.headers.contains_key(header::EXPECT) };
    let phase = phase.clone();
    let lent = RequestBody { body: Some(body), is_begun: false, read: 0, is_broken: false, phase, state };
    (Request::from_parts(head, Body::new(lent)), Some(loan))
}

fn stays(head: &Parts) -> bool {
    let is_close = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| value.split(',').any(|option| option.trim().eq_ignore_ascii_case("close")))
    };
    head.version >= Version::HTTP_11 && !head.headers.get_all(header::CONNECTION).iter().any(is_close)
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_begun = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.read += bytes as u64;
            self.phase.body_has(bytes);
        } else {
            self.body = None;
            self.is_broken = frame.is_some();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let state = match self.body.take() {
            Some(rest) if !rest.is_end_stream() => State::Unread { rest, is_begun: self.is_begun, read: self.read },
            _ if self.is_broken => State::Broken,
            _ => {
                self.phase.body_ends();
                State::Ended
            }
        };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Loan {
    /// Decides, once the response is ready, whether the connection stays open, and tells the client if it does not.
    pub async fn end(self, answer: &mut Response<Body>, busy: &Arc<Busy>) {
        let state = std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Ended);
        let stays = match state {
            State::Ended => true,
            State::Unread { mut rest, is_begun, read }
                if self.stays && (is_begun || !self.waits) && !answer.headers().contains_key(header::CONNECTION) =>
            {
                match rest.size_hint().upper() {
                    Some(bytes) if bytes <= SMALL => {
                        tokio::spawn(watched("the rest of a body", forget(rest, Arc::clone(busy))));
                        true
                    }
                    None if read <= SMALL => timeout(SOON, is_small(&mut rest, busy)).await == Ok(true),
                    _ => false,
                }
            }
            State::Lent | State::Broken | State::Unread { .. } => false,
        };
        if !stays {
            busy.leave_unread();
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Reads a body of known length to its end and discards it. If that takes too long, the connection closes.
async fn forget(mut rest: Incoming, busy: Arc<Busy>) {
    if timeout(TIME, is_small(&mut rest, &busy)).await != Ok(true) {
        busy.leave_unread();
    }
    drop(rest);
    busy.body_ended();
}

/// Whether a body ends within [`SMALL`] more bytes, without breaking off.
async fn is_small(rest: &mut Incoming, busy: &Busy) -> bool {
    let mut bytes = 0;
    while let Some(frame) = rest.frame().await {
        let Ok(frame) = frame else { return false };
        let more = frame.data_ref().map_or(0, Bytes::len);
        busy.body_has(more);
        bytes += more as u64;
        if bytes > SMALL {
            return false;
        }
    }
    true
}
