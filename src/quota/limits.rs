/// Limits on what a company may store; `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaLimits {
    pub notes: Option<i64>,
    pub bytes: Option<i64>,
}

impl QuotaLimits {
    /// Nine tenths of the limits.
    #[must_use]
    pub fn nearly(self) -> Self {
        Self { notes: self.notes.map(|limit| limit / 10 * 9), bytes: self.bytes.map(|limit| limit / 10 * 9) }
    }
}
