//! Database access: connecting, fair connection pools, the single write connection of `SQLite`, and the differences
//! between `SQLite` and `PostgreSQL`.

mod connect;
mod connect_error;
mod connection_epoch;
mod executor;
mod fault;
mod file;
mod group_commit;
mod handle;
mod ids;
mod in_list;
mod planner_hints;
mod pool;
mod postgres;
mod probe;
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

pub use connect::{DatabaseSettings, TokenConnections, connect};
pub use connect_error::ConnectError;
pub use fault::DbFault;
pub use file::{IfMissing, sqlite_file};
pub use handle::Db;
pub use ids::{CompanyTable, IdSequences, IdSpacing, allocate_dense, event_ids, reserve};
pub use in_list::{keys_table, one_of, one_of_compared, one_of_pairs, one_of_texts};
pub use planner_hints::hint_rare;
pub use postgres::ConstraintViolation;
pub use read_pool::ReadPool;
pub use row::{DriverValue, Row, RowQueries};
pub use rows::update_rows;
pub use schema_change::SchemaChange;
pub use statement_context::OperationContext;
pub use statement_meter::{CancelOnDrop, CancelSignal, Cancellation};
pub use transaction::Transaction;
