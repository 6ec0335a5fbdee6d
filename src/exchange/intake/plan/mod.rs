//! What happens to each record of a batch: it becomes a note, is compared with an existing one, or changes it. Runs no
//! statements.

mod compare;
mod plan;
mod update;

pub use plan::{ImportOutcome, ImportPlan};
