//! The switch from HTTP to WebSocket (RFC 6455, section 4.2).

use std::sync::Arc;

use async_graphql_axum::GraphQLProtocol;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::client::SocketClient;
use super::socket::Socket;
use crate::http::error::HttpError;
use crate::http::graphql;
use crate::http::rate_limit::{RateLimitPermit, network};
use crate::http::request::accept::MediaType;
use crate::http::request::bearer::bearer;
use crate::http::request::origin;
use crate::http::request::request_id::RequestIdExt;
use crate::http::response::error_response;
use crate::http::server::connection_cpu::ConnectionCpu;
use crate::http::server::serve::ShutdownSignal;
use crate::http::server::upgraded::UpgradeSlot;
use crate::http::state::GraphqlState;

/// The protocol, as clients name it.
const PROTOCOL: &str = "graphql-transport-ws";

/// Whether a request asks for a WebSocket. Other requests with `Upgrade` are answered as if they had none.
pub fn is_upgrade<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET && has(request.headers(), &header::UPGRADE, "websocket")
}

/// Whether a header that is a list contains a word.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// Switches to WebSocket, or says why not.
pub async fn upgrade(State(state): State<Arc<GraphqlState>>, request: Request<Body>) -> Response {
    let request_id = request.request_id();
    let media_type = MediaType::negotiate(request.headers()).unwrap_or(MediaType::Json);
    let (mut head, _) = request.into_parts();
    match switch(&state, &mut head).await {
        Ok(response) => response,
        Err(error) => error_response(error, media_type, &request_id),
    }
}

async fn switch(state: &Arc<GraphqlState>, head: &mut Parts) -> Result<Response, HttpError> {
    let address = state.client_addr(head);
    // The address pays for the request, as for any other.
    RateLimitPermit::begin(&state.limits, address).map_err(HttpError::rate_limited)?;
    // Browsers let every page open sockets to any server, and do not ask the server first.
    origin::check(&head.headers, &head.uri, &state.settings.allowed_origins)?;
    let accept = accept(&head.headers)?;
    // The library also accepts `graphql-ws`, the protocol before this one, whose authors have given it up, and does not
    // tell which of both it has found.
    let is_known = GraphQLProtocol::from_request_parts(head, &()).await.is_ok();
    if !is_known || !has(&head.headers, &header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        return Err(HttpError::subprotocol(PROTOCOL));
    }
    let slot = head.extensions.get::<UpgradeSlot>().cloned();
    let end = head.extensions.get::<ShutdownSignal>().cloned();
    let (Some(slot), Some(end)) = (slot, end) else {
        return Err(HttpError::bad_request("This request came over no connection that can be upgraded."));
    };
    let most = state.settings.sockets.per_address;
    let place = match address {
        Some(address) => {
            let place = state.sockets.addresses.take(network(address), most);
            Some(place.ok_or_else(|| HttpError::too_many_sockets(most))?)
        }
        None => None,
    };
    let client = SocketClient {
        address,
        token: bearer(&head.headers).map(str::to_owned),
        shows_cost: graphql::shows_cost(&head.headers),
        cpu: head.extensions.get::<ConnectionCpu>().cloned().unwrap_or_default(),
        end,
    };
    let state = Arc::clone(state);
    slot.put(Box::new(move |connection| {
        Box::pin(async move {
            let _place = place;
            Socket::new(state, client).run(connection).await;
        })
    }));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// Checks the head of the request, and computes the proof that the server has understood it.
fn accept(headers: &HeaderMap) -> Result<HeaderValue, HttpError> {
    if !has(headers, &header::CONNECTION, "upgrade") {
        return Err(HttpError::bad_request("The header `connection` does not contain `upgrade`."));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HttpError::websocket_version());
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if STANDARD.decode(key).map_or(0, |key| key.len()) != 16 {
        return Err(HttpError::bad_request("The header `sec-websocket-key` is not 16 bytes in Base64."));
    }
    HeaderValue::from_str(&derive_accept_key(key)).map_err(|error| HttpError::internal(&error))
}
