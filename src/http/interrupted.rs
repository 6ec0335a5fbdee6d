//! The answer to a mutation whose time is over: its first changes are made and answered, and clients have to learn of these.

use super::answer::{self, Executed};
use super::taken::Held;
use crate::engine::Error;
use crate::meter::Meter;

/// What is answered by now, with an error in the place of the rest, none of which begins any more. None where nothing is, so
/// that the whole is refused.
pub fn interrupted(meter: &Meter, request_id: &str) -> Option<Executed> {
    let error = |message: &str| Error { code: Some("TIMEOUT"), ..Error::new(message) };
    let running = error("The time limit passed before there was a result. The change may still be carried out.");
    let behind = error("The time limit passed before this change began; it is not made.");
    let mut response = meter.progress().interrupt(&running, &behind)?;
    answer::settle(&mut response, request_id);
    // What the operation holds goes with the change that still runs.
    Some(Executed { response, repeatable: !meter.has_changed(), cost: None, held: Held::default() })
}
