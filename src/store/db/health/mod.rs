//! Checks whether the database can be reached, and whether its connections are still good.

mod probe;
mod readiness;

pub use probe::Probe;
pub use readiness::ReadinessProbe;
