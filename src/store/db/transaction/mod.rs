//! Transactions, and the batches of statements with which they begin and end.

mod batches;
mod group_commit;
mod merged;
mod read_batch;
mod transaction;
mod write_batch;

pub use group_commit::GroupCommit;
pub use read_batch::{Answer, Answers, ReadBatch};
pub use transaction::Transaction;
pub(in crate::store::db) use transaction::begin;
pub use write_batch::WriteBatch;
