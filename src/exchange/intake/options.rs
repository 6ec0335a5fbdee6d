//! The options of an import, and the errors that stop it.

use sea_orm::DbErr;

use crate::exchange::input::RecordLimits;
use crate::quota::Quota;

/// Options of an import.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the company; created if it does not exist.
    pub company: String,
    /// Overwrite existing notes that differ from their record, instead of rejecting the record.
    pub update: bool,
    /// Report what would happen without writing anything.
    pub dry_run: bool,
    /// Limits on what the company may store.
    pub quota: Quota,
    /// Limits on the size of one record; larger ones are rejected.
    pub limits: RecordLimits,
}

/// Why an import stopped early. Batches that were committed before remain.
#[derive(Debug)]
pub enum ImportError {
    Database(DbErr),
    Reading(std::io::Error),
}

impl From<DbErr> for ImportError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Reading(error) => write!(f, "cannot start reading: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}
