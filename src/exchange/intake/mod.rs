//! Imports records into the database in batches: one transaction per batch, with few statements whatever its size.
//!
//! [`reading`] delivers the batches. For each, the existing data is loaded ([`existing`], [`people`], [`types`]), the
//! [`plan`] decides record by record, and the [`rows`] are written. A batch that the database refuses is retried record
//! by record, so that an invalid record does not affect others.

mod batch;
mod company;
mod existing;
mod failure;
mod ids;
mod options;
mod people;
mod plan;
mod reading;
mod room;
mod rows;
mod run;
mod summary;
mod types;

pub use options::{ImportError, Options};
pub use run::run;
pub use summary::{Report, Summary};
