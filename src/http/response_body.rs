//! Response bodies: the pieces as they were written, and the resources held until the client has read them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::combinators::BoxBody;
use hyper::body::{Frame, SizeHint};

use super::rate_limit::RateLimitPermit;
use crate::meter::Meter;

/// Resources that an operation holds until its response is sent: its slots among the operations of its token and
/// address, and the memory of the response.
#[derive(Default)]
pub struct ResponseGuard {
    #[expect(dead_code, reason = "dropping it releases the slots")]
    pub permit: Option<RateLimitPermit>,
    pub meter: Option<Arc<Meter>>,
}

/// The pieces that have not been sent yet.
struct Pieces {
    left: VecDeque<Bytes>,
    bytes: u64,
    _guard: ResponseGuard,
}

/// A body of known length that consists of these pieces. `guard` is dropped with the body.
pub fn body(pieces: Vec<Vec<u8>>, guard: ResponseGuard) -> Body {
    let left: VecDeque<Bytes> = pieces.into_iter().map(Bytes::from).collect();
    let bytes = left.iter().map(|piece| piece.len() as u64).sum();
    if let Some(meter) = &guard.meter {
        meter.answered(bytes);
    }
    Body::new(BoxBody::new(Pieces { left, bytes, _guard: guard }))
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.left.pop_front();
        self.bytes -= next.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes)
    }
}
