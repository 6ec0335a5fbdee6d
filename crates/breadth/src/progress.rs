//! How far a mutation has come, for whoever cannot wait for its end.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::bridge::{PathSegment, ServerError, Value, set, to_server_error};
use crate::error::Error;
use crate::execute::Response;
use crate::plan::{Plan, Planned, ROOT, What};
use crate::write::{Nulled, Written};

/// The answers of the root fields of a mutation so far. Whoever takes them ends it: no root field begins after that.
#[derive(Default)]
pub struct Progress {
    plan: OnceLock<Arc<Plan>>,
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    /// No root field has begun.
    #[default]
    Nowhere,
    /// The root field at this position runs; those before it are answered.
    At(usize, Written),
    /// The answer of a root field is being written, or all are answered.
    Writing,
    /// Root fields that have not begun fail with this.
    Interrupted(Error),
}

/// What there is of the answer when nobody waits any longer.
#[derive(Debug)]
pub enum Interruption {
    /// The answers so far, with errors in the place of the others.
    Answered(Response),
    /// The operation itself answers in a moment: it writes an answer, and begins no other root field.
    Soon,
    /// No root field is answered.
    Nothing,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, plan: &Arc<Plan>) {
        let _ = self.plan.set(Arc::clone(plan));
    }

    /// Leaves what was answered, while the root field at this position runs.
    ///
    /// # Errors
    /// Gives it back with the error of the fields that have not begun, where the mutation was interrupted.
    pub(crate) fn leave(&self, position: usize, written: Written) -> Result<(), Box<(Written, Error)>> {
        let mut state = self.state();
        if let State::Interrupted(error) = &*state {
            return Err(Box::new((written, error.clone())));
        }
        *state = State::At(position, written);
        Ok(())
    }

    /// Gives it back; none where somebody else has taken it.
    pub(crate) fn resume(&self) -> Option<Written> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Writing) {
            State::At(_, written) => Some(written),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Begins no further root field, and answers in the place of the operation where it can: `running` is the error of the field
    /// that runs, which goes on, and `behind` that of those that have not begun.
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

/// Completes an answer with errors in the place of the root fields from this position on: `running` is that of the first of
/// them, where it runs, and `behind` that of those that never begin.
pub fn fill(plan: &Plan, first: usize, running: Option<&Error>, behind: &Error, mut written: Written) -> Response {
    let mut result = Ok(());
    for (number, field) in plan.scopes[ROOT].fields.iter().skip(first).enumerate() {
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

/// The extension of an error that says whether the root field, whose answer it takes the place of, has changed something; null
/// where nobody knows yet.
pub const CHANGED: &str = "changed";

/// Whether an error says what its root field has changed.
pub fn tells_changes(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get(CHANGED).is_some())
}

fn unanswered(
    plan: &Plan,
    field: &Planned,
    error: &Error,
    changed: Value,
    written: &mut Written,
) -> Result<(), Nulled> {
    written.out.extend(field.key.as_bytes());
    let What::Link(step) = field.what else {
        // The name of the type is known: nothing else than links and that stands in a mutation.
        written.out.extend(format!("\"{}\"", plan.scopes[ROOT].object.name).as_bytes());
        return Ok(());
    };
    written.out.extend(b"null");
    written.failed += 1;
    let path = vec![PathSegment::Field(field.name().to_owned())];
    let mut error = to_server_error(error.clone(), field.places(), path);
    set(&mut error, CHANGED, changed);
    written.errors.push(error);
    if plan.links[step].nullable { Ok(()) } else { Err(Nulled) }
}
