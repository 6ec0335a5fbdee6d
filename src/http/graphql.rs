//! GraphQL over HTTP: `POST /graphql`, and `GET /graphql` for queries.
//!
//! Cheap checks come first, and the token is checked before any byte of the body is read. All this runs on the front
//! runtime. Interpreting the body can take long, so it runs on the work runtime.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::Variables;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Request};
use axum::response::Response;
use breadth::ResponseError;
use breadth::document::OperationKind;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::documents::cache::ValidatedDocument;
use super::documents::persisted::ResolvedDocument;
use super::error::HttpError;
use super::operation::{LAST_WORDS, PreparedOperation, RunningOperation, measure, refused};
use super::rate_limit::{REQUEST, RateLimitPermit};
use super::request::accept::MediaType;
use super::request::bearer::bearer;
use super::request::body;
use super::request::origin;
use super::request::parse;
use super::request::request_id::RequestIdExt;
use super::response;
use super::response::Executed;
use super::server::connection_cpu::ConnectionCpu;
use super::server::serve::ShutdownSignal;
use super::state::GraphqlState;
use super::subscription::streaming::{self, StreamClient, StreamFormat};
use super::subscription::{self, Subscription, SubscriptionTransport};
use crate::auth::Viewer;
use crate::graphql::context::LastEventId;
use crate::meter::{MemoryReservation, Meter};
use crate::scheduling::Principal;
use crate::scheduling::watchdog::watched_by;
use crate::schema::query_limits;
use crate::store::db::{CancelOnDrop, CancelSignal};

/// Memory that a document takes per byte of its text, including the copy that is executed.
const PARSED_BYTES: u64 = 60;

/// Additional points that an address is charged for a request with an invalid token, as each made-up token costs a
/// database lookup.
const UNAUTHENTICATED: u64 = 9_000;

/// Clients that send this header with the value 1 get `extensions.cost`.
pub static COST: HeaderName = HeaderName::from_static("x-graphql-cost");

/// The ID of the last event that a client of a stream has received.
pub static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub fn shows_cost(headers: &HeaderMap) -> bool {
    headers.get(&COST).is_some_and(|value| value == "1")
}

/// A request whose client is authenticated and has been charged for it, ready to be parsed.
pub struct Received {
    sent: RawRequest,
    viewer: Viewer,
    permit: RateLimitPermit,
    /// Memory that the request holds while it is parsed and executed.
    memory: MemoryReservation,
    meter: Arc<Meter>,
    /// Points charged so far.
    estimate: u64,
    shows_cost: bool,
    /// The transport, if it takes more than one result.
    stream: Option<SubscriptionTransport>,
}

/// What a request leads to.
pub enum Answer<T> {
    /// A single response.
    Single(T),
    Subscription(Subscription),
}

/// The parameters of a request, not yet parsed.
enum RawRequest {
    /// The body of a POST.
    Body(Bytes),
    /// The query string of a GET.
    QueryString(String),
}

pub async fn handle(State(state): State<Arc<GraphqlState>>, mut request: Request<Body>) -> Response {
    let request_id = request.request_id();
    let acceptable = MediaType::negotiate(request.headers());
    let media_type = acceptable.unwrap_or(MediaType::Json);
    let end = request.extensions_mut().remove::<ShutdownSignal>();
    let client = StreamClient {
        token: bearer(request.headers()).map(str::to_owned),
        address: state.client_addr_of(request.headers(), request.extensions()),
        end: end.clone(),
    };
    let end = async {
        match end {
            Some(end) => end.wait().await,
            None => std::future::pending().await,
        }
    };
    let answered = tokio::select! {
        biased;
        answered = state.handle(request, acceptable, client, &request_id) => answered,
        () = end => Err(HttpError::stopping()),
    };
    answered.unwrap_or_else(|error| response::error_response(error, media_type, &request_id))
}

pub async fn method_not_allowed(request: Request<Body>) -> Response {
    let sent: String = request.method().as_str().chars().take(20).collect();
    let error = HttpError::method(&format!("{sent} is not a method of GraphQL over HTTP"), "GET, POST");
    let media_type = MediaType::negotiate(request.headers()).unwrap_or(MediaType::Json);
    response::error_response(error, media_type, &request.request_id())
}

impl GraphqlState {
    async fn handle(
        self: &Arc<Self>,
        request: Request<Body>,
        acceptable: Option<MediaType>,
        client: StreamClient,
        request_id: &str,
    ) -> Result<Response, HttpError> {
        let deadline = Instant::now() + self.settings.request_timeout;
        let format = StreamFormat::accepted(request.headers());
        let received = self.receive(request, acceptable.is_some(), format, deadline).await?;
        let (media_type, shows_cost) = (acceptable.unwrap_or(MediaType::Json), received.shows_cost);
        let takes_events_only = acceptable.is_none() && format == Some(StreamFormat::EventStream);
        let respond = move |executed| {
            if takes_events_only {
                return streaming::single(response::operation_payload(executed, shows_cost));
            }
            response::operation_response(executed, media_type, shows_cost)
        };
        match self.answer(received, request_id, deadline, respond).await? {
            Answer::Single(response) => Ok(response),
            Answer::Subscription(subscription) => {
                let format = format.unwrap_or(StreamFormat::EventStream);
                streaming::streamed(Arc::clone(self), subscription, format, client, request_id)
            }
        }
    }

    /// Executes a request on the work runtime, and makes the response there. When the future is dropped because nobody
    /// waits for the response any more, a query stops, and a mutation continues.
    pub async fn answer<T: Send + 'static>(
        self: &Arc<Self>,
        received: Received,
        request_id: &str,
        deadline: Instant,
        respond: impl FnOnce(Executed) -> T + Send + 'static,
    ) -> Result<Answer<T>, HttpError> {
        let (state, request_id) = (Arc::clone(self), request_id.to_owned());
        // Dropped with this future when the client disconnects or the request timeout passes.
        let waiting = CancelOnDrop::default();
        let stop = waiting.signal();
        let (principal, measure) = (Principal::Token(received.viewer.token_key()), measure(&received.meter));
        let executed = async move {
            Ok(match state.execute(received, stop, &request_id, deadline).await? {
                Answer::Single(executed) => Answer::Single(respond(executed)),
                Answer::Subscription(subscription) => Answer::Subscription(subscription),
            })
        };
        // Boxed, as the operation is in `run`.
        let executed = watched_by("request", measure, Box::pin(executed)).in_current_span();
        let executed = self.runtime.spawn_for(principal, executed);
        // `execute` observes the deadline itself; this is for the case that no thread is free to run it.
        match timeout_at(deadline + 2 * LAST_WORDS, executed).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(panicked)) => Err(HttpError::internal(&panicked)),
            Err(_) => Err(HttpError::timeout()),
        }
    }

    /// Authenticates the client of an operation, and charges the token for the request.
    async fn identify(
        self: &Arc<Self>,
        permit: &mut RateLimitPermit,
        token: Option<&str>,
        address: Option<IpAddr>,
        deadline: Instant,
    ) -> Result<Viewer, HttpError> {
        let viewer = timeout_at(deadline, self.authenticate(token, address)).await.map_err(|_| HttpError::timeout())?;
        if let Err(error) = &viewer
            && error.code == "UNAUTHENTICATED"
        {
            // If the remaining budget is too small, the next request is refused.
            let _ = permit.charge(UNAUTHENTICATED);
        }
        let viewer = viewer?;
        permit.identify(&viewer).map_err(HttpError::rate_limited)?;
        Ok(viewer)
    }

    /// Authenticates the client of a socket, and charges for that as for a request.
    pub async fn authenticate_socket(
        self: &Arc<Self>,
        token: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Viewer, HttpError> {
        let deadline = Instant::now() + self.settings.request_timeout;
        let mut permit = RateLimitPermit::begin(&self.limits, address).map_err(HttpError::rate_limited)?;
        self.identify(&mut permit, token, address, deadline).await
    }

    /// Takes a request that came as a message on a socket: authenticates its client as it is now, and charges for it.
    pub async fn receive_message(
        self: &Arc<Self>,
        body: Bytes,
        token: Option<&str>,
        address: Option<IpAddr>,
        shows_cost: bool,
        deadline: Instant,
    ) -> Result<Received, HttpError> {
        let mut permit = RateLimitPermit::begin(&self.limits, address).map_err(HttpError::rate_limited)?;
        let viewer = self.identify(&mut permit, token, address, deadline).await?;
        let mut memory = MemoryReservation::new(self.memory.token(viewer.token_key()));
        memory.grow(body.len() as u64)?;
        permit.charge(body.len() as u64).map_err(HttpError::rate_limited)?;
        let estimate = REQUEST + body.len() as u64;
        let meter = Meter::new(self.settings.usage, self.memory.token(viewer.token_key()));
        let sent = RawRequest::Body(body);
        let stream = Some(SubscriptionTransport { address, shows_cost, last_event_id: None });
        Ok(Received { sent, viewer, permit, memory, meter, estimate, shows_cost, stream })
    }

    /// Authenticates the client and reads the body. Nothing here takes long, whatever the client sends.
    async fn receive(
        self: &Arc<Self>,
        request: Request<Body>,
        acceptable: bool,
        format: Option<StreamFormat>,
        deadline: Instant,
    ) -> Result<Received, HttpError> {
        let (head, body) = request.into_parts();
        let address = self.client_addr(&head);
        let mut permit = RateLimitPermit::begin(&self.limits, address).map_err(HttpError::rate_limited)?;
        origin::check(&head.headers, &head.uri, &self.settings.allowed_origins)?;
        let viewer = self.identify(&mut permit, bearer(&head.headers), address, deadline).await?;
        // Parts hold results of subscriptions only.
        if !acceptable && format.is_none() {
            return Err(HttpError::not_acceptable());
        }
        let mut memory = MemoryReservation::new(self.memory.token(viewer.token_key()));
        let mut estimate = REQUEST;
        let sent = if head.method == Method::POST {
            body::check_media_type(&head.headers)?;
            let limit = self.settings.body_limit;
            body::check_length(&head.headers, limit)?;
            let cpu = head.extensions.get::<ConnectionCpu>().cloned().unwrap_or_default();
            let pay = |points| permit.charge_unmeasured(points).map_err(HttpError::rate_limited);
            let read = body::read(body, limit, &cpu, |bytes| Ok(memory.grow(bytes)?), pay);
            let deadline = deadline.min(Instant::now() + self.settings.body_timeout);
            let body = timeout_at(deadline, read).await.map_err(|_| HttpError::slow_body())??;
            memory.shrink(body.len() as u64);
            // Charge before parsing the body, as that takes work, too.
            estimate += body.len() as u64;
            permit.charge(body.len() as u64).map_err(HttpError::rate_limited)?;
            RawRequest::Body(body)
        } else {
            let query = head.uri.query().unwrap_or_default();
            estimate += query.len() as u64;
            permit.charge(query.len() as u64).map_err(HttpError::rate_limited)?;
            RawRequest::QueryString(query.to_owned())
        };
        let meter = Meter::new(self.settings.usage, self.memory.token(viewer.token_key()));
        let shows_cost = shows_cost(&head.headers);
        let last_event_id = head.headers.get(&LAST_EVENT_ID).and_then(|id| id.to_str().ok());
        let last_event_id = last_event_id.filter(|id| !id.is_empty()).map(|id| LastEventId(id.to_owned()));
        let stream = format.map(|_| SubscriptionTransport { address, shows_cost, last_event_id });
        Ok(Received { sent, viewer, permit, memory, meter, estimate, shows_cost, stream })
    }

    async fn execute(
        self: &Arc<Self>,
        received: Received,
        stop: CancelSignal,
        request_id: &str,
        deadline: Instant,
    ) -> Result<Answer<Executed>, HttpError> {
        let Received { sent, viewer, mut permit, mut memory, meter, mut estimate, stream, .. } = received;
        let by_post = matches!(sent, RawRequest::Body(_));
        let request = match &sent {
            RawRequest::Body(body) => parse::from_body(body)?,
            RawRequest::QueryString(query) => parse::from_query(query)?,
        };
        // Find the document before building the variables: this refuses most unacceptable requests.
        let found = self.stored.find(request.names, &viewer)?;
        let declared = found.declared_variables();
        let (operation_name, variables) = request.rest.read(declared.as_deref(), |bytes| Ok(memory.grow(bytes)?))?;
        drop(sent);
        let (known, parsed) = self.resolve_document(found, &viewer, &mut memory, &mut permit)?;
        estimate += parsed;
        let prepared = match self.prepare(&known, operation_name.as_deref(), variables, by_post)? {
            Ok(prepared) => prepared,
            Err(errors) => return Ok(Answer::Single(refused(errors, permit, meter, estimate, request_id))),
        };
        if prepared.is_subscription && stream.is_none() {
            return Err(subscription::needs_stream());
        }
        // Reserve memory before charging: a request that is refused for lack of memory did not run.
        memory.grow(prepared.estimate.arguments)?;
        permit.charge(prepared.estimate.cost).map_err(HttpError::rate_limited)?;
        estimate += prepared.estimate.cost;
        let written = if prepared.changing { prepared.estimate.written } else { 0 };
        let request_id = request_id.to_owned();
        // A mutation continues even if nobody waits for it.
        let stop = if prepared.changing { CancelSignal::default() } else { stop };
        let operation = RunningOperation { viewer, permit, meter, memory, estimate, written, stop, request_id };
        if let (true, Some(transport)) = (prepared.is_subscription, stream) {
            let subscribed = self.subscribe(prepared, operation, transport).await;
            return Ok(subscribed.map_or_else(Answer::Single, Answer::Subscription));
        }
        self.run(prepared, operation, deadline).await.map(Answer::Single)
    }

    /// Gets the parsed document, and the points charged for parsing it. Reserves memory for a document that may have to
    /// be parsed.
    fn resolve_document(
        &self,
        found: ResolvedDocument,
        viewer: &Viewer,
        memory: &mut MemoryReservation,
        permit: &mut RateLimitPermit,
    ) -> Result<(Arc<ValidatedDocument>, u64), HttpError> {
        let mut read = |text: &str, is_registered: bool| -> Result<_, HttpError> {
            memory.grow(text.len() as u64 * PARSED_BYTES)?;
            self.documents.read(text, is_registered)
        };
        match found {
            ResolvedDocument::Trusted(document) => Ok((document, 0)),
            ResolvedDocument::Apq(text) => {
                // Charge as if the client had sent the text: parsing it takes as much work.
                let bytes = text.len() as u64;
                permit.charge(bytes).map_err(HttpError::rate_limited)?;
                Ok((read(&text, true)?, bytes))
            }
            ResolvedDocument::Text { text, hash } => {
                let known = read(&text, hash.is_some())?;
                if let (Some(hash), Ok(_)) = (hash, known.as_ref()) {
                    self.stored.register(hash, &text, viewer);
                }
                Ok((known, 0))
            }
        }
    }

    /// Selects the operation, coerces the variables and estimates the cost, before anything runs. The inner error lists
    /// what is wrong with the document, the operation name or the variables.
    fn prepare(
        &self,
        known: &ValidatedDocument,
        operation_name: Option<&str>,
        variables: Variables,
        by_post: bool,
    ) -> Result<Result<PreparedOperation, Vec<ResponseError>>, HttpError> {
        let document = match known {
            Ok(document) => document,
            Err(errors) => return Ok(Err(errors.clone())),
        };
        let checked = document.checked();
        let operation = match checked.operation(operation_name) {
            Ok(operation) => operation,
            Err(error) => return Ok(Err(vec![error])),
        };
        let changing = operation.kind != OperationKind::Query;
        if !by_post && changing {
            return Err(HttpError::method("A GET request can only execute queries", "POST"));
        }
        let variables = match operation.variables(self.schema.types(), variables) {
            Ok(variables) => variables,
            Err(errors) => return Ok(Err(errors)),
        };
        let estimate =
            query_limits::query_cost(self.schema.types(), &checked.document, &variables, &self.settings.query_limits)
                .map_err(|message| HttpError::document("TOO_COMPLEX", message))?;
        let (document, number) = (Arc::clone(document), operation.number);
        let is_subscription = operation.kind == OperationKind::Subscription;
        Ok(Ok(PreparedOperation { document, number, variables, changing, is_subscription, estimate }))
    }
}
