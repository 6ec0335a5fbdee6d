//! The routes, and the middleware around all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::accept::MediaType;
use super::documents::Documents;
use super::graphql::{self, Door};
use super::health::{self, Readiness};
use super::limits::{Limits, REQUEST};
use super::listen::Site;
use super::refusal::Refusal;
use super::request_id::{self, RequestIdExt};
use super::settings::HttpSettings;
use super::stored::Stored;
use super::{answer, head, playground, session};
use crate::auth::{Identity, Tokens};
use crate::context::App;
use crate::meter::MemoryPool;
use crate::runtime::Work;
use crate::schema::Schema;

/// Builds the whole HTTP service. It needs no socket, so tests call it directly. Operations run on the runtime of the
/// caller.
pub fn router(app: App, schema: Schema, settings: &HttpSettings) -> Router {
    site(app, schema, settings, Work::here()).router
}

/// The same, but executing operations on `work`, and with the accounts that connections are charged to.
pub fn site(app: App, schema: Schema, settings: &HttpSettings, work: Work) -> Site {
    let limits = Arc::new(Limits::new(settings.of_address, settings.of_token));
    let door = Arc::new(Door {
        tokens: Tokens::on(work.clone(), app.db.clone(), app.clock.clone()),
        app,
        documents: Documents::new(schema.clone(), settings.gate),
        stored: Stored::new(settings.stored.clone(), settings.gate.bytes),
        schema,
        settings: settings.clone(),
        limits: Arc::clone(&limits),
        memory: MemoryPool::new(settings.memory),
        identity: settings.identity.clone().map(Identity::new),
        readiness: Readiness::default(),
        work,
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
        .with_state(Arc::clone(&door));
    let router = router.layer(
        ServiceBuilder::new()
            .layer(from_fn(request_id::forget_odd))
            .layer(SetRequestIdLayer::new(request_id::HEADER, request_id::Random))
            .layer(PropagateRequestIdLayer::new(request_id::HEADER))
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(request_span)
                    .on_request(())
                    .on_response(log_answer)
                    .on_failure(()),
            )
            .layer(map_response(guard))
            .layer(from_fn_with_state(door, admit)),
    );
    Site { router, limits: Some(limits) }
}

/// An address is charged 1 point per this many bytes of a file. Files are in memory and served as they are.
const FILE_BYTES: u64 = 1_000;

/// Refuses malformed heads, and charges the address for requests that are not operations. Operations are charged where
/// they run.
async fn admit(State(door): State<Arc<Door>>, request: Request<Body>, next: Next) -> Response<Body> {
    let refused = |refusal, request: &Request<Body>| {
        let media_type = MediaType::negotiate(request.headers()).unwrap_or(MediaType::Json);
        answer::refused(refusal, media_type, &request.request_id())
    };
    let malformed = head::check(&request).err();
    let address = door.visitor_of(request.headers(), request.extensions());
    let is_operation = request.uri().path() == "/graphql" && [Method::GET, Method::POST].contains(request.method());
    if let (Some(address), false) = (address, is_operation && malformed.is_none()) {
        if matches!(request.uri().path(), "/livez" | "/readyz") {
            // Probes are charged but never refused: otherwise another client at the same address could make this
            // instance look dead.
            door.limits.take(address, REQUEST);
        } else if let Err(exceeded) = door.limits.spend(address, REQUEST) {
            return refused(Refusal::rate_limited(exceeded), &request);
        }
    }
    if let Some(malformed) = malformed {
        return refused(malformed, &request);
    }
    let response = next.run(request).await;
    if let (Some(address), false) = (address, is_operation) {
        let bytes = response.body().size_hint().exact().unwrap_or_default();
        door.limits.take(address, bytes / FILE_BYTES);
    }
    response
}

/// Default headers of every response, for browsers. A response that sets one of them itself, as the playground does,
/// keeps its value.
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

/// Lets pages of the allowed origins read responses.
fn cross_origin(settings: &HttpSettings) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(settings.allowed_origins.iter().map(super::Origin::header).collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            request_id::HEADER,
            graphql::COST.clone(),
        ])
        .expose_headers([request_id::HEADER])
        .max_age(Duration::from_hours(1))
}

/// Logs only the path, as the query string can hold a document and its variables.
fn request_span(request: &Request<Body>) -> Span {
    let path: String = request.uri().path().chars().take(200).collect();
    tracing::info_span!("request", id = request.request_id(), method = %request.method(), path)
}

fn log_answer<B>(response: &Response<B>, latency: Duration, _: &Span) {
    let status = response.status().as_u16();
    tracing::info!(status, microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), "answered");
}
