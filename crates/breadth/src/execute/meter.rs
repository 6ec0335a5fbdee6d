//! Limits on a running operation.

use futures_util::future::{BoxFuture, ready};
use serde_json::Value;

use super::progress::MutationProgress;
use crate::error::Result;

/// Number of changes that an operation has made.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangeCount {
    pub made: u64,
    /// Changes whose outcome is unknown.
    pub unknown: u64,
}

impl ChangeCount {
    /// Whether a change was made since `before`; null if that is unknown.
    pub(crate) fn since(self, before: Self) -> Value {
        if self.made == before.made && self.unknown > before.unknown {
            Value::Null
        } else {
            (self.made > before.made).into()
        }
    }
}

/// Measures a running operation and can stop it. The default methods permit everything.
pub trait ExecutionMeter: Send + Sync {
    /// Checks whether the operation may go on.
    ///
    /// # Errors
    /// The operation must stop: each root field gets this error.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Accounts for `count` more planned values, before they are loaded.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    fn plan_values(&self, _count: u64) -> Result<()> {
        Ok(())
    }

    /// Accounts for `count` values that are about to be written.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    fn write_values(&self, _count: u64) -> Result<()> {
        Ok(())
    }

    /// Accounts for `bytes` more bytes that rows take, apart from the memory that they own.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    fn reserve_rows(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// Accounts for `bytes` bytes by which the response has grown.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    fn reserve_response(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// Number of changes so far, or `None` if they are not counted. With a count, an error of a root field of a
    /// mutation has `extensions.changed`, which says whether that field has changed anything.
    fn changes(&self) -> Option<ChangeCount> {
        None
    }

    /// Storage for the response of a mutation so far, for a caller that cannot wait for its end.
    fn progress(&self) -> Option<&MutationProgress> {
        None
    }

    /// Runs `write` once, which writes the response. An implementation may run a large one elsewhere, so that it blocks
    /// no other task.
    fn write<'a>(&'a self, write: &'a mut (dyn FnMut() + Send)) -> BoxFuture<'a, ()> {
        write();
        Box::pin(ready(()))
    }

    /// Yields the thread to other tasks if the operation has run for long.
    fn yield_now(&self) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }
}
