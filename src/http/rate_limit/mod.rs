//! Rate limits per address and per token: simultaneous operations, and points over time.

mod bucket;
mod client_addr;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use self::bucket::Bucket;
pub use bucket::{RateLimit, RateLimitKind};
pub use client_addr::{ConnectionInfo, TrustedProxies, TrustedProxy, network};

use crate::auth::Viewer;
use crate::scheduling::TokenKey;

/// Points that every request costs, whatever it asks for.
pub const REQUEST: u64 = 1_000;
/// Maximum number of buckets; the least recently used ones are dropped. All together take some megabytes.
const MOST_BUCKETS: usize = 20_000;
/// Number of least recently used buckets that are examined to find one to drop.
const LOOKED_AT: usize = 8;

/// The owner of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum BucketKey {
    Address(IpAddr),
    Token(TokenKey),
}

/// A rate limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitExceeded {
    pub limit: RateLimitKind,
    /// Whether it is the limit of the address, not of the token.
    pub is_address: bool,
    /// The time after which a retry makes sense.
    pub retry_after: Duration,
}

/// The buckets of all recent addresses and tokens.
pub struct RateLimiter {
    address_rate_limit: RateLimit,
    token_rate_limit: RateLimit,
    buckets: Mutex<LruCache<BucketKey, Bucket>>,
}

impl RateLimiter {
    pub fn new(address_rate_limit: RateLimit, token_rate_limit: RateLimit) -> Self {
        Self { address_rate_limit, token_rate_limit, buckets: Mutex::new(LruCache::unbounded()) }
    }

    fn rate_limit(&self, key: BucketKey) -> RateLimit {
        if matches!(key, BucketKey::Address(_)) { self.address_rate_limit } else { self.token_rate_limit }
    }

    /// Charges an address for something other than an operation: a connection, a file, a path that does not exist.
    ///
    /// # Errors
    /// If the address has spent its budget; then nothing is charged.
    pub fn try_charge(&self, address: IpAddr, cost: u64) -> Result<(), RateLimitExceeded> {
        self.bucket(address, |key, bucket, rate_limit, now| {
            if let Some(wait) = bucket.time_until_affordable(rate_limit, cost, now) {
                return Err(exceeded(key, RateLimitKind::Budget, wait));
            }
            bucket.charge(rate_limit, cost, now);
            Ok(())
        })
    }

    /// Like [`Self::try_charge`], for costs that can no longer be refused: the address may go into debt. An address with
    /// nothing left goes no deeper into debt, as that would take longer to refill than any client waits.
    pub fn charge_into_debt(&self, address: IpAddr, cost: u64) {
        self.bucket(address, |_, bucket, rate_limit, now| {
            if bucket
                .time_until_affordable(rate_limit, rate_limit.budget, now)
                .is_none_or(|wait| wait <= rate_limit.time(rate_limit.budget))
            {
                bucket.charge(rate_limit, cost, now);
            }
        });
    }

    fn bucket<T>(&self, address: IpAddr, change: impl FnOnce(BucketKey, &mut Bucket, RateLimit, Instant) -> T) -> T {
        let key = BucketKey::Address(network(address));
        let (now, rate_limit) = (Instant::now(), self.rate_limit(key));
        let mut buckets = self.buckets();
        let result = change(key, buckets.get_or_insert_mut(key, || Bucket::new(now)), rate_limit, now);
        if buckets.len() > MOST_BUCKETS {
            forget_one(&mut buckets, now);
        }
        result
    }

    fn buckets(&self) -> MutexGuard<'_, LruCache<BucketKey, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation from its arrival to its end, in the buckets of its address and token. It moves into the task that
/// executes the operation, so that an operation still counts after its client has disconnected.
pub struct RateLimitPermit {
    limits: Arc<RateLimiter>,
    /// The buckets, and the points charged to each for this operation: never more than a budget.
    charged: Vec<(BucketKey, u64)>,
    /// Points that stay charged, whatever is measured.
    unmeasured: u64,
}

impl RateLimitPermit {
    /// Begins an operation. `address` is `None` if the request did not come over a network.
    ///
    /// # Errors
    /// If the address has too many running operations, or has spent its budget.
    pub fn begin(limits: &Arc<RateLimiter>, address: Option<IpAddr>) -> Result<Self, RateLimitExceeded> {
        let mut permit = Self { limits: Arc::clone(limits), charged: Vec::with_capacity(2), unmeasured: 0 };
        if let Some(address) = address {
            permit.enter(BucketKey::Address(network(address)))?;
        }
        Ok(permit)
    }

    /// Adds the bucket of the viewer's token.
    ///
    /// # Errors
    /// If the token has too many running operations, or has spent its budget.
    pub fn identify(&mut self, viewer: &Viewer) -> Result<(), RateLimitExceeded> {
        self.enter(BucketKey::Token(viewer.token_key()))
    }

    fn enter(&mut self, key: BucketKey) -> Result<(), RateLimitExceeded> {
        let (now, rate_limit) = (Instant::now(), self.limits.rate_limit(key));
        let mut buckets = self.limits.buckets();
        let bucket = buckets.get_or_insert_mut(key, || Bucket::new(now));
        let entered = bucket.start_operation(rate_limit, REQUEST, now);
        if buckets.len() > MOST_BUCKETS {
            forget_one(&mut buckets, now);
        }
        drop(buckets);
        entered.map_err(|(limit, retry_after)| exceeded(key, limit, retry_after))?;
        self.charged.push((key, REQUEST.min(rate_limit.budget)));
        Ok(())
    }

    /// Charges for the operation. In total it is charged at most one budget per bucket: an operation that costs more
    /// takes the whole budget, including what it was charged before.
    ///
    /// # Errors
    /// If a budget does not suffice; then nothing is charged.
    pub fn charge(&mut self, cost: u64) -> Result<(), RateLimitExceeded> {
        let now = Instant::now();
        let mut buckets = self.limits.buckets();
        for (key, charged) in &self.charged {
            let rate_limit = self.limits.rate_limit(*key);
            let cost = cost.min(rate_limit.budget.saturating_sub(*charged));
            if let Some(wait) = buckets.peek(key).and_then(|bucket| bucket.time_until_affordable(rate_limit, cost, now))
            {
                // Earlier charges are kept, and a retry has to pay them again.
                return Err(exceeded(*key, RateLimitKind::Budget, wait + rate_limit.time(*charged)));
            }
        }
        for (key, charged) in &mut self.charged {
            let rate_limit = self.limits.rate_limit(*key);
            let cost = cost.min(rate_limit.budget.saturating_sub(*charged));
            if let Some(bucket) = buckets.peek_mut(key) {
                bucket.charge(rate_limit, cost, now);
                *charged += cost;
            }
        }
        Ok(())
    }

    /// Charges for costs that are not measured later, so [`Self::reconcile`] does not refund them.
    ///
    /// # Errors
    /// See [`Self::charge`].
    pub fn charge_unmeasured(&mut self, cost: u64) -> Result<(), RateLimitExceeded> {
        self.charge(cost)?;
        self.unmeasured += cost;
        Ok(())
    }

    /// Replaces the charged estimate by the measured cost, which may overdraw a budget.
    pub fn reconcile(&self, estimate: u64, actual: u64) {
        let now = Instant::now();
        let (estimate, actual) = (estimate.saturating_add(self.unmeasured), actual.saturating_add(self.unmeasured));
        let mut buckets = self.limits.buckets();
        for (key, _) in &self.charged {
            if let Some(bucket) = buckets.peek_mut(key) {
                bucket.reconcile(self.limits.rate_limit(*key), estimate, actual, now);
            }
        }
    }
}

impl Drop for RateLimitPermit {
    fn drop(&mut self) {
        let mut buckets = self.limits.buckets();
        for (key, _) in &self.charged {
            // The bucket may have been dropped and created anew meanwhile.
            if let Some(bucket) = buckets.peek_mut(key) {
                bucket.end_operation();
            }
        }
    }
}

/// Drops one of the least recently used buckets: one that owes nothing and runs nothing if there is one, otherwise one
/// without running operations. Preferring buckets without debt keeps a client with many addresses from resetting its
/// debts.
fn forget_one(buckets: &mut LruCache<BucketKey, Bucket>, now: Instant) {
    let mut in_debt = None;
    for _ in 0..LOOKED_AT {
        let Some((key, bucket)) = buckets.pop_lru() else { break };
        if bucket.is_full(now) {
            break;
        }
        if in_debt.is_none() && !bucket.is_running() {
            in_debt = Some(key);
        }
        buckets.put(key, bucket);
    }
    if buckets.len() > MOST_BUCKETS
        && let Some(key) = in_debt
    {
        buckets.pop(&key);
    }
}

fn exceeded(key: BucketKey, limit: RateLimitKind, retry_after: Duration) -> RateLimitExceeded {
    RateLimitExceeded { limit, is_address: matches!(key, BucketKey::Address(_)), retry_after }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::ids::{CompanyId, TokenId, UserId};

    const LARGE: RateLimit = RateLimit { operations: 1_000, budget: 1 << 40, refill: 1 << 40 };

    fn viewer(token_id: Option<TokenId>) -> Viewer {
        Viewer { company_id: CompanyId(1), user_id: UserId(2), token_id, scopes: Vec::new() }
    }

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn operations_count_until_they_end() {
        let limits = Arc::new(RateLimiter::new(RateLimit { operations: 2, ..LARGE }, LARGE));
        let first = RateLimitPermit::begin(&limits, Some(address(1))).unwrap();
        let _second = RateLimitPermit::begin(&limits, Some(address(1))).unwrap();
        let exceeded = RateLimitPermit::begin(&limits, Some(address(1))).err().unwrap();
        assert_eq!((exceeded.limit, exceeded.is_address), (RateLimitKind::Operations, true));
        assert!(RateLimitPermit::begin(&limits, Some(address(2))).is_ok(), "another address");
        drop(first);
        assert!(RateLimitPermit::begin(&limits, Some(address(1))).is_ok());
    }

    #[test]
    fn a_token_counts_from_any_address_and_all_web_tokens_of_a_user_as_one() {
        let limits = Arc::new(RateLimiter::new(LARGE, RateLimit { operations: 1, ..LARGE }));
        let begin = |last, viewer: &Viewer| {
            let mut permit = RateLimitPermit::begin(&limits, Some(address(last))).unwrap();
            permit.identify(viewer).map(|()| permit)
        };
        for viewer in [viewer(Some(TokenId(7))), viewer(None)] {
            let held = begin(1, &viewer).unwrap();
            let exceeded = begin(2, &viewer).err().unwrap();
            assert_eq!((exceeded.limit, exceeded.is_address), (RateLimitKind::Operations, false));
            drop(held);
            assert!(begin(2, &viewer).is_ok());
        }
    }

    /// Otherwise a token without budget would spend that of its address.
    #[test]
    fn refused_requests_cost_nothing() {
        let tight = RateLimit { operations: 9, budget: 2 * REQUEST + 10, refill: 1 };
        let limits =
            Arc::new(RateLimiter::new(RateLimit { operations: 9, budget: 2 * REQUEST + 100, refill: 1 }, tight));
        RateLimitPermit::begin(&limits, None).unwrap().identify(&viewer(Some(TokenId(1)))).unwrap();
        let mut poor = RateLimitPermit::begin(&limits, Some(address(1))).unwrap();
        poor.identify(&viewer(Some(TokenId(1)))).unwrap();
        for _ in 0..50 {
            assert!(
                poor.charge(50).is_err_and(|exceeded| !exceeded.is_address && exceeded.limit == RateLimitKind::Budget)
            );
        }
        assert_eq!(poor.charge(10), Ok(()));
        let mut other = RateLimitPermit::begin(&limits, Some(address(1))).unwrap();
        other.identify(&viewer(Some(TokenId(2)))).unwrap();
        assert!(other.charge(95).is_err_and(|exceeded| exceeded.is_address));
    }

    /// Regression: such a request was refused for ever, as the whole budget was charged on top of what the request and
    /// its body had cost.
    #[test]
    fn a_cost_above_the_budget_runs_once_the_budget_is_full() {
        let (budget, body) = (20 * REQUEST, 3 * REQUEST);
        let limits = Arc::new(RateLimiter::new(LARGE, RateLimit { operations: 9, budget, refill: REQUEST }));
        let ask = |limits| {
            let mut permit = RateLimitPermit::begin(limits, Some(address(1))).unwrap();
            permit.identify(&viewer(Some(TokenId(1)))).unwrap();
            permit.charge(body).unwrap();
            permit.charge(2 * budget).map(|()| permit)
        };
        let permit = ask(&limits).unwrap();
        // The whole budget is taken, but no more.
        let refused = RateLimitPermit::begin(&limits, None).unwrap().identify(&viewer(Some(TokenId(1)))).unwrap_err();
        assert!((0..=1).contains(&refused.retry_after.as_secs()), "{refused:?}");
        permit.reconcile(REQUEST + body + 2 * budget, 7 * REQUEST);
        drop(permit);
        // A refused request has to wait for its earlier charges as well.
        let refused = ask(&limits).err().unwrap();
        let whole = (7 * REQUEST + REQUEST + body) / REQUEST;
        assert!((whole - 1..=whole).contains(&refused.retry_after.as_secs()), "{refused:?}");
    }

    #[test]
    fn unmeasured_work_stays_charged() {
        let limits = Arc::new(RateLimiter::new(RateLimit { operations: 9, budget: 9 * REQUEST, refill: 1 }, LARGE));
        let mut permit = RateLimitPermit::begin(&limits, Some(address(1))).unwrap();
        permit.charge_unmeasured(2 * REQUEST).unwrap();
        permit.charge(4 * REQUEST).unwrap();
        permit.charge_unmeasured(REQUEST).unwrap();
        permit.reconcile(5 * REQUEST, REQUEST);
        assert!(limits.try_charge(address(1), 5 * REQUEST + 1).is_err());
        assert_eq!(limits.try_charge(address(1), 5 * REQUEST), Ok(()));
    }

    #[test]
    fn other_requests_are_charged_to_the_same_budget() {
        let limits = Arc::new(RateLimiter::new(RateLimit { operations: 9, budget: 3 * REQUEST, refill: 1 }, LARGE));
        assert_eq!(limits.try_charge(address(1), 2 * REQUEST), Ok(()));
        assert!(limits.try_charge(address(1), 2 * REQUEST).is_err_and(|exceeded| exceeded.is_address));
        assert!(RateLimitPermit::begin(&limits, Some(address(1))).is_ok());
        assert!(
            RateLimitPermit::begin(&limits, Some(address(1)))
                .is_err_and(|exceeded| exceeded.limit == RateLimitKind::Budget)
        );
        assert!(limits.try_charge(address(2), REQUEST).is_ok(), "another address");
        // Costs that are known only afterwards are charged until nothing is left.
        for _ in 0..100 {
            limits.charge_into_debt(address(2), REQUEST);
        }
        let wait = limits.try_charge(address(2), 1).unwrap_err().retry_after;
        assert_eq!(wait.as_secs(), REQUEST, "{wait:?}");
    }

    #[test]
    fn buckets_are_bounded() {
        let limits = Arc::new(RateLimiter::new(LARGE, LARGE));
        let held = RateLimitPermit::begin(&limits, Some(address(1))).unwrap();
        for token in 0..30_000 {
            RateLimitPermit::begin(&limits, None).unwrap().identify(&viewer(Some(TokenId(token)))).unwrap();
        }
        assert_eq!(limits.buckets().len(), MOST_BUCKETS);
        drop(held);
    }

    #[test]
    fn buckets_with_running_operations_are_kept() {
        let limits = Arc::new(RateLimiter::new(RateLimit { operations: 1, ..LARGE }, LARGE));
        let held = RateLimitPermit::begin(&limits, Some(address(1))).unwrap();
        for token in 0..30_000 {
            RateLimitPermit::begin(&limits, None).unwrap().identify(&viewer(Some(TokenId(token)))).unwrap();
        }
        assert!(RateLimitPermit::begin(&limits, Some(address(1))).is_err());
        drop(held);
    }
}
