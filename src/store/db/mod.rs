//! Database access: connecting, fair connection pools, the single write connection of `SQLite`, and the differences
//! between `SQLite` and `PostgreSQL`.

mod connect;
mod connection_epoch;
mod dialect;
mod fault;
mod file_copy;
mod handle;
mod health;
mod ids;
mod operation;
mod pool;
mod postgres;
mod read_pool;
mod rows;
mod schema_change;
mod statement;
mod stopwatch;
mod transaction;

pub use connect::{ConnectError, DatabaseSettings, IfMissing, TokenConnections, connect, database_file};
pub use dialect::{
    Dialect, ListColumn, LockedName, MOST_PARAMETERS, RowList, SortHint, event_ids, event_ids_to_insert, full_text,
};
pub use fault::DbFault;
pub use handle::Db;
pub use ids::{CountedId, IdSequences, IdSpacing, allocate_dense, reserve};
pub use operation::OperationContext;
pub use postgres::ConstraintViolation;
pub use read_pool::ReadPool;
pub use rows::{DriverValue, Row, RowQueries, update_rows};
pub use schema_change::SchemaChange;
pub use statement::{CancelOnDrop, CancelSignal, Cancellation};
pub use transaction::{Answer, Answers, ReadBatch, Transaction, WriteBatch};
