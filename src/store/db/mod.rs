//! Database access: connecting, fair connection pools, the single write connection of `SQLite`, and the differences
//! between `SQLite` and `PostgreSQL`.

mod connect;
mod connect_error;
mod connection_epoch;
mod dialect;
mod executor;
mod fault;
mod file;
mod file_copy;
mod group_commit;
mod handle;
mod ids;
mod pool;
mod postgres;
mod probe;
mod read_batch;
mod read_pool;
mod readiness;
mod row;
mod rows;
mod run_statement;
mod schema_change;
mod size;
mod statement_context;
mod statement_meter;
mod statement_timeout;
mod stopwatch;
mod transaction;
mod write_batch;

pub use connect::{DatabaseSettings, TokenConnections, connect};
pub use connect_error::ConnectError;
pub use dialect::{
    Dialect, ListColumn, LockedName, MOST_PARAMETERS, RowList, SortHint, event_ids, event_ids_to_insert, full_text,
};
pub use fault::DbFault;
pub use file::{IfMissing, database_file};
pub use handle::Db;
pub use ids::{CountedId, IdSequences, IdSpacing, allocate_dense, reserve};
pub use postgres::ConstraintViolation;
pub use read_batch::{Answer, Answers, ReadBatch};
pub use read_pool::ReadPool;
pub use row::{DriverValue, Row, RowQueries};
pub use rows::update_rows;
pub use schema_change::SchemaChange;
pub use statement_context::OperationContext;
pub use statement_meter::{CancelOnDrop, CancelSignal, Cancellation};
pub use transaction::Transaction;
pub use write_batch::WriteBatch;
