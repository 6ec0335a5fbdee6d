//! Which address is answered by what, and what surrounds every answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::documents::Documents;
use super::graphql::{self, Door, HttpSettings};
use super::limits::Limits;
use super::request_id::{self, RequestIdExt};
use super::{health, playground, session};
use crate::auth::{Identity, Tokens};
use crate::context::App;
use crate::schema::Schema;

/// The whole of what is served over HTTP. Needs no socket: tests call it as it is.
pub fn router(app: App, schema: Schema, settings: &HttpSettings) -> Router {
    let door = Arc::new(Door {
        tokens: Tokens::new(app.db.clone(), app.clock.clone()),
        app,
        schema,
        settings: settings.clone(),
        documents: Documents::new(settings.gate),
        limits: Arc::new(Limits::new(settings.of_address, settings.of_token)),
        identity: settings.identity.clone().map(Identity::new),
    });
    let mut graphql = post(graphql::answer).get(graphql::answer).fallback(graphql::other_method);
    if !settings.allowed_origins.is_empty() {
        graphql = graphql.layer(cross_origin(settings));
    }
    let router = Router::new()
        .route("/graphql", graphql)
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/", get(playground::page))
        .route("/playground/session", post(session::open))
        .route("/playground/{*path}", get(playground::asset))
        .fallback(async || (StatusCode::NOT_FOUND, "The API is at /graphql, its playground at /.\n"))
        .with_state(door);
    router.layer(
        ServiceBuilder::new()
            .layer(axum::middleware::from_fn(request_id::forget_odd))
            .layer(SetRequestIdLayer::new(request_id::HEADER.clone(), request_id::Random))
            .layer(PropagateRequestIdLayer::new(request_id::HEADER.clone()))
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(request_span)
                    .on_request(())
                    .on_response(log_answer)
                    .on_failure(()),
            )
            .layer(axum::middleware::map_response(guard)),
    )
}

/// What browsers are told about every answer. One that says something else about itself, as the playground does, keeps
/// it.
const GUARDS: [(HeaderName, HeaderValue); 7] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

async fn guard(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.reserve(GUARDS.len());
    for (name, value) in GUARDS {
        headers.entry(name).or_insert(value);
    }
    response
}

/// Lets pages of the permitted origins read our answers.
fn cross_origin(settings: &HttpSettings) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(settings.allowed_origins.iter().map(super::Origin::header).collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT, request_id::HEADER.clone()])
        .expose_headers([request_id::HEADER.clone()])
        .max_age(Duration::from_hours(1))
}

/// Only the path: what follows it can hold a document and its variables.
fn request_span(request: &Request<Body>) -> Span {
    let path: String = request.uri().path().chars().take(200).collect();
    tracing::info_span!("request", id = request.request_id(), method = %request.method(), path)
}

fn log_answer<B>(response: &Response<B>, latency: Duration, _: &Span) {
    let status = response.status().as_u16();
    tracing::info!(status, microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), "answered");
}
