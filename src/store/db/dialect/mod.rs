//! What differs between the SQL of `SQLite` and that of `PostgreSQL`, one kind of difference in each file.
//!
//! Callers say what they want of a [`Dialect`]; only this folder, and the drivers and pools beside it, know which
//! database answers. `tests/it/dialect.rs` keeps it so.

mod advisory_lock;
mod catalog;
mod event_ids;
mod event_log;
pub mod full_text;
mod in_list;
mod kind;
mod lateral;
mod limits;
mod planner_hints;
mod row_list;
mod text;
mod write_both;

use kind::Database;

pub use advisory_lock::LockedName;
pub use event_ids::{event_ids, event_ids_to_insert};
pub use kind::Dialect;
pub use limits::MOST_PARAMETERS;
pub use planner_hints::SortHint;
pub use row_list::{ListColumn, RowList};
pub use write_both::write_both;
