//! The answer to a mutation whose time is over: its first changes are made and answered, and clients have to learn of these.

use std::sync::Arc;

use super::answer::{self, Executed};
use super::taken::Held;
use crate::engine::{Error, Interruption};
use crate::meter::Meter;

/// What can be answered when the time of a mutation is over.
pub enum Interrupted {
    /// What is answered by then, with an error in the place of the rest, none of which begins any more.
    Answered(Executed),
    /// The operation itself answers in a moment.
    Soon,
    /// Nothing is answered, so that the whole is refused.
    Nothing,
}

pub fn interrupt(meter: &Arc<Meter>, request_id: &str) -> Interrupted {
    let error = |message: &str| Error { code: Some("TIMEOUT"), ..Error::new(message) };
    let running = error("The time limit passed before there was a result. The change may still be carried out.");
    let behind = error("The time limit passed before this change began; it is not made.");
    let mut response = match meter.progress().interrupt(&running, &behind) {
        Interruption::Answered(response) => response,
        Interruption::Soon => return Interrupted::Soon,
        Interruption::Nothing => return Interrupted::Nothing,
    };
    answer::settle(&mut response, request_id);
    // The place among the operations of the token goes with the change that still runs; the memory of what is answered with the
    // answer.
    let held = Held { turn: None, meter: Some(Arc::clone(meter)) };
    Interrupted::Answered(Executed { response, repeatable: meter.is_repeatable(), cost: None, held })
}
