//! How far a mutation has come, for whoever cannot wait for its end.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::bridge::{PathSegment, Value, set, to_server_error};
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
    /// Nulled is to be had: no root field has begun, or an answer is being written.
    #[default]
    Nowhere,
    /// A root field runs; those before it are answered.
    At(usize, Written),
    Interrupted,
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

    /// Leaves what was answered, while the root field at this position runs. Says whether it may.
    pub(crate) fn leave(&self, position: usize, written: Written) -> bool {
        let mut state = self.state();
        let may = !matches!(*state, State::Interrupted);
        if may {
            *state = State::At(position, written);
        }
        may
    }

    /// Gives it back; none where somebody else has taken it.
    pub(crate) fn resume(&self) -> Option<Written> {
        let mut state = self.state();
        match std::mem::take(&mut *state) {
            State::At(_, written) => Some(written),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Answers without the root fields that have no answer yet, and begins none of these: `running` is the error of the one that
    /// runs, which goes on, and `behind` that of those that have not begun. None where no root field is answered.
    pub fn interrupt(&self, running: &Error, behind: &Error) -> Option<Response> {
        let State::At(first @ 1.., mut written) = std::mem::replace(&mut *self.state(), State::Interrupted) else {
            return None;
        };
        let plan = self.plan.get()?;
        let mut result = Ok(());
        for (position, field) in plan.scopes[ROOT].fields.iter().enumerate().skip(first) {
            if position > first {
                written.out.push(b',');
            }
            let is_running = position == first;
            let error = if is_running { running } else { behind };
            result = result.and(unanswered(plan, field, error, &mut written));
            if let (What::Link(_), Some(error)) = (&field.what, written.errors.last_mut()) {
                set(error, CHANGED, if is_running { Value::Null } else { Value::from(false) });
            }
        }
        written.out.push(b'}');
        Some(Response::new(plan, result, written))
    }
}

/// The extension of an error that says whether the root field, whose answer it takes the place of, has changed something; null
/// where nobody knows yet.
pub const CHANGED: &str = "changed";

fn unanswered(plan: &Plan, field: &Planned, error: &Error, written: &mut Written) -> Result<(), Nulled> {
    written.out.extend(field.key.as_bytes());
    let What::Link(step) = field.what else {
        // The name of the type is known: nothing else than links and that stands in a mutation.
        written.out.extend(format!("\"{}\"", plan.scopes[ROOT].object.name).as_bytes());
        return Ok(());
    };
    written.out.extend(b"null");
    written.failed += 1;
    written.errors.push(to_server_error(
        error.clone(),
        field.places(),
        vec![PathSegment::Field(field.name().to_owned())],
    ));
    if plan.links[step].nullable { Ok(()) } else { Err(Nulled) }
}
