//! The statements of one operation: who they are for, which connections they share, and how each is run.

mod run_statement;
mod statement_context;

pub use run_statement::{Ended, run, run_to_end};
pub use statement_context::OperationContext;
pub(in crate::store::db) use statement_context::StatementContext;
