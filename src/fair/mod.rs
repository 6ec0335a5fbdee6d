//! Fair scheduling of scarce resources: in turns, first by company, then by token, least recent use first.

mod free;
mod latest;
mod long;
mod owner;
mod party;
mod polls;
mod queue;
mod scheduler;
mod slots;
#[cfg(test)]
mod tests;
mod usage;

pub use long::{LongTurn, LongTurns, SLICE};
pub use owner::Owner;
pub use polls::{Hurry, Polls, aside, current_owner, hurry};
pub use scheduler::{BesideOthers, Limits, Need, Permit, Scheduler};
