//! The bridge from the engine to the meter of operations and to the scheduling of threads.

use breadth::{ChangeCount, ExecutionMeter, MutationProgress};
use futures_util::future::{BoxFuture, ready};

use crate::error::Error;
use crate::meter::{LimitExceeded, Meter};
use crate::scheduling::run_heavy;
use crate::scheduling::watchdog::yield_if_long;

impl ExecutionMeter for Meter {
    fn check(&self) -> breadth::Result<()> {
        Meter::check(self).map_err(exceeded)
    }

    fn plan_values(&self, count: u64) -> breadth::Result<()> {
        Meter::plan_values(self, count).map_err(exceeded)
    }

    fn write_values(&self, count: u64) -> breadth::Result<()> {
        Meter::write_values(self, count).map_err(exceeded)
    }

    fn reserve_rows(&self, bytes: u64) -> breadth::Result<()> {
        Meter::reserve_rows(self, bytes).map_err(exceeded)
    }

    fn reserve_response(&self, bytes: u64) -> breadth::Result<()> {
        Meter::reserve_response(self, bytes).map_err(exceeded)
    }

    fn changes(&self) -> Option<ChangeCount> {
        Some(Meter::changes(self))
    }

    fn progress(&self) -> Option<&MutationProgress> {
        Some(Meter::progress(self))
    }

    fn write<'a>(&'a self, write: &'a mut (dyn FnMut() + Send)) -> BoxFuture<'a, ()> {
        if self.is_large() {
            return Box::pin(run_heavy(write));
        }
        write();
        Box::pin(ready(()))
    }

    fn yield_now(&self) -> BoxFuture<'_, ()> {
        Box::pin(yield_if_long())
    }
}

fn exceeded(limit: LimitExceeded) -> breadth::Error {
    Error::from(limit).into()
}
