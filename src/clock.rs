//! The time, from one place, so that tests can fix it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Tells the time in whole microseconds, which is what both databases keep.
#[derive(Clone, Default)]
pub struct Clock {
    fixed: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// A clock that stands at `time` and moves by a second each time it is read: a test sees which of two changes
    /// came first, and the same times in each run.
    pub fn stepping(time: DateTime<Utc>) -> Self {
        Self { fixed: Some(Arc::new(Mutex::new(time))) }
    }

    pub fn now(&self) -> DateTime<Utc> {
        let Some(fixed) = &self.fixed else { return system_time() };
        let mut time = fixed.lock().unwrap_or_else(PoisonError::into_inner);
        *time += TimeDelta::seconds(1);
        time.trunc_subsecs(6)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_time() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
