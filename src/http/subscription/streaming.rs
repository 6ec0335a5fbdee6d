//! Subscriptions over HTTP: server-sent events, in the distinct connections mode of "GraphQL over Server-Sent Events", and
//! `multipart/mixed` as Apollo Client reads it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use futures_util::stream;
use tokio::time::{Instant, sleep, sleep_until};

use super::subscription::{Subscription, SubscriptionItem};
use crate::http::error::HttpError;
use crate::http::response::{self, Payload};
use crate::http::response_body::ResponseGuard;
use crate::http::server::serve::ShutdownSignal;
use crate::http::state::GraphqlState;
use crate::http::websocket::TokenSlot;

/// How long a stream is silent before the server sends something that clients ignore, so that proxies keep the
/// connection, and a client that is gone is noticed.
const SILENCE: Duration = Duration::from_secs(12);

/// How results are written into a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamFormat {
    EventStream,
    Multipart,
}

/// The client of a stream.
pub struct StreamClient {
    pub token: Option<String>,
    pub address: Option<IpAddr>,
    pub end: Option<ShutdownSignal>,
}

impl StreamFormat {
    /// The format that the `Accept` headers name; server-sent events if they name both.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let is = |range: &str, kind: &str| {
            range.split(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(kind))
        };
        let follows_specification = |range: &str| {
            range.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
                name.trim().eq_ignore_ascii_case("subscriptionSpec") && value.trim().trim_matches('"') == "1.0"
            })
        };
        if ranges.iter().any(|range| is(range, "text/event-stream")) {
            return Some(Self::EventStream);
        }
        let is_multipart = |range: &&str| is(range, "multipart/mixed") && follows_specification(range);
        ranges.iter().any(is_multipart).then_some(Self::Multipart)
    }

    fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::EventStream => "text/event-stream; charset=utf-8",
            Self::Multipart => "multipart/mixed; boundary=\"graphql\"; subscriptionSpec=1.0",
        })
    }

    /// A result, whose JSON is compact and thus on one line.
    fn next(self, pieces: Vec<Vec<u8>>, id: Option<&str>) -> Vec<Bytes> {
        let (before, after) = match self {
            Self::EventStream => {
                let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
                (format!("{id}event: next\ndata: "), "\n\n")
            }
            Self::Multipart => (part("{\"payload\":"), "}\r\n--graphql"),
        };
        let pieces = pieces.into_iter().map(Bytes::from);
        std::iter::once(before.into()).chain(pieces).chain([Bytes::from_static(after.as_bytes())]).collect()
    }

    /// The last result: a list of errors.
    fn failed(self, errors: Vec<u8>) -> Vec<Bytes> {
        match self {
            Self::EventStream => self.next(vec![b"{\"errors\":".to_vec(), errors, b"}".to_vec()], None),
            Self::Multipart => {
                let before = part("{\"payload\":null,\"errors\":");
                vec![before.into(), errors.into(), Bytes::from_static(b"}\r\n--graphql")]
            }
        }
    }

    fn complete(self) -> Bytes {
        Bytes::from_static(match self {
            Self::EventStream => b"event: complete\ndata:\n\n",
            Self::Multipart => b"--\r\n",
        })
    }

    fn beginning(self) -> Bytes {
        Bytes::from_static(match self {
            Self::EventStream => b":\n\n",
            Self::Multipart => b"\r\n--graphql",
        })
    }

    fn heartbeat(self) -> Bytes {
        match self {
            Self::EventStream => Bytes::from_static(b":\n\n"),
            Self::Multipart => format!("{}\r\n--graphql", part("{}")).into(),
        }
    }
}

/// The beginning of a part behind its delimiter.
fn part(text: &str) -> String {
    format!("\r\ncontent-type: application/json\r\n\r\n{text}")
}

/// The result of a query or mutation for a client that accepts nothing but events: one result, and the end.
pub fn single(payload: Payload) -> Response {
    let format = StreamFormat::EventStream;
    let Payload { pieces, is_refusal, cost, guard } = payload;
    let mut frames = if is_refusal { format.failed(pieces.concat()) } else { format.next(pieces, None) };
    frames.push(format.complete());
    let mut frames = frames.into_iter();
    let body = stream::iter(std::iter::from_fn(move || {
        let _held = &guard;
        frames.next().map(Ok::<_, Infallible>)
    }));
    let mut response = with_type(format, Body::from_stream(body));
    if let Some(cost) = cost {
        response.extensions_mut().insert(cost);
    }
    response
}

/// Streams the results of a subscription until it ends, the client goes, its token becomes invalid, or the server stops.
pub fn streamed(
    state: Arc<GraphqlState>,
    subscription: Subscription,
    format: StreamFormat,
    client: StreamClient,
    request_id: &str,
) -> Result<Response, HttpError> {
    let most = state.settings.sockets.per_token;
    let slot = state.sockets.tokens.take(subscription.token, most).ok_or_else(|| HttpError::too_many_streams(most))?;
    let checked = Instant::now() + state.settings.sockets.check_interval;
    let sending = Sending {
        state,
        subscription,
        format,
        client,
        request_id: request_id.to_owned(),
        queue: VecDeque::from([format.beginning()]),
        guard: ResponseGuard::default(),
        check: checked,
        is_over: false,
        _slot: slot,
    };
    let body = stream::unfold(sending, |mut sending| async move {
        let piece = sending.next().await?;
        Some((Ok::<_, Infallible>(piece), sending))
    });
    Ok(with_type(format, Body::from_stream(body)))
}

fn with_type(format: StreamFormat, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, format.media_type());
    // Proxies must not collect the stream.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

struct Sending {
    state: Arc<GraphqlState>,
    subscription: Subscription,
    format: StreamFormat,
    client: StreamClient,
    request_id: String,
    /// The rest of the result that is being sent, and what it holds.
    queue: VecDeque<Bytes>,
    guard: ResponseGuard,
    /// When the token is checked again.
    check: Instant,
    is_over: bool,
    _slot: TokenSlot,
}

impl Sending {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.queue.pop_front() {
                return Some(piece);
            }
            self.guard = ResponseGuard::default();
            if self.is_over {
                return None;
            }
            let end = async {
                match &mut self.client.end {
                    Some(end) => drop(end.begun().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // Without an end of the subscription, so that the client subscribes again elsewhere.
                () = end => self.is_over = true,
                () = sleep_until(self.check) => self.check_token().await,
                item = self.subscription.results.recv() => self.take(item),
                () = sleep(SILENCE) => self.queue.push_back(self.format.heartbeat()),
            }
        }
    }

    fn take(&mut self, item: Option<SubscriptionItem>) {
        match item {
            Some(SubscriptionItem::Next(payload, id)) => {
                self.queue.extend(self.format.next(payload.pieces, id.as_deref()));
                self.guard = payload.guard;
            }
            Some(SubscriptionItem::Failed(errors)) => self.fail(errors),
            None => {
                self.queue.push_back(self.format.complete());
                self.is_over = true;
            }
        }
    }

    fn fail(&mut self, errors: Vec<u8>) {
        self.queue.extend(self.format.failed(errors));
        self.queue.push_back(self.format.complete());
        self.is_over = true;
    }

    /// Ends the stream if the token is no longer valid. A database that does not answer ends none.
    async fn check_token(&mut self) {
        let viewer = self.state.authenticate(self.client.token.as_deref(), self.client.address).await;
        self.check = Instant::now() + self.state.settings.sockets.check_interval;
        if let Err(error) = viewer
            && error.code == "UNAUTHENTICATED"
        {
            self.fail(response::error_payload(error, &self.request_id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &str) -> Option<StreamFormat> {
        StreamFormat::accepted(&HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn the_format_is_negotiated() {
        for accept in
            ["text/event-stream", "application/json, Text/Event-Stream", "text/event-stream;q=0.5, multipart/mixed"]
        {
            assert_eq!(accepted(accept), Some(StreamFormat::EventStream), "{accept}");
        }
        for accept in [
            "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json",
            "multipart/mixed; subscriptionSpec=\"1.0\"",
        ] {
            assert_eq!(accepted(accept), Some(StreamFormat::Multipart), "{accept}");
        }
        for accept in ["application/json", "multipart/mixed", "multipart/mixed;deferSpec=20220824", "*/*", "text/*"] {
            assert_eq!(accepted(accept), None, "{accept}");
        }
    }

    #[test]
    fn results_are_framed() {
        let text = |frames: Vec<Bytes>| String::from_utf8(frames.concat()).unwrap();
        let next = |format: StreamFormat| text(format.next(vec![b"{\"data\"".to_vec(), b":1}".to_vec()], Some("c")));
        assert_eq!(next(StreamFormat::EventStream), "id: c\nevent: next\ndata: {\"data\":1}\n\n");
        assert_eq!(
            next(StreamFormat::Multipart),
            "\r\ncontent-type: application/json\r\n\r\n{\"payload\":{\"data\":1}}\r\n--graphql"
        );
        let failed = text(StreamFormat::EventStream.failed(b"[]".to_vec()));
        assert_eq!(failed, "event: next\ndata: {\"errors\":[]}\n\n");
    }
}
