//! The response to a mutation that exceeds its timeout: clients have to learn which of its changes were made.

use std::sync::Arc;

use breadth::{Error, Interruption};

use super::response::{self, Executed};
use super::response_body::ResponseGuard;
use crate::meter::Meter;

/// The response to a mutation that has exceeded its timeout.
pub enum Interrupted {
    /// The results so far, with an error in place of each remaining field. No further field starts.
    Answered(Executed),
    /// The operation is about to respond by itself.
    Soon,
    /// There is no result yet, so the whole request is refused.
    Nothing,
}

pub fn interrupt(meter: &Arc<Meter>, request_id: &str) -> Interrupted {
    let error = |message: &str| Error { code: Some("TIMEOUT"), ..Error::new(message) };
    let running = error("This change exceeded the time limit. It may still be made.");
    let behind = error("The time limit passed before this change began. It is not made.");
    let mut response = match meter.progress().interrupt(&running, &behind) {
        Interruption::Answered(response) => response,
        Interruption::Soon => return Interrupted::Soon,
        Interruption::Nothing => return Interrupted::Nothing,
    };
    response::finalize_errors(&mut response, request_id);
    // The running change keeps its slot among the operations of the token; the response holds its own memory.
    let guard = ResponseGuard { permit: None, meter: Some(Arc::clone(meter)) };
    Interrupted::Answered(Executed { response, repeatable: meter.is_retryable(), cost: None, guard })
}
