//! How many connections, or threads, a [scheduler](crate::scheduling::Scheduler) grants, and to whom.

use std::time::Duration;

/// The number of connections, and how many each principal may hold.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerLimits {
    /// Connections for everybody.
    pub ordinary: usize,
    /// Additional connections for tokens with little recent use.
    pub reserved: usize,
    /// Maximum that one token holds while another one waits.
    pub per_token: usize,
    /// Maximum that one token or one company holds while others are active.
    pub contended: ContendedLimits,
    /// Maximum number of waiting requests per token.
    pub waiting: usize,
    /// Maximum waiting time.
    pub wait: Duration,
}

/// Maximum number of connections that one token, and one company, hold while others are active, as every statement gets
/// slower the more of them run.
///
/// The maximum applies from the first connection on, and not only after much use: otherwise the requests of the first
/// moment of an attack would hold all connections for seconds.
#[derive(Clone, Copy, Debug)]
pub struct ContendedLimits {
    pub token: usize,
    pub company: usize,
}

impl ContendedLimits {
    /// No limit.
    pub const UNLIMITED: Self = Self { token: usize::MAX, company: usize::MAX };

    /// How often a waiter checks whether the limit still applies.
    pub(super) fn recheck_interval(self) -> Duration {
        if self.token == usize::MAX { Duration::MAX } else { Duration::from_millis(250) }
    }
}
