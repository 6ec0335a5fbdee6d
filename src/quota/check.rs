use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr};
use tokio::time::Instant;

use super::limits::QuotaLimits;
use super::usage::{StorageUsage, read_usage};
use crate::ids::CompanyId;

/// How long a usage that was read is reused for a company far from its limits.
const FRESH: Duration = Duration::from_secs(10);

/// Checks the limits of all companies, and caches how close each company is to its own. Cheap to clone. The default
/// checks nothing.
#[derive(Clone, Debug, Default)]
pub struct Quota {
    /// For companies without limits of their own.
    defaults: Option<QuotaLimits>,
    seen: Arc<Mutex<HashMap<CompanyId, Seen>>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    usage: StorageUsage,
    limits: QuotaLimits,
    read: Instant,
}

/// A limit that a company would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceededQuota {
    /// What the limit counts: `notes` or `bytes`.
    pub what: &'static str,
    pub limit: i64,
}

impl QuotaLimits {
    fn exceeded(self, usage: StorageUsage, growth: StorageUsage) -> Option<ExceededQuota> {
        [("notes", self.notes, usage.notes, growth.notes), ("bytes", self.bytes, usage.bytes, growth.bytes)]
            .into_iter()
            .filter_map(|(what, limit, used, more)| Some((what, limit?, used, more)))
            .find(|(_, limit, used, more)| *more > 0 && used.saturating_add(*more) > *limit)
            .map(|(what, limit, ..)| ExceededQuota { what, limit })
    }
}

impl Quota {
    pub fn new(defaults: QuotaLimits) -> Self {
        Self { defaults: Some(defaults), seen: Arc::default() }
    }

    /// Returns the limit that the company would exceed by growing this much, if any. A change that adds nothing is
    /// always allowed.
    ///
    /// The usage is read at most every 10 seconds while it stays below nine tenths of the limits, and on every change
    /// above that. Concurrent changes do not see each other, and what other servers write within 10 seconds may take a
    /// company from below nine tenths to above its limit once.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn check(
        &self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        growth: StorageUsage,
    ) -> Result<Option<ExceededQuota>, DbErr> {
        let Some(defaults) = self.defaults else { return Ok(None) };
        if growth.notes <= 0 && growth.bytes <= 0 || self.is_far(company_id, growth) {
            return Ok(None);
        }
        let (usage, own) = read_usage(connection, company_id).await?;
        let limits = QuotaLimits { notes: own.notes.or(defaults.notes), bytes: own.bytes.or(defaults.bytes) };
        let exceeded = limits.exceeded(usage, growth);
        let usage = if exceeded.is_none() { usage + growth } else { usage };
        let seen = Seen { usage, limits, read: Instant::now() };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(company_id, seen);
        Ok(exceeded)
    }

    /// Whether the company stays far from its limits according to the cached usage; if so, adds the growth to it.
    fn is_far(&self, company_id: CompanyId, growth: StorageUsage) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = seen.get_mut(&company_id) else { return false };
        let is_far = seen.read.elapsed() < FRESH && seen.limits.nearly().exceeded(seen.usage, growth).is_none();
        if is_far {
            seen.usage += growth;
        }
        is_far
    }
}

impl std::fmt::Display for ExceededQuota {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, limit } = self;
        write!(
            f,
            "The company would hold more than its limit of {limit} {what}; delete notes that are not needed, or ask the \
             operator for a higher limit."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: QuotaLimits = QuotaLimits { notes: Some(10), bytes: Some(1_000) };

    #[test]
    fn only_growth_is_refused() {
        let used = |notes, bytes| StorageUsage { notes, bytes };
        let exceeded = |usage, growth| LIMITS.exceeded(usage, growth).map(|exceeded| exceeded.what);
        assert_eq!(exceeded(used(9, 0), used(1, 1_000)), None);
        assert_eq!(exceeded(used(10, 0), used(1, 1)), Some("notes"));
        assert_eq!(exceeded(used(9, 1), used(1, 1_000)), Some("bytes"));
        assert_eq!(exceeded(used(20, 2_000), used(-1, -500)), None, "above a limit that was lowered");
        assert_eq!(exceeded(used(20, 0), used(0, 5)), None, "of the other kind");
        assert_eq!(QuotaLimits::default().exceeded(used(i64::MAX, i64::MAX), used(1, 1)), None);
    }

    #[test]
    fn usage_far_below_the_limits_is_cached() {
        let quota = Quota::new(LIMITS);
        let growth = StorageUsage { notes: 1, bytes: 10 };
        assert!(!quota.is_far(CompanyId(1), growth), "nothing is known of it");
        let seen = Seen { usage: StorageUsage { notes: 7, bytes: 0 }, limits: LIMITS, read: Instant::now() };
        quota.seen.lock().unwrap().insert(CompanyId(1), seen);
        assert_eq!(
            [
                quota.is_far(CompanyId(1), growth),
                quota.is_far(CompanyId(1), growth),
                quota.is_far(CompanyId(1), growth)
            ],
            [true, true, false]
        );
        assert!(!quota.is_far(CompanyId(2), growth));
    }
}
