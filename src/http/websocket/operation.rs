//! The operations of a socket.

use std::sync::Arc;
use std::time::Instant as Clock;

use axum::body::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use tower_http::request_id::MakeRequestId;
use tracing::Instrument;

use super::client::SocketClient;
use super::message;
use crate::http::graphql::Answer;
use crate::http::request::request_id::Random;
use crate::http::response::{self, Payload};
use crate::http::response_body::ResponseGuard;
use crate::http::state::GraphqlState;
use crate::http::subscription::{Subscription, SubscriptionItem};

/// A message about an operation, for the client.
pub struct Outgoing {
    pub id: String,
    pub number: u64,
    pub content: Content,
}

pub enum Content {
    /// A result, which is followed by [`Content::End`] if it is the only one.
    Next(Message),
    /// The operation is a subscription, which has started. Nothing is sent.
    Subscribed,
    /// A refusal or a failure; no other message follows.
    Error(Message),
    End,
    /// The token is no longer valid.
    Forbidden,
}

/// A message in pieces, and what it holds until it is sent.
pub struct Message {
    pub pieces: Vec<Vec<u8>>,
    /// Releases the memory of the message when it is dropped.
    pub guard: ResponseGuard,
}

impl Message {
    pub fn text(text: String) -> Self {
        Self { pieces: vec![text.into_bytes()], guard: ResponseGuard::default() }
    }

    fn with_payload(id: &str, kind: &str, payload: Vec<Vec<u8>>, guard: ResponseGuard) -> Self {
        let mut pieces = vec![message::with_payload(id, kind).into_bytes()];
        pieces.extend(payload);
        pieces.push(b"}".to_vec());
        Self { pieces, guard }
    }

    /// An `error` message with a list of errors in JSON.
    pub fn error(id: &str, errors: Vec<u8>) -> Self {
        Self::with_payload(id, "error", vec![errors], ResponseGuard::default())
    }
}

/// A new request ID.
pub fn request_id() -> String {
    let id = Random.make_request_id(&axum::http::Request::new(()));
    id.and_then(|id| id.header_value().to_str().ok().map(str::to_owned)).unwrap_or_default()
}

/// The messages about an operation: it is executed as if it had come by HTTP, with a request ID and a log line of its own.
pub fn start(
    state: Arc<GraphqlState>,
    client: Arc<SocketClient>,
    id: String,
    number: u64,
    body: Bytes,
) -> BoxStream<'static, Outgoing> {
    let contents = stream::once(execute(state, client, id.clone(), body)).flatten();
    contents.map(move |content| Outgoing { id: id.clone(), number, content }).boxed()
}

async fn execute(
    state: Arc<GraphqlState>,
    client: Arc<SocketClient>,
    id: String,
    body: Bytes,
) -> BoxStream<'static, Content> {
    let (request_id, begun) = (request_id(), Clock::now());
    let span = tracing::info_span!("request", id = request_id, method = "SUBSCRIBE", path = "/graphql");
    let deadline = Instant::now() + state.settings.request_timeout;
    let executed = async {
        let token = client.token.as_deref();
        let shows_cost = client.shows_cost;
        let received = state.receive_message(body, token, client.address, shows_cost, deadline).await?;
        let respond = move |executed| response::operation_payload(executed, shows_cost);
        state.answer(received, &request_id, deadline, respond).await
    };
    let executed = executed.instrument(span.clone()).await;
    let _entered = span.entered();
    let microseconds = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    match executed {
        Ok(Answer::Single(payload)) => {
            let (estimate, cost) = (payload.cost.map(|cost| cost.estimate), payload.cost.map(|cost| cost.actual));
            tracing::info!(microseconds, estimate, cost, "answered");
            match result(&id, payload) {
                next @ Content::Next(_) => stream::iter([next, Content::End]).boxed(),
                refused => only(refused),
            }
        }
        Ok(Answer::Subscription(Subscription { results: receiver, .. })) => {
            tracing::info!(microseconds, "subscribed");
            stream::iter([Content::Subscribed]).chain(results(id, receiver)).boxed()
        }
        Err(error) => {
            tracing::info!(microseconds, code = error.code, "refused");
            only(match error.code {
                "UNAUTHENTICATED" => Content::Forbidden,
                _ => Content::Error(Message::error(&id, response::error_payload(error, &request_id))),
            })
        }
    }
}

fn only(content: Content) -> BoxStream<'static, Content> {
    stream::iter([content]).boxed()
}

/// The message with a result, or with the errors of an operation that was not executed.
fn result(id: &str, Payload { pieces, is_refusal, guard, .. }: Payload) -> Content {
    let kind = if is_refusal { "error" } else { "next" };
    let message = Message::with_payload(id, kind, pieces, guard);
    if is_refusal { Content::Error(message) } else { Content::Next(message) }
}

/// The results of a subscription, and its end.
fn results(id: String, receiver: Receiver<SubscriptionItem>) -> impl Stream<Item = Content> {
    stream::unfold(Some((id, receiver)), |state| async move {
        let (id, mut receiver) = state?;
        Some(match receiver.recv().await {
            Some(SubscriptionItem::Next(payload, _)) => (result(&id, payload), Some((id, receiver))),
            Some(SubscriptionItem::Failed(errors)) => (Content::Error(Message::error(&id, errors)), None),
            None => (Content::End, None),
        })
    })
}
