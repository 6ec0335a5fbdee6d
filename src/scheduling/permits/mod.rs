//! Sharing connections, or threads: who gets a permit, who waits, and how many one token or company may hold.

mod limits;
mod principal_state;
mod scheduler;
mod slots;
#[cfg(test)]
mod tests;
mod usage;

pub use limits::{ContendedLimits, SchedulerLimits};
pub use scheduler::{AcquireError, Permit, Scheduler};
