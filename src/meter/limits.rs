use std::time::Duration;

/// How much one operation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageLimits {
    /// Time of its statements, added up, those that run at the same time each in full.
    pub database: Duration,
    /// CPU time of this process.
    pub cpu: Duration,
    /// Bytes of its answer.
    pub answer_bytes: u64,
    /// Values of its answer: fields that are written, and items of lists.
    pub values: u64,
}

impl UsageLimits {
    /// Stops nothing.
    pub const UNLIMITED: Self =
        Self { database: Duration::MAX, cpu: Duration::MAX, answer_bytes: u64::MAX, values: u64::MAX };
}

impl Default for UsageLimits {
    fn default() -> Self {
        Self {
            database: Duration::from_secs(5),
            cpu: Duration::from_secs(2),
            answer_bytes: 32 << 20,
            values: 1_000_000,
        }
    }
}
