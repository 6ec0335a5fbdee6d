//! The bridge from the engine to the meter of operations and to the scheduling of threads.

use futures_util::future::{BoxFuture, ready};

use super::{Changes, Progress};
use crate::error::Error;
use crate::fair::aside;
use crate::meter::Meter;
use crate::watchdog::breathe;

impl breadth::Meter for Meter {
    fn check(&self) -> breadth::Result<()> {
        Meter::check(self).map_err(Into::into)
    }

    fn plan_values(&self, count: u64) -> breadth::Result<()> {
        Meter::plan_values(self, count).map_err(Into::into)
    }

    fn write_values(&self, count: u64) -> breadth::Result<()> {
        Meter::write_values(self, count).map_err(Into::into)
    }

    fn hold_rows(&self, bytes: u64) -> breadth::Result<()> {
        Meter::hold_rows(self, bytes).map_err(Into::into)
    }

    fn hold_answer(&self, bytes: u64) -> breadth::Result<()> {
        Meter::hold_answer(self, bytes).map_err(Into::into)
    }

    fn changes(&self) -> Option<Changes> {
        Some(Meter::changes(self))
    }

    fn progress(&self) -> Option<&Progress> {
        Some(Meter::progress(self))
    }

    fn write<'a>(&'a self, write: &'a mut (dyn FnMut() + Send)) -> BoxFuture<'a, ()> {
        if self.is_large() {
            return Box::pin(aside(write));
        }
        write();
        Box::pin(ready(()))
    }

    fn yield_now(&self) -> BoxFuture<'_, ()> {
        Box::pin(breathe())
    }
}

impl breadth::Missing for Error {
    fn missing(object: &str, key: &dyn std::fmt::Debug) -> Self {
        Error::missing(object, key)
    }
}
