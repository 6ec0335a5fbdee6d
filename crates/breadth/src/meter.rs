//! What an operation is measured by.

use futures_util::future::{BoxFuture, ready};

use crate::error::Result;

/// Measures an operation while it runs, and stops it. Left as it is, it permits everything.
pub trait Meter: Send + Sync {
    /// Whether the operation may go on.
    ///
    /// # Errors
    /// Where it may not: what is told at each root field.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// So many values are known to come, before they are loaded.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn plan_values(&self, _count: u64) -> Result<()> {
        Ok(())
    }

    /// So many values are about to be written.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn write_values(&self, _count: u64) -> Result<()> {
        Ok(())
    }

    /// Rows take so many bytes more, beside what they hold themselves.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn hold_rows(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// The answer has become so many bytes longer.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    fn hold_answer(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// Runs what writes the answer, once, which takes long where that is large: at once, or when and where it holds up nobody.
    fn write<'a>(&'a self, write: &'a mut (dyn FnMut() + Send)) -> BoxFuture<'a, ()> {
        write();
        Box::pin(ready(()))
    }

    /// Waits until the operation may have its thread again, where it has had it for long.
    fn breathe(&self) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }
}
