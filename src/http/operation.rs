//! An operation from its preparation to its result.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Variables;
use breadth::ResponseError;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::error::HttpError;
use super::interrupted::{Interrupted, interrupt};
use super::rate_limit::RateLimitPermit;
use super::response::{self, Executed};
use super::response_body::ResponseGuard;
use super::state::GraphqlState;
use crate::auth::Viewer;
use crate::meter::{MemoryReservation, Meter};
use crate::scheduling::Principal;
use crate::scheduling::watchdog::{self, watched_by};
use crate::schema::PreparedDocument;
use crate::schema::query_limits::QueryCost;
use crate::store::db::{CancelSignal, OperationContext};

/// Grace period after the request timeout, for writing the response of a mutation that was made. The same time is added
/// once more for a thread to become free and report what was answered.
pub const LAST_WORDS: Duration = Duration::from_millis(500);

/// Minimum cost of an operation in points, for the work that was done before measuring began.
pub const LEAST_COST: u64 = 100;

/// A validated operation with its coerced variables.
pub struct PreparedOperation {
    pub document: Arc<PreparedDocument>,
    /// Index of the operation in the document.
    pub number: usize,
    pub variables: Variables,
    /// Whether the operation is not a query.
    pub changing: bool,
    pub is_subscription: bool,
    pub estimate: QueryCost,
}

/// An operation that is about to run.
pub struct RunningOperation {
    pub viewer: Viewer,
    pub permit: RateLimitPermit,
    pub meter: Arc<Meter>,
    /// The memory that the request holds. It moves with the operation, which uses it even after the client has
    /// disconnected.
    pub memory: MemoryReservation,
    /// Points charged for the operation so far.
    pub estimate: u64,
    /// The part of `estimate` that is charged for the bytes that the operation writes.
    pub written: u64,
    /// Stops the operation when nobody waits for its response any more; never signalled for mutations.
    pub stop: CancelSignal,
    pub request_id: String,
}

impl GraphqlState {
    /// Runs the operation in a task of its own. When the client disconnects or the timeout passes, the future that
    /// waits for it is dropped; a transaction dropped with that future could return its connection to the pool while
    /// still open. The permit moves into the task, so operations that nobody waits for count against the limits like
    /// all others.
    pub async fn run(
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
        // Boxed, since each wrapper around it would copy it once or twice, and it has 13 KB.
        let operation = watched_by("operation", measure, Box::pin(operation)).in_current_span();
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

/// Builds the result for an operation that failed validation, and charges for what finding that out took.
pub fn refused(
    errors: Vec<ResponseError>,
    permit: RateLimitPermit,
    meter: Arc<Meter>,
    estimate: u64,
    request_id: &str,
) -> Executed {
    let mut response = breadth::Response::refused(errors);
    response::finalize_errors(&mut response, request_id);
    meter.cpu(watchdog::take_cpu_time());
    let usage = meter.usage();
    usage.record();
    permit.reconcile(estimate, usage.cost().max(LEAST_COST));
    let guard = ResponseGuard { permit: Some(permit), meter: Some(meter) };
    Executed { response, repeatable: true, cost: Some((estimate, usage)), guard }
}

/// Returns a callback that adds the CPU time of each poll to `meter`.
pub fn measure(meter: &Arc<Meter>) -> impl Fn(Duration) + Send + use<> {
    let meter = Arc::clone(meter);
    move |took| meter.cpu(took)
}
