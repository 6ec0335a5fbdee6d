//! The progress of a mutation, for a caller that cannot wait for its end.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;

use super::response::Response;
use super::written::{NullPropagated, WrittenResponse};
use crate::error::Error;
use crate::plan::{Plan, PlannedField, PlannedFieldKind, ROOT};
use crate::response_error::{CHANGED, PathSegment, ResponseError};

/// The responses of a mutation's root fields so far. [`interrupt`](Self::interrupt) takes them; no root field begins
/// after that.
#[derive(Default)]
pub struct MutationProgress {
    plan: OnceLock<Arc<Plan>>,
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    /// No root field has begun.
    #[default]
    Nowhere,
    /// The root field at this position is running; those before it are complete.
    At(usize, WrittenResponse),
    /// The value of a root field is being written, or all are complete.
    Writing,
    /// The mutation was interrupted; root fields that have not begun fail with this error.
    Interrupted(Error),
}

/// The part of a response that is available when the caller can wait no longer.
#[derive(Debug)]
pub enum Interruption {
    /// The values so far, with errors for the other root fields.
    Answered(Response),
    /// The operation is about to respond itself: it is writing a value and begins no other root field.
    Soon,
    /// No root field is complete.
    Nothing,
}

impl std::fmt::Debug for MutationProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MutationProgress").finish_non_exhaustive()
    }
}

impl MutationProgress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, plan: &Arc<Plan>) {
        let _ = self.plan.set(Arc::clone(plan));
    }

    /// Stores the response so far, while the root field at this position runs.
    ///
    /// # Errors
    /// Returns the response, and the error for fields that have not begun, if the mutation was interrupted.
    pub(crate) fn leave(&self, position: usize, written: WrittenResponse) -> Result<(), Box<(WrittenResponse, Error)>> {
        let mut state = self.state();
        if let State::Interrupted(error) = &*state {
            return Err(Box::new((written, error.clone())));
        }
        *state = State::At(position, written);
        Ok(())
    }

    /// Takes the response back; `None` if somebody else has taken it.
    pub(crate) fn resume(&self) -> Option<WrittenResponse> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Writing) {
            State::At(_, written) => Some(written),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Prevents further root fields from beginning and, if possible, returns the response in place of the operation.
    /// The running field, which goes on, gets the error `running`; those that have not begun get `behind`.
    pub fn interrupt(&self, running: &Error, behind: &Error) -> Interruption {
        let before = std::mem::replace(&mut *self.state(), State::Interrupted(behind.clone()));
        let (plan, first, written) = match (before, self.plan.get()) {
            (State::At(first @ 1.., written), Some(plan)) => (plan, first, written),
            (State::Writing, _) => return Interruption::Soon,
            (State::At(..) | State::Nowhere | State::Interrupted(_), _) => return Interruption::Nothing,
        };
        Interruption::Answered(fill(plan, first, Some(running), behind, written))
    }
}

/// Completes a response with errors for the root fields from position `first` on: `running` for the first of them, if
/// it is running, and `behind` for those that never begin.
pub fn fill(
    plan: &Plan,
    first: usize,
    running: Option<&Error>,
    behind: &Error,
    mut written: WrittenResponse,
) -> Response {
    let mut result = Ok(());
    for (number, field) in plan.nodes[ROOT].fields.iter().skip(first).enumerate() {
        if number > 0 {
            written.out.push(b',');
        }
        let (error, changed) = match running {
            Some(running) if number == 0 => (running, Value::Null),
            _ => (behind, Value::from(false)),
        };
        result = result.and(unanswered(plan, field, error, changed, &mut written));
    }
    written.out.push(b'}');
    Response::new(plan, result, written)
}

fn unanswered(
    plan: &Plan,
    field: &PlannedField,
    error: &Error,
    changed: Value,
    written: &mut WrittenResponse,
) -> Result<(), NullPropagated> {
    written.out.extend(field.key.as_bytes());
    let PlannedFieldKind::Relation(relation) = field.kind else {
        // The type name is known; a mutation has only relations besides `__typename`.
        written.out.extend(format!("\"{}\"", plan.nodes[ROOT].object.name).as_bytes());
        return Ok(());
    };
    written.out.extend(b"null");
    written.failed += 1;
    let path = vec![PathSegment::Field(field.name().to_owned())];
    let mut error = ResponseError::of_field(error.clone(), field.places(), path);
    error.set(CHANGED, changed);
    written.errors.push(error);
    if plan.relations[relation].nullable { Ok(()) } else { Err(NullPropagated) }
}
