//! Fair scheduling of scarce resources: in turns, first by company, then by token, least recent use first.

mod cpu;
mod latest;
mod permits;
mod principal;
mod threads;
mod work_class;

pub use cpu::{CpuScheduler, CpuSlice, SLICE};
pub use permits::{ContendedLimits, Permit, Scheduler, SchedulerLimits};
pub use principal::{Principal, TokenKey};
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) use threads::nice_value;
pub use threads::{
    ConnectionTurns, PollScheduler, PriorityGuard, current_principal, lower_priority, prioritize, run_heavy,
};
pub use threads::{offload, runtime, watchdog};
pub use work_class::WorkClass;
