//! GraphQL over HTTP: `POST /graphql`, and `GET /graphql` for queries.
//!
//! Cheap checks come first, and the token is checked before any byte of the body is read. All this runs on the front
//! runtime. Interpreting the body can take long, so it runs on the work runtime.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{ServerError, Variables};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Request};
use axum::response::Response;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::accept::MediaType;
use super::answer::Executed;
use super::documents::{Documents, Known};
use super::health::Readiness;
use super::interrupted::{Interrupted, interrupt};
use super::limits::{Limits, REQUEST, Turn};
use super::listen::End;
use super::origin;
use super::refusal::Refusal;
use super::request_id::RequestIdExt;
use super::settings::HttpSettings;
use super::stored::{Found, Stored};
use super::taken::Held;
use super::{answer, asked, body};
use crate::auth::{Identity, Tokens, Viewer};
use crate::context::App;
use crate::db::{Share, StopOnDrop, StopSignal};
use crate::document::OperationKind;
use crate::engine;
use crate::fair::Owner;
use crate::gate::{self, Estimate};
use crate::meter::{HeldMemory, MemoryPool, Meter};
use crate::runtime::Work;
use crate::schema::{Document, Schema};
use crate::watchdog::{self, watched_by};

/// An operation that is about to run.
struct Operation {
    viewer: Viewer,
    turn: Turn,
    meter: Arc<Meter>,
    /// The memory that the request holds. It moves with the operation, which uses it even after the client has
    /// disconnected.
    memory: HeldMemory,
    /// Points charged for the operation so far.
    estimate: u64,
    /// The part of `estimate` that is charged for the bytes that the operation writes.
    written: u64,
    /// Stops the operation when nobody waits for its response any more; never signalled for mutations.
    stop: StopSignal,
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
pub struct Door {
    pub app: App,
    pub schema: Schema,
    pub settings: HttpSettings,
    pub documents: Documents,
    pub stored: Stored,
    pub limits: Arc<Limits>,
    pub memory: Arc<MemoryPool>,
    pub tokens: Tokens,
    pub identity: Option<Identity>,
    pub readiness: Readiness,
    /// Executes everything whose duration depends on what the client asks for.
    pub work: Work,
}

/// A request whose client is authenticated and has been charged for it, ready to be parsed.
struct Received {
    sent: Sent,
    viewer: Viewer,
    turn: Turn,
    /// Memory that the request holds while it is parsed and executed.
    memory: HeldMemory,
    meter: Arc<Meter>,
    /// Points charged so far.
    estimate: u64,
    shows_cost: bool,
}

/// The parameters of a request, not yet parsed.
enum Sent {
    /// The body of a POST.
    Body(Bytes),
    /// The query string of a GET.
    Address(String),
}

pub async fn answer(State(door): State<Arc<Door>>, mut request: Request<Body>) -> Response {
    let request_id = request.request_id();
    let acceptable = MediaType::negotiate(request.headers());
    let media_type = acceptable.unwrap_or(MediaType::Json);
    let end = request.extensions_mut().remove::<End>();
    let end = async {
        match end {
            Some(end) => end.reached().await,
            None => std::future::pending().await,
        }
    };
    let answered = tokio::select! {
        biased;
        answered = door.answer(request, acceptable, &request_id) => answered,
        () = end => Err(Refusal::stopping()),
    };
    answered.unwrap_or_else(|refusal| answer::refused(refusal, media_type, &request_id))
}

pub async fn other_method(request: Request<Body>) -> Response {
    let sent: String = request.method().as_str().chars().take(20).collect();
    let refusal = Refusal::method(&format!("{sent} is not a method of GraphQL over HTTP"), "GET, POST");
    let media_type = MediaType::negotiate(request.headers()).unwrap_or(MediaType::Json);
    answer::refused(refusal, media_type, &request.request_id())
}

impl Door {
    async fn answer(
        self: &Arc<Self>,
        request: Request<Body>,
        acceptable: Option<MediaType>,
        request_id: &str,
    ) -> Result<Response, Refusal> {
        let deadline = Instant::now() + self.settings.request_timeout;
        let received = self.receive(request, acceptable.is_some(), deadline).await?;
        let (door, request_id) = (Arc::clone(self), request_id.to_owned());
        let media_type = acceptable.unwrap_or(MediaType::Json);
        // Dropped with this future when the client disconnects or the request timeout passes.
        let waiting = StopOnDrop::default();
        let stop = waiting.signal();
        let (owner, measure) = (Owner::Token(received.viewer.token_key()), measure(&received.meter));
        let executed = async move {
            let executed = door.execute(received, stop, &request_id, deadline).await?;
            Ok(answer::executed(executed, media_type))
        };
        let executed = self.work.spawn_for(owner, watched_by("request", measure, executed).in_current_span());
        // `execute` observes the deadline itself; this is for the case that no thread is free to run it.
        match timeout_at(deadline + 2 * LAST_WORDS, executed).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(panicked)) => Err(Refusal::internal(&panicked)),
            Err(_) => Err(Refusal::timeout()),
        }
    }

    /// Authenticates the client and reads the body. Nothing here takes long, whatever the client sends.
    async fn receive(
        self: &Arc<Self>,
        request: Request<Body>,
        acceptable: bool,
        deadline: Instant,
    ) -> Result<Received, Refusal> {
        let (head, body) = request.into_parts();
        let address = self.visitor(&head);
        let mut turn = Turn::begin(&self.limits, address).map_err(Refusal::rate_limited)?;
        origin::check(&head.headers, &head.uri, &self.settings.allowed_origins)?;
        let viewer = self.authenticate(&head.headers, address);
        let viewer = timeout_at(deadline, viewer).await.map_err(|_| Refusal::timeout())?;
        if let Err(refusal) = &viewer
            && refusal.code == "UNAUTHENTICATED"
        {
            // If the remaining budget is too small, the next request is refused.
            let _ = turn.charge(UNAUTHENTICATED);
        }
        let viewer = viewer?;
        turn.identify(&viewer).map_err(Refusal::rate_limited)?;
        if !acceptable {
            return Err(Refusal::not_acceptable());
        }
        let mut memory = HeldMemory::none(self.memory.token(viewer.token_key()));
        let mut estimate = REQUEST;
        let sent = if head.method == Method::POST {
            body::check_media_type(&head.headers)?;
            let limit = self.settings.body_limit;
            body::check_length(&head.headers, limit)?;
            let pay = || turn.keep(body::FRAMES * FRAME).map_err(Refusal::rate_limited);
            let read = body::read(body, limit, |bytes| Ok(memory.add(bytes)?), pay);
            let deadline = deadline.min(Instant::now() + self.settings.body_timeout);
            let body = timeout_at(deadline, read).await.map_err(|_| Refusal::slow_body())??;
            memory.shrink_to(body.len() as u64);
            // Charge before parsing the body, as that takes work, too.
            estimate += body.len() as u64;
            turn.charge(body.len() as u64).map_err(Refusal::rate_limited)?;
            Sent::Body(body)
        } else {
            let asked = head.uri.query().unwrap_or_default();
            estimate += asked.len() as u64;
            turn.charge(asked.len() as u64).map_err(Refusal::rate_limited)?;
            Sent::Address(asked.to_owned())
        };
        let meter = Meter::new(self.settings.usage, self.memory.token(viewer.token_key()));
        Ok(Received { sent, viewer, turn, memory, meter, estimate, shows_cost: shows_cost(&head.headers) })
    }

    async fn execute(
        &self,
        received: Received,
        stop: StopSignal,
        request_id: &str,
        deadline: Instant,
    ) -> Result<Executed, Refusal> {
        let Received { sent, viewer, mut turn, mut memory, meter, mut estimate, shows_cost } = received;
        let by_post = matches!(sent, Sent::Body(_));
        let request = match &sent {
            Sent::Body(body) => asked::in_body(body)?,
            Sent::Address(asked) => asked::in_address(asked)?,
        };
        // Find the document before building the variables: this refuses most unacceptable requests.
        let found = self.stored.find(request.names, &viewer)?;
        let (operation_name, variables) = request.rest.read(|bytes| Ok(memory.add(bytes)?))?;
        drop(sent);
        let (known, parsed) = self.known(found, &viewer, &mut memory, &mut turn)?;
        estimate += parsed;
        let asked = match self.asked(&known, operation_name.as_deref(), variables, by_post)? {
            Ok(asked) => asked,
            Err(errors) => {
                let mut executed = wrong(errors, turn, meter, estimate, request_id);
                executed.cost = executed.cost.filter(|_| shows_cost);
                return Ok(executed);
            }
        };
        // Reserve memory before charging: a request that is refused for lack of memory did not run.
        memory.add(asked.estimate.arguments)?;
        turn.charge(asked.estimate.cost).map_err(Refusal::rate_limited)?;
        estimate += asked.estimate.cost;
        let written = if asked.changing { asked.estimate.written } else { 0 };
        let request_id = request_id.to_owned();
        // A mutation continues even if nobody waits for it.
        let stop = if asked.changing { StopSignal::default() } else { stop };
        let operation = Operation { viewer, turn, meter, memory, estimate, written, stop, request_id };
        let mut executed = self.run(asked, operation, deadline).await?;
        if !shows_cost {
            executed.cost = None;
        }
        Ok(executed)
    }

    /// Gets the parsed document, and the points charged for parsing it. Reserves memory for a document that may have to
    /// be parsed.
    fn known(
        &self,
        found: Found,
        viewer: &Viewer,
        memory: &mut HeldMemory,
        turn: &mut Turn,
    ) -> Result<(Arc<Known>, u64), Refusal> {
        let mut read = |text: &str, is_registered: bool| -> Result<_, Refusal> {
            memory.add(text.len() as u64 * PARSED_BYTES)?;
            self.documents.read(text, is_registered)
        };
        match found {
            Found::Ready(document) => Ok((document, 0)),
            Found::Registered(text) => {
                // Charge as if the client had sent the text: parsing it takes as much work.
                let bytes = text.len() as u64;
                turn.charge(bytes).map_err(Refusal::rate_limited)?;
                Ok((read(&text, true)?, bytes))
            }
            Found::Sent { text, hash } => {
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
    fn asked(
        &self,
        known: &Known,
        operation_name: Option<&str>,
        variables: Variables,
        by_post: bool,
    ) -> Result<Result<Asked, Vec<ServerError>>, Refusal> {
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
            return Err(Refusal::method("An address can only ask; changes are not made by GET", "POST"));
        }
        let variables = match operation.variables(self.schema.types(), variables) {
            Ok(variables) => variables,
            Err(errors) => return Ok(Err(errors)),
        };
        let estimate = gate::estimate(&checked.document, &variables, &self.settings.gate)
            .map_err(|message| Refusal::document("TOO_COMPLEX", message))?;
        let (document, number) = (Arc::clone(document), operation.number);
        Ok(Ok(Asked { document, number, variables, changing, estimate }))
    }

    /// Runs the operation in a task of its own. When the client disconnects or the timeout passes, the future that
    /// waits for it is dropped; a transaction dropped with that future could return its connection to the pool while
    /// still open. The turn moves into the task, so operations that nobody waits for count against the limits like all
    /// others.
    async fn run(&self, asked: Asked, work: Operation, deadline: Instant) -> Result<Executed, Refusal> {
        let Operation { viewer, turn, meter, memory, estimate, written, stop, request_id } = work;
        let owner = Owner::Token(viewer.token_key());
        let app = self.app.scoped(Share { token: viewer.token_key(), meter: Arc::clone(&meter), stop });
        let Asked { document, number, variables, .. } = asked;
        let data = app.data(&document.mentioned, viewer, &meter);
        let (schema, db) = (self.schema.clone(), self.app.db.clone());
        // Count the time that parsing the request took.
        meter.cpu(watchdog::lap());
        let measure = measure(&meter);
        let (interrupting, interrupting_id) = (Arc::clone(&meter), request_id.clone());
        let operation = async move {
            let mut response = schema.execute(&document, number, &variables, &data).await;
            answer::settle(&mut response, &request_id);
            answer::faults(&response).for_each(|fault| db.heed(fault));
            meter.release_rows();
            // The variables, and the memory reserved for them and for the coerced values.
            drop((variables, memory));
            let usage = meter.usage();
            usage.record();
            turn.settle(estimate, usage.cost().max(LEAST_COST).saturating_add(written));
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
            let repeatable = meter.is_repeatable();
            let held = Held { turn: Some(turn), meter: Some(meter) };
            Executed { response, repeatable, cost: Some((estimate, usage)), held }
        };
        let operation = watched_by("operation", measure, operation).in_current_span();
        let mut running = self.work.spawn_for(owner, operation);
        let in_time = match timeout_at(deadline, &mut running).await {
            Err(_) => match interrupt(&interrupting, &interrupting_id) {
                Interrupted::Answered(executed) => return Ok(executed),
                Interrupted::Soon => timeout_at(deadline + LAST_WORDS, running).await,
                Interrupted::Nothing => return Err(Refusal::timeout()),
            },
            in_time => in_time,
        };
        match in_time {
            Ok(Ok(executed)) => Ok(executed),
            Ok(Err(panicked)) => Err(Refusal::internal(&panicked)),
            Err(_) => Err(Refusal::timeout_of_change()),
        }
    }
}

/// A validated operation with its coerced variables.
struct Asked {
    document: Arc<Document>,
    /// Index of the operation in the document.
    number: usize,
    variables: Variables,
    /// Whether the operation is not a query.
    changing: bool,
    estimate: Estimate,
}

/// Builds the result for an operation that failed validation, and charges for what finding that out took.
fn wrong(errors: Vec<ServerError>, turn: Turn, meter: Arc<Meter>, estimate: u64, request_id: &str) -> Executed {
    let mut response = engine::Response::refused(errors);
    answer::settle(&mut response, request_id);
    meter.cpu(watchdog::lap());
    let usage = meter.usage();
    usage.record();
    turn.settle(estimate, usage.cost().max(LEAST_COST));
    let held = Held { turn: Some(turn), meter: Some(meter) };
    Executed { response, repeatable: true, cost: Some((estimate, usage)), held }
}

/// Returns a callback that adds the CPU time of each poll to `meter`.
fn measure(meter: &Arc<Meter>) -> impl Fn(Duration) + Send + use<> {
    let meter = Arc::clone(meter);
    move |took| meter.cpu(took)
}
