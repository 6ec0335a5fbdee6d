//! GraphQL over HTTP: `POST /graphql`, and `GET /graphql` for queries.
//!
//! What is cheap to check comes first, and who asks before a byte of the body is read. That happens where connections are
//! served; what the bytes say is looked at where operations are executed, as it can take long.

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
    /// Of the request: the operation goes on to use it when nobody waits any more.
    memory: HeldMemory,
    /// What was charged for it.
    estimate: u64,
    /// Of that, what is charged for bytes that it writes.
    written: u64,
    /// Given when nobody waits for the answer any more, where that is a reason to stop.
    stop: StopSignal,
    request_id: String,
}

/// How long after the time limit of a request the answer of a mutation that was made may take to be written, and a thread may take
/// to tell what was answered by then.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The least that an operation costs, however little it used: what its request took before it was measured.
const LEAST_COST: u64 = 100;

/// Memory that a document takes for each byte of its text, with the copy of it that is executed.
const PARSED_BYTES: u64 = 60;

/// What a request whose token does not hold costs its address besides: whoever makes up tokens asks the database for each.
const UNAUTHENTICATED: u64 = 9_000;

/// What each frame of a body costs beside its bytes, where there are many: the threads that serve take it apart.
const FRAME: u64 = 3;

/// Clients that send this header with the value 1 get `extensions.cost`.
pub static COST: HeaderName = HeaderName::from_static("x-graphql-cost");

fn shows_cost(headers: &HeaderMap) -> bool {
    headers.get(&COST).is_some_and(|value| value == "1")
}

/// What every request needs.
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
    /// Where everything runs whose time depends on what the client asks for.
    pub work: Work,
}

/// A request that may be looked at: who asks is known, and has paid for that.
struct Received {
    sent: Sent,
    viewer: Viewer,
    turn: Turn,
    /// What the request takes while it is looked at and executed.
    memory: HeldMemory,
    meter: Arc<Meter>,
    /// What was charged so far.
    estimate: u64,
    shows_cost: bool,
}

/// The parameters of a request, as they came.
enum Sent {
    /// The body of a POST.
    Body(Bytes),
    /// What follows the path in the address of a GET.
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
        // Dropped with this future when the client hangs up, or the time is over.
        let waiting = StopOnDrop::default();
        let stop = waiting.signal();
        let (owner, measure) = (Owner::Token(received.viewer.token_key()), measure(&received.meter));
        let executed = async move {
            let executed = door.execute(received, stop, &request_id, deadline).await?;
            Ok(answer::executed(executed, media_type))
        };
        let executed = self.work.spawn_for(owner, watched_by("request", measure, executed).in_current_span());
        // Where no thread is free to find out what is answered by then.
        match timeout_at(deadline + 2 * LAST_WORDS, executed).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(panicked)) => Err(Refusal::internal(&panicked)),
            Err(_) => Err(Refusal::timeout()),
        }
    }

    /// Finds out who asks, and reads the body. Nothing here takes long, whatever the client sends.
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
            // Where less is left than that, the next request is refused.
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
            // Before it is known what the bytes say, as that takes work, too.
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
        // Before the variables are built: most of what is not taken is refused here.
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
        // Before it is charged: what is refused for want of memory did not run.
        memory.add(asked.estimate.arguments)?;
        turn.charge(asked.estimate.cost).map_err(Refusal::rate_limited)?;
        estimate += asked.estimate.cost;
        let written = if asked.changing { asked.estimate.written } else { 0 };
        let request_id = request_id.to_owned();
        // A change goes on, whoever waits for it.
        let stop = if asked.changing { StopSignal::default() } else { stop };
        let operation = Operation { viewer, turn, meter, memory, estimate, written, stop, request_id };
        let mut executed = self.run(asked, operation, deadline).await?;
        if !shows_cost {
            executed.cost = None;
        }
        Ok(executed)
    }

    /// The document that was found, and what was charged for it. Holds memory for one that may have to be parsed.
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
                // As if it had been sent: to parse it takes as much work.
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

    /// Looks at what is asked for before anything runs: the document, which of its operations, and the variables, which take
    /// their final form. The inner error is what is wrong with them.
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

    /// Runs the operation in a task of its own: when the client hangs up, or the time is over, what waits for it is
    /// dropped, and a transaction that were dropped with it could hand its open connection to somebody else. The turn
    /// goes with it: operations that nobody waits for are bounded like all others.
    async fn run(&self, asked: Asked, work: Operation, deadline: Instant) -> Result<Executed, Refusal> {
        let Operation { viewer, turn, meter, memory, estimate, written, stop, request_id } = work;
        let owner = Owner::Token(viewer.token_key());
        let app = self.app.scoped(Share { token: viewer.token_key(), meter: Arc::clone(&meter), stop });
        let Asked { document, number, variables, .. } = asked;
        let data = app.data(&document.mentioned, viewer, &meter);
        let (schema, db) = (self.schema.clone(), self.app.db.clone());
        // What it took to look at the request.
        meter.cpu(watchdog::lap());
        let measure = measure(&meter);
        let (interrupting, interrupting_id) = (Arc::clone(&meter), request_id.clone());
        let operation = async move {
            let mut response = schema.execute(&document, number, &variables, &data).await;
            answer::settle(&mut response, &request_id);
            answer::faults(&response).for_each(|fault| db.heed(fault));
            meter.release_rows();
            // Of the variables, and of what they were turned into.
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

/// What is asked for, and may be.
struct Asked {
    document: Arc<Document>,
    /// Which of its operations.
    number: usize,
    variables: Variables,
    /// Whether it is more than a question.
    changing: bool,
    estimate: Estimate,
}

/// The answer to what is refused as a whole, and paid for by what it took to find that out.
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

/// Counts the CPU time of what is polled for an operation.
fn measure(meter: &Arc<Meter>) -> impl Fn(Duration) + Send + use<> {
    let meter = Arc::clone(meter);
    move |took| meter.cpu(took)
}
