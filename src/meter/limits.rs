use std::time::Duration;

/// Limits on what one operation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationLimits {
    /// Total time of its statements; concurrent statements each count in full.
    pub database: Duration,
    /// CPU time of this process.
    pub cpu: Duration,
    /// Size of the response, in bytes.
    pub answer_bytes: u64,
    /// Number of values in the response: fields that are written, and items of lists.
    pub values: u64,
}

impl OperationLimits {
    /// No limits.
    pub const UNLIMITED: Self =
        Self { database: Duration::MAX, cpu: Duration::MAX, answer_bytes: u64::MAX, values: u64::MAX };
}

impl Default for OperationLimits {
    fn default() -> Self {
        Self {
            database: Duration::from_secs(5),
            cpu: Duration::from_secs(2),
            answer_bytes: 32 << 20,
            values: 1_000_000,
        }
    }
}
