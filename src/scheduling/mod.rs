//! Fair scheduling of scarce resources: in turns, first by company, then by token, least recent use first.

mod connection_turns;
mod cpu_scheduler;
mod free;
mod latest;
mod limits;
mod nice;
pub mod offload;
mod poll_scheduler;
mod principal;
mod principal_state;
mod queue;
pub mod runtime;
mod scheduler;
mod slots;
#[cfg(test)]
mod tests;
mod usage;
pub mod watchdog;
mod work_class;

pub use connection_turns::ConnectionTurns;
pub use cpu_scheduler::{CpuScheduler, CpuSlice, SLICE};
pub use limits::{ContendedLimits, SchedulerLimits};
pub use nice::lower_priority;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) use nice::tests::nice_value;
pub use poll_scheduler::{PollScheduler, PriorityGuard, current_principal, prioritize, run_heavy};
pub use principal::{Principal, TokenKey};
pub use scheduler::{Permit, Scheduler};
pub use work_class::WorkClass;
