//! The clock of the server. All code reads the time here, so that tests can control it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Reads the time in whole microseconds, the precision of both databases.
#[derive(Clone, Default)]
pub struct Clock {
    fixed: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// A clock for tests that starts at `time` and advances by a second before each reading: the order of changes is
    /// visible, and times are the same in each run.
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
