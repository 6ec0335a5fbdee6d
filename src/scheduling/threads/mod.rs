//! Threads and what they run: the runtimes of the server, the polls of its tasks, and long work beside them.

mod connection_turns;
mod nice;
pub mod offload;
mod poll_scheduler;
pub mod runtime;
pub mod watchdog;

pub use connection_turns::ConnectionTurns;
pub use nice::lower_priority;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) use nice::tests::nice_value;
pub use poll_scheduler::{PollScheduler, PriorityGuard, current_principal, prioritize, run_heavy};
