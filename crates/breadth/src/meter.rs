//! Limits on an operation while it runs.

use futures_util::future::{BoxFuture, ready};

use crate::bridge::Value;
use crate::error::Result;
use crate::progress::Progress;

/// How many changes an operation has made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes {
    pub made: u64,
    /// Of which nobody knows whether they were.
    pub unknown: u64,
}

impl Changes {
    /// Whether one was made since; null where nobody knows.
    pub(crate) fn since(self, before: Self) -> Value {
        if self.made == before.made && self.unknown > before.unknown {
            Value::Null
        } else {
            (self.made > before.made).into()
        }
    }
}

/// Measures an operation while it runs, and stops it. Left as it is, it permits everything.
pub trait Meter: Send + Sync {
    /// Whether the operation may go on.
    ///
    /// # Errors
    /// The operation has to stop: each root field gets this error.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Learns how many more values will come, before they are loaded.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn plan_values(&self, _count: u64) -> Result<()> {
        Ok(())
    }

    /// Learns how many values are about to be written.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn write_values(&self, _count: u64) -> Result<()> {
        Ok(())
    }

    /// Learns how many more bytes rows take, beside the memory that they own.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn hold_rows(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// Learns how many bytes longer the answer has become.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn hold_answer(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// How many changes were made so far. Where the answer to a root field of a mutation is an error, `extensions.changed` tells
    /// whether that field has made one. None where nobody counts them.
    fn changes(&self) -> Option<Changes> {
        None
    }

    /// Where a mutation leaves what it has answered so far, for whoever cannot wait for its end.
    fn progress(&self) -> Option<&Progress> {
        None
    }

    /// Runs what writes the answer, once, which takes long where that is large: at once, or when and where it holds up nobody.
    fn write<'a>(&'a self, write: &'a mut (dyn FnMut() + Send)) -> BoxFuture<'a, ()> {
        write();
        Box::pin(ready(()))
    }

    /// Waits until the operation may have its thread again, where it has had it for long.
    fn yield_now(&self) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }
}
