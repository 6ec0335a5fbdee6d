//! Subscriptions: the operation is executed for each event, whatever transport the results take.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Variables;
use breadth::{Event, EventStream};
use futures_util::StreamExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::sleep;
use tracing::Instrument;

use crate::auth::Viewer;
use crate::graphql::context::{AppState, LastEventId};
use crate::http::error::HttpError;
use crate::http::operation::{LEAST_COST, PreparedOperation, RunningOperation, measure, refused};
use crate::http::rate_limit::RateLimitPermit;
use crate::http::response::{self, Executed, Payload};
use crate::http::response_body::ResponseGuard;
use crate::http::state::GraphqlState;
use crate::http::websocket::TokenSlot;
use crate::meter::{MemoryReservation, Meter, OperationLimits};
use crate::scheduling::watchdog::{self, watched_by};
use crate::scheduling::{Principal, TokenKey};
use crate::schema::PreparedDocument;
use crate::store::db::{CancelSignal, OperationContext};

/// Results that wait for the transport. A slow client makes its subscription wait, which then reads the log when it can.
const WAITING: usize = 1;
/// Bounds on the pause before an event is executed for which a budget does not suffice.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What a subscription sends.
pub enum SubscriptionItem {
    /// A result, and the ID of its event.
    Next(Payload, Option<String>),
    /// The list of errors as JSON; the last item.
    Failed(Vec<u8>),
}

/// How a subscription came.
#[derive(Clone, Debug)]
pub struct SubscriptionTransport {
    pub address: Option<IpAddr>,
    pub shows_cost: bool,
    pub last_event_id: Option<LastEventId>,
}

/// The results of a subscription. Dropping it ends the subscription.
pub struct Subscription {
    pub results: Receiver<SubscriptionItem>,
    pub token: TokenKey,
}

/// A subscription that has started.
struct Running {
    state: Arc<GraphqlState>,
    document: Arc<PreparedDocument>,
    number: usize,
    variables: Variables,
    viewer: Viewer,
    address: Option<IpAddr>,
    /// Measures the reading of events.
    reading: Arc<Meter>,
    /// Points of that which were charged.
    charged: u64,
    /// The memory of the variables.
    _memory: MemoryReservation,
    _slot: TokenSlot,
    /// Estimated points of an execution.
    estimate: u64,
    shows_cost: bool,
    request_id: String,
}

impl GraphqlState {
    /// Starts a subscription.
    ///
    /// # Errors
    /// The result, if its root field refuses to start.
    pub async fn subscribe(
        self: &Arc<Self>,
        prepared: PreparedOperation,
        operation: RunningOperation,
        transport: SubscriptionTransport,
    ) -> Result<Subscription, Executed> {
        let SubscriptionTransport { address, shows_cost, last_event_id } = transport;
        let RunningOperation { viewer, permit, meter, memory, estimate, request_id, .. } = operation;
        let PreparedOperation { document, number, variables, estimate: cost, .. } = prepared;
        let most = self.settings.sockets.subscriptions_per_token;
        let Some(slot) = self.sockets.subscriptions.take(viewer.token_key(), most) else {
            let message = format!("This token has {most} running subscriptions; end one.");
            let mut error = breadth::ResponseError::new(message);
            error.set("code", "RATE_LIMITED");
            return Err(refused(vec![error], permit, meter, estimate, &request_id));
        };
        // A subscription may read the log for hours, so only the memory is limited; its use is charged.
        let reading = Meter::new(OperationLimits::UNLIMITED, self.memory.token(viewer.token_key()));
        let data = self.operation(&viewer, &reading).data(&document.selected, viewer.clone(), &reading);
        let mut data = data.with(self.events.clone());
        if let Some(id) = last_event_id {
            data.insert(id);
        }
        meter.cpu(watchdog::take_cpu_time());
        match self.schema.subscribe(&document, number, &variables, &data).await {
            Ok(events) => {
                reading.release_rows();
                let usage = meter.usage();
                usage.record();
                permit.reconcile(estimate, usage.cost().saturating_add(reading.usage().cost()).max(LEAST_COST));
                drop(permit);
                let running = Running {
                    charged: reading.usage().cost(),
                    state: Arc::clone(self),
                    document,
                    number,
                    variables,
                    viewer,
                    address,
                    reading,
                    _memory: memory,
                    _slot: slot,
                    estimate: cost.cost,
                    shows_cost,
                    request_id,
                };
                let (sender, receiver) = channel(WAITING);
                let token = running.viewer.token_key();
                let principal = Principal::Token(token);
                let measure = measure(&running.reading);
                let run = watched_by("subscription", measure, running.run(events, sender)).in_current_span();
                self.runtime.spawn_for(principal, run);
                Ok(Subscription { results: receiver, token })
            }
            Err(mut response) => {
                response::finalize_errors(&mut response, &request_id);
                response::faults(&response).for_each(|fault| self.app.db.report_fault(fault));
                let usage = meter.usage();
                usage.record();
                permit.reconcile(estimate, usage.cost().max(LEAST_COST));
                let guard = ResponseGuard { permit: Some(permit), meter: Some(meter) };
                Err(Executed { response, repeatable: true, cost: Some((estimate, usage)), guard })
            }
        }
    }

    /// The state for one execution, whose statements are scheduled by the token and reported to the meter.
    fn operation(&self, viewer: &Viewer, meter: &Arc<Meter>) -> AppState {
        let context =
            OperationContext { token: viewer.token_key(), meter: Arc::clone(meter), stop: CancelSignal::default() };
        self.app.for_operation(context)
    }
}

impl Running {
    /// Executes the operation for each event until the source ends, or nobody receives the results any more.
    async fn run(mut self, mut events: EventStream, sender: Sender<SubscriptionItem>) {
        let mut count = 0_u64;
        loop {
            let event = tokio::select! {
                biased;
                () = sender.closed() => break,
                event = events.next() => event,
            };
            self.reading.release_rows();
            let item = match event {
                None => break,
                Some(Err(error)) => SubscriptionItem::Failed(self.failed(error)),
                Some(Ok(event)) => {
                    let permit = tokio::select! {
                        biased;
                        () = sender.closed() => break,
                        permit = self.admit() => permit,
                    };
                    count += 1;
                    let id = event.id.clone();
                    SubscriptionItem::Next(self.execute(event, permit).await, id)
                }
            };
            let is_last = matches!(item, SubscriptionItem::Failed(_));
            if sender.send(item).await.is_err() || is_last {
                break;
            }
        }
        tracing::info!(events = count, "the subscription ended");
    }

    /// Waits until the budgets suffice for another execution, and for what was read since the last one.
    async fn admit(&mut self) -> RateLimitPermit {
        let read = self.reading.usage().cost();
        let due = self.estimate.saturating_add(read.saturating_sub(self.charged));
        loop {
            let admitted = RateLimitPermit::begin(&self.state.limits, self.address).and_then(|mut permit| {
                permit.identify(&self.viewer)?;
                permit.charge(due)?;
                Ok(permit)
            });
            match admitted {
                Ok(permit) => {
                    self.charged = read;
                    return permit;
                }
                Err(exceeded) => sleep(exceeded.retry_after.clamp(PAUSE.0, PAUSE.1)).await,
            }
        }
    }

    async fn execute(&self, event: Event, permit: RateLimitPermit) -> Payload {
        let Self { state, document, viewer, request_id, .. } = self;
        let meter = Meter::new(state.settings.usage, state.memory.token(viewer.token_key()));
        let data = state.operation(viewer, &meter).data(&document.selected, viewer.clone(), &meter);
        let executed = state.schema.execute_event(document, self.number, &self.variables, &data, event);
        let mut response = watched_by("event", measure(&meter), executed).await;
        response::finalize_errors(&mut response, request_id);
        response::faults(&response).for_each(|fault| state.app.db.report_fault(fault));
        meter.release_rows();
        let usage = meter.usage();
        usage.record();
        permit.reconcile(self.estimate, usage.cost().max(LEAST_COST));
        // The memory of the result stays reserved until the client has it; the slot of the execution does not, as a client
        // may be slow for long.
        let guard = ResponseGuard { permit: None, meter: Some(meter) };
        let cost = Some((self.estimate, usage));
        response::operation_payload(Executed { response, repeatable: true, cost, guard }, self.shows_cost)
    }

    fn failed(&self, error: breadth::Error) -> Vec<u8> {
        let mut response = breadth::Response::refused(vec![error.into()]);
        response::finalize_errors(&mut response, &self.request_id);
        response::errors_as_json(&response.errors)
    }
}

/// The refusal of a subscription that came by a request with a single response.
pub fn needs_stream() -> HttpError {
    HttpError::bad_request(
        "A subscription has many results: send it over WebSocket with the protocol graphql-transport-ws, or accept \
         text/event-stream or multipart/mixed;subscriptionSpec=1.0.",
    )
}
