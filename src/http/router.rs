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

use super::documents::cache::DocumentCache;
use super::documents::persisted::PersistedDocuments;
use super::error::HttpError;
use super::graphql;
use super::health;
use super::playground::assets;
use super::playground::exchange;
use super::rate_limit::{REQUEST, RateLimiter};
use super::readiness::Readiness;
use super::request::accept::MediaType;
use super::request::head;
use super::request::request_id::{self, RequestIdExt};
use super::response::{self, OperationCost};
use super::server::serve::HttpService;
use super::settings::HttpSettings;
use super::state::GraphqlState;
use super::websocket::{self, SocketCounts};
use crate::auth::{IdentityProvider, Tokens};
use crate::event::EventHub;
use crate::graphql::context::AppState;
use crate::meter::MemoryPool;
use crate::scheduling::runtime::OperationRuntime;
use crate::schema::Schema;

/// Builds the whole HTTP service. It needs no socket, so tests call it directly. Operations run on the runtime of the
/// caller.
pub fn router(app: AppState, schema: Schema, settings: &HttpSettings) -> Router {
    service(app, schema, settings, OperationRuntime::current()).router
}

/// The same, but executing operations on `work`, and with the accounts that connections are charged to.
pub fn service(app: AppState, schema: Schema, settings: &HttpSettings, runtime: OperationRuntime) -> HttpService {
    let limits = Arc::new(RateLimiter::new(settings.address_rate_limit, settings.token_rate_limit));
    let state = Arc::new(GraphqlState {
        events: EventHub::new(app.db.clone(), runtime.clone()),
        tokens: Tokens::on(runtime.clone(), app.db.clone(), app.clock.clone()),
        app,
        documents: DocumentCache::new(schema.clone(), settings.query_limits),
        stored: PersistedDocuments::new(settings.stored.clone(), settings.query_limits.bytes),
        schema,
        settings: settings.clone(),
        limits: Arc::clone(&limits),
        memory: MemoryPool::new(settings.memory),
        sockets: SocketCounts::default(),
        identity: settings.identity.clone().map(IdentityProvider::new),
        readiness: Readiness::default(),
        runtime,
    });
    let mut graphql = post(graphql::handle).get(get_graphql).fallback(graphql::method_not_allowed);
    if !settings.allowed_origins.is_empty() {
        graphql = graphql.layer(cross_origin(settings));
    }
    let router = Router::new()
        .route("/graphql", graphql)
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/", get(assets::page))
        .route("/playground/session", post(exchange::open))
        .route("/playground/{*path}", get(assets::asset))
        .fallback(async || (StatusCode::NOT_FOUND, "The API is at /graphql, its playground at /.\n"))
        .with_state(Arc::clone(&state));
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
            .layer(map_response(add_security_headers))
            .layer(from_fn_with_state(state, charge_address)),
    );
    HttpService { router, limits: Some(limits) }
}

/// A GET executes a query, or opens a socket.
async fn get_graphql(state: State<Arc<GraphqlState>>, request: Request<Body>) -> Response<Body> {
    if websocket::is_upgrade(&request) {
        return websocket::upgrade(state, request).await;
    }
    graphql::handle(state, request).await
}

/// An address is charged 1 point per this many bytes of a file. Files are in memory and served as they are.
const FILE_BYTES: u64 = 1_000;

/// Refuses malformed heads, and charges the address for requests that are not operations. Operations are charged where
/// they run.
async fn charge_address(State(state): State<Arc<GraphqlState>>, request: Request<Body>, next: Next) -> Response<Body> {
    let refused = |error, request: &Request<Body>| {
        let media_type = MediaType::negotiate(request.headers()).unwrap_or(MediaType::Json);
        response::error_response(error, media_type, &request.request_id())
    };
    let malformed = head::check(&request).err();
    let address = state.client_addr_of(request.headers(), request.extensions());
    let is_operation = request.uri().path() == "/graphql" && [Method::GET, Method::POST].contains(request.method());
    if let (Some(address), false) = (address, is_operation && malformed.is_none()) {
        if matches!(request.uri().path(), "/livez" | "/readyz") {
            // Probes are charged but never refused: otherwise another client at the same address could make this
            // instance look dead.
            state.limits.charge_into_debt(address, REQUEST);
        } else if let Err(exceeded) = state.limits.try_charge(address, REQUEST) {
            return refused(HttpError::rate_limited(exceeded), &request);
        }
    }
    if let Some(malformed) = malformed {
        return refused(malformed, &request);
    }
    let response = next.run(request).await;
    if let (Some(address), false) = (address, is_operation) {
        let bytes = response.body().size_hint().exact().unwrap_or_default();
        state.limits.charge_into_debt(address, bytes / FILE_BYTES);
    }
    response
}

/// Default headers of every response, for browsers. A response that sets one of them itself, as the playground does,
/// keeps its value.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

async fn add_security_headers(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.reserve(SECURITY_HEADERS.len());
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

/// Lets pages of the allowed origins read responses.
fn cross_origin(settings: &HttpSettings) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(settings.allowed_origins.iter().map(crate::http::Origin::header).collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            graphql::LAST_EVENT_ID.clone(),
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

/// A request with an operation also tells its cost; others have no such fields.
fn log_answer<B>(response: &Response<B>, latency: Duration, _: &Span) {
    let status = response.status().as_u16();
    let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    let cost = response.extensions().get::<OperationCost>();
    let (estimate, cost) = (cost.map(|cost| cost.estimate), cost.map(|cost| cost.actual));
    tracing::info!(status, microseconds, estimate, cost, "answered");
}
