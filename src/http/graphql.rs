//! GraphQL over HTTP: `POST /graphql`, and `GET /graphql` for queries.
//!
//! Cheap checks come first, and the token is checked before any byte of the body is read. All this runs on the front
//! runtime. Interpreting the body can take long, so it runs on the work runtime.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Variables;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Request};
use axum::response::Response;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::accept::MediaType;
use super::document_cache::{DocumentCache, ValidatedDocument};
use super::error::HttpError;
use super::health::Readiness;
use super::interrupted::{Interrupted, interrupt};
use super::origin;
use super::persisted_documents::{PersistedDocuments, ResolvedDocument};
use super::rate_limit::{REQUEST, RateLimitPermit, RateLimiter};
use super::request_id::RequestIdExt;
use super::response::Executed;
use super::response_body::ResponseGuard;
use super::server::ShutdownSignal;
use super::settings::HttpSettings;
use super::{body, request, response};
use crate::auth::{IdentityProvider, Tokens, Viewer};
use crate::document::OperationKind;
use crate::engine::{self, ResponseError};
use crate::graphql::context::AppState;
use crate::meter::{MemoryPool, MemoryReservation, Meter};
use crate::scheduling::Principal;
use crate::scheduling::runtime::OperationRuntime;
use crate::scheduling::watchdog::{self, watched_by};
use crate::schema::query_limits::{self, QueryCost};
use crate::schema::{PreparedDocument, Schema};
use crate::store::db::{CancelOnDrop, CancelSignal, OperationContext};

/// An operation that is about to run.
struct RunningOperation {
    viewer: Viewer,
    permit: RateLimitPermit,
    meter: Arc<Meter>,
    /// The memory that the request holds. It moves with the operation, which uses it even after the client has
    /// disconnected.
    memory: MemoryReservation,
    /// Points charged for the operation so far.
    estimate: u64,
    /// The part of `estimate` that is charged for the bytes that the operation writes.
    written: u64,
    /// Stops the operation when nobody waits for its response any more; never signalled for mutations.
    stop: CancelSignal,
    request_id: String,
}

/// Grace period after the request timeout, for writing the response of a mutation that was made. The same time is added
/// once more for a thread to become free and report what was answered.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Minimum cost of an operation in points, for the work that was done before measuring began.
const LEAST_COST: u64 = 100;

/// Memory that a document takes per byte of its text, including the copy that is executed.
const PARSED_BYTES: u64 = 60;

/// Additional points that an address is charged for a request with an invalid token, as each made-up token costs a
/// database lookup.
const UNAUTHENTICATED: u64 = 9_000;

/// Points that a frame of a body costs besides its bytes if there are many: parsing frames takes time on the front
/// threads.
const FRAME: u64 = 3;

/// Clients that send this header with the value 1 get `extensions.cost`.
pub static COST: HeaderName = HeaderName::from_static("x-graphql-cost");

fn shows_cost(headers: &HeaderMap) -> bool {
    headers.get(&COST).is_some_and(|value| value == "1")
}

/// The state shared by all requests.
pub struct GraphqlState {
    pub app: AppState,
    pub schema: Schema,
    pub settings: HttpSettings,
    pub documents: DocumentCache,
    pub stored: PersistedDocuments,
    pub limits: Arc<RateLimiter>,
    pub memory: Arc<MemoryPool>,
    pub tokens: Tokens,
    pub identity: Option<IdentityProvider>,
    pub readiness: Readiness,
    /// Executes everything whose duration depends on what the client asks for.
    pub runtime: OperationRuntime,
}

/// A request whose client is authenticated and has been charged for it, ready to be parsed.
struct Received {
    sent: RawRequest,
    viewer: Viewer,
    permit: RateLimitPermit,
    /// Memory that the request holds while it is parsed and executed.
    memory: MemoryReservation,
    meter: Arc<Meter>,
    /// Points charged so far.
    estimate: u64,
    shows_cost: bool,
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
    let end = async {
        match end {
            Some(end) => end.wait().await,
            None => std::future::pending().await,
        }
    };
    let answered = tokio::select! {
        biased;
        answered = state.handle(request, acceptable, &request_id) => answered,
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
        request_id: &str,
    ) -> Result<Response, HttpError> {
        let deadline = Instant::now() + self.settings.request_timeout;
        let received = self.receive(request, acceptable.is_some(), deadline).await?;
        let (state, request_id) = (Arc::clone(self), request_id.to_owned());
        let media_type = acceptable.unwrap_or(MediaType::Json);
        // Dropped with this future when the client disconnects or the request timeout passes.
        let waiting = CancelOnDrop::default();
        let stop = waiting.signal();
        let (principal, measure) = (Principal::Token(received.viewer.token_key()), measure(&received.meter));
        let executed = async move {
            let executed = state.execute(received, stop, &request_id, deadline).await?;
            Ok(response::operation_response(executed, media_type))
        };
        let executed = self.runtime.spawn_for(principal, watched_by("request", measure, executed).in_current_span());
        // `execute` observes the deadline itself; this is for the case that no thread is free to run it.
        match timeout_at(deadline + 2 * LAST_WORDS, executed).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(panicked)) => Err(HttpError::internal(&panicked)),
            Err(_) => Err(HttpError::timeout()),
        }
    }

    /// Authenticates the client and reads the body. Nothing here takes long, whatever the client sends.
    async fn receive(
        self: &Arc<Self>,
        request: Request<Body>,
        acceptable: bool,
        deadline: Instant,
    ) -> Result<Received, HttpError> {
        let (head, body) = request.into_parts();
        let address = self.client_addr(&head);
        let mut permit = RateLimitPermit::begin(&self.limits, address).map_err(HttpError::rate_limited)?;
        origin::check(&head.headers, &head.uri, &self.settings.allowed_origins)?;
        let viewer = self.authenticate(&head.headers, address);
        let viewer = timeout_at(deadline, viewer).await.map_err(|_| HttpError::timeout())?;
        if let Err(error) = &viewer
            && error.code == "UNAUTHENTICATED"
        {
            // If the remaining budget is too small, the next request is refused.
            let _ = permit.charge(UNAUTHENTICATED);
        }
        let viewer = viewer?;
        permit.identify(&viewer).map_err(HttpError::rate_limited)?;
        if !acceptable {
            return Err(HttpError::not_acceptable());
        }
        let mut memory = MemoryReservation::new(self.memory.token(viewer.token_key()));
        let mut estimate = REQUEST;
        let sent = if head.method == Method::POST {
            body::check_media_type(&head.headers)?;
            let limit = self.settings.body_limit;
            body::check_length(&head.headers, limit)?;
            let pay = || permit.charge_unmeasured(body::FRAMES * FRAME).map_err(HttpError::rate_limited);
            let read = body::read(body, limit, |bytes| Ok(memory.grow(bytes)?), pay);
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
        Ok(Received { sent, viewer, permit, memory, meter, estimate, shows_cost: shows_cost(&head.headers) })
    }

    async fn execute(
        &self,
        received: Received,
        stop: CancelSignal,
        request_id: &str,
        deadline: Instant,
    ) -> Result<Executed, HttpError> {
        let Received { sent, viewer, mut permit, mut memory, meter, mut estimate, shows_cost } = received;
        let by_post = matches!(sent, RawRequest::Body(_));
        let request = match &sent {
            RawRequest::Body(body) => request::from_body(body)?,
            RawRequest::QueryString(query) => request::from_query(query)?,
        };
        // Find the document before building the variables: this refuses most unacceptable requests.
        let found = self.stored.find(request.names, &viewer)?;
        let (operation_name, variables) = request.rest.read(|bytes| Ok(memory.grow(bytes)?))?;
        drop(sent);
        let (known, parsed) = self.resolve_document(found, &viewer, &mut memory, &mut permit)?;
        estimate += parsed;
        let prepared = match self.prepare(&known, operation_name.as_deref(), variables, by_post)? {
            Ok(prepared) => prepared,
            Err(errors) => {
                let mut executed = wrong(errors, permit, meter, estimate, request_id);
                executed.cost = executed.cost.filter(|_| shows_cost);
                return Ok(executed);
            }
        };
        // Reserve memory before charging: a request that is refused for lack of memory did not run.
        memory.grow(prepared.estimate.arguments)?;
        permit.charge(prepared.estimate.cost).map_err(HttpError::rate_limited)?;
        estimate += prepared.estimate.cost;
        let written = if prepared.changing { prepared.estimate.written } else { 0 };
        let request_id = request_id.to_owned();
        // A mutation continues even if nobody waits for it.
        let stop = if prepared.changing { CancelSignal::default() } else { stop };
        let operation = RunningOperation { viewer, permit, meter, memory, estimate, written, stop, request_id };
        let mut executed = self.run(prepared, operation, deadline).await?;
        if !shows_cost {
            executed.cost = None;
        }
        Ok(executed)
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
            return Err(HttpError::method("An address can only ask; changes are not made by GET", "POST"));
        }
        let variables = match operation.variables(self.schema.types(), variables) {
            Ok(variables) => variables,
            Err(errors) => return Ok(Err(errors)),
        };
        let estimate = query_limits::query_cost(&checked.document, &variables, &self.settings.query_limits)
            .map_err(|message| HttpError::document("TOO_COMPLEX", message))?;
        let (document, number) = (Arc::clone(document), operation.number);
        Ok(Ok(PreparedOperation { document, number, variables, changing, estimate }))
    }

    /// Runs the operation in a task of its own. When the client disconnects or the timeout passes, the future that
    /// waits for it is dropped; a transaction dropped with that future could return its connection to the pool while
    /// still open. The permit moves into the task, so operations that nobody waits for count against the limits like all
    /// others.
    async fn run(
        &self,
        prepared: PreparedOperation,
        running: RunningOperation,
        deadline: Instant,
    ) -> Result<Executed, HttpError> {
        let RunningOperation { viewer, permit, meter, memory, estimate, written, stop, request_id } = running;
        let principal = Principal::Token(viewer.token_key());
        let app =
            self.app.for_operation(OperationContext { token: viewer.token_key(), meter: Arc::clone(&meter), stop });
        let PreparedOperation { document, number, variables, .. } = prepared;
        let data = app.data(&document.selected, viewer, &meter);
        let (schema, db) = (self.schema.clone(), self.app.db.clone());
        // Count the time that parsing the request took.
        meter.cpu(watchdog::take_cpu_time());
        let measure = measure(&meter);
        let (interrupting, interrupting_id) = (Arc::clone(&meter), request_id.clone());
        let operation = async move {
            let mut response = schema.execute(&document, number, &variables, &data).await;
            response::finalize_errors(&mut response, &request_id);
            response::faults(&response).for_each(|fault| db.report_fault(fault));
            meter.release_rows();
            // The variables, and the memory reserved for them and for the coerced values.
            drop((variables, memory));
            let usage = meter.usage();
            usage.record();
            permit.reconcile(estimate, usage.cost().max(LEAST_COST).saturating_add(written));
            tracing::debug!(
                estimate,
                cost = usage.cost(),
                database = ?usage.database,
                cpu = ?usage.cpu,
                statements = usage.statements,
                rows = usage.rows,
                bytes = usage.answer_bytes,
                "an operation ended"
            );
            let repeatable = meter.is_retryable();
            let guard = ResponseGuard { permit: Some(permit), meter: Some(meter) };
            Executed { response, repeatable, cost: Some((estimate, usage)), guard }
        };
        let operation = watched_by("operation", measure, operation).in_current_span();
        let mut task = self.runtime.spawn_for(principal, operation);
        let in_time = match timeout_at(deadline, &mut task).await {
            Err(_) => match interrupt(&interrupting, &interrupting_id) {
                Interrupted::Answered(executed) => return Ok(executed),
                Interrupted::Soon => timeout_at(deadline + LAST_WORDS, task).await,
                Interrupted::Nothing => return Err(HttpError::timeout()),
            },
            in_time => in_time,
        };
        match in_time {
            Ok(Ok(executed)) => Ok(executed),
            Ok(Err(panicked)) => Err(HttpError::internal(&panicked)),
            Err(_) => Err(HttpError::timeout_of_change()),
        }
    }
}

/// A validated operation with its coerced variables.
struct PreparedOperation {
    document: Arc<PreparedDocument>,
    /// Index of the operation in the document.
    number: usize,
    variables: Variables,
    /// Whether the operation is not a query.
    changing: bool,
    estimate: QueryCost,
}

/// Builds the result for an operation that failed validation, and charges for what finding that out took.
fn wrong(
    errors: Vec<ResponseError>,
    permit: RateLimitPermit,
    meter: Arc<Meter>,
    estimate: u64,
    request_id: &str,
) -> Executed {
    let mut response = engine::Response::refused(errors);
    response::finalize_errors(&mut response, request_id);
    meter.cpu(watchdog::take_cpu_time());
    let usage = meter.usage();
    usage.record();
    permit.reconcile(estimate, usage.cost().max(LEAST_COST));
    let guard = ResponseGuard { permit: Some(permit), meter: Some(meter) };
    Executed { response, repeatable: true, cost: Some((estimate, usage)), guard }
}

/// Returns a callback that adds the CPU time of each poll to `meter`.
fn measure(meter: &Arc<Meter>) -> impl Fn(Duration) + Send + use<> {
    let meter = Arc::clone(meter);
    move |took| meter.cpu(took)
}
