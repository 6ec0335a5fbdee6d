//! Where the engine meets what operations are measured by, and what threads are kept free by.

use std::sync::Arc;

use super::Context;
use crate::meter::Meter;
use crate::watchdog::aside;

/// Writes a large answer where that holds up nobody.
pub fn aside_if_large<T>(meter: Option<&Meter>, write: impl FnOnce() -> T) -> T {
    if meter.is_some_and(Meter::is_large) { aside(write) } else { write() }
}

/// The meter of the operation; none where nobody measures it.
pub fn meter(ctx: Context<'_>) -> Option<&Meter> {
    ctx.data_opt::<Arc<Meter>>().map(AsRef::as_ref)
}
