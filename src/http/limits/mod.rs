//! Rate limits per address and per token: simultaneous operations, and points over time.

mod account;
mod visitor;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use self::account::Account;
pub use account::Allowance;
pub use visitor::{TrustedProxies, TrustedProxy, Visit, network};

use crate::auth::{TokenKey, Viewer};

/// Points that every request costs, whatever it asks for.
pub const REQUEST: u64 = 1_000;
/// Maximum number of accounts; the least recently used ones are dropped. All together take some megabytes.
const MOST_ACCOUNTS: usize = 20_000;
/// Number of least recently used accounts that are examined to find one to drop.
const LOOKED_AT: usize = 8;

/// The owner of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Token(TokenKey),
}

/// A rate limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    pub limit: Limit,
    /// Whether it is the limit of the address, not of the token.
    pub of_address: bool,
    /// The time after which a retry makes sense.
    pub retry_after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Operations,
    Budget,
}

/// The accounts of all recent addresses and tokens.
pub struct Limits {
    of_address: Allowance,
    of_token: Allowance,
    accounts: Mutex<LruCache<Key, Account>>,
}

impl Limits {
    pub fn new(of_address: Allowance, of_token: Allowance) -> Self {
        Self { of_address, of_token, accounts: Mutex::new(LruCache::unbounded()) }
    }

    fn allowance(&self, key: Key) -> Allowance {
        if matches!(key, Key::Address(_)) { self.of_address } else { self.of_token }
    }

    /// Charges an address for something other than an operation: a connection, a file, a path that does not exist.
    ///
    /// # Errors
    /// If the address has spent its budget; then nothing is charged.
    pub fn spend(&self, address: IpAddr, cost: u64) -> Result<(), Exceeded> {
        self.account(address, |key, account, allowance, now| {
            if let Some(wait) = account.wait(allowance, cost, now) {
                return Err(exceeded(key, Limit::Budget, wait));
            }
            account.charge(allowance, cost, now);
            Ok(())
        })
    }

    /// Like [`Self::spend`], for costs that can no longer be refused: the address may go into debt. An address with
    /// nothing left goes no deeper into debt, as that would take longer to refill than any client waits.
    pub fn take(&self, address: IpAddr, cost: u64) {
        self.account(address, |_, account, allowance, now| {
            if account
                .wait(allowance, allowance.budget, now)
                .is_none_or(|wait| wait <= allowance.time(allowance.budget))
            {
                account.charge(allowance, cost, now);
            }
        });
    }

    fn account<T>(&self, address: IpAddr, change: impl FnOnce(Key, &mut Account, Allowance, Instant) -> T) -> T {
        let key = Key::Address(network(address));
        let (now, allowance) = (Instant::now(), self.allowance(key));
        let mut accounts = self.accounts();
        let result = change(key, accounts.get_or_insert_mut(key, || Account::new(now)), allowance, now);
        if accounts.len() > MOST_ACCOUNTS {
            forget_one(&mut accounts, now);
        }
        result
    }

    fn accounts(&self) -> MutexGuard<'_, LruCache<Key, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation from its arrival to its end, in the accounts of its address and token. It moves into the task that
/// executes the operation, so that an operation still counts after its client has disconnected.
pub struct Turn {
    limits: Arc<Limits>,
    /// The accounts, and the points charged to each for this operation: never more than a budget.
    charged: Vec<(Key, u64)>,
    /// Points that stay charged, whatever is measured.
    kept: u64,
}

impl Turn {
    /// Begins an operation. `address` is `None` if the request did not come over a network.
    ///
    /// # Errors
    /// If the address has too many running operations, or has spent its budget.
    pub fn begin(limits: &Arc<Limits>, address: Option<IpAddr>) -> Result<Self, Exceeded> {
        let mut turn = Self { limits: Arc::clone(limits), charged: Vec::with_capacity(2), kept: 0 };
        if let Some(address) = address {
            turn.enter(Key::Address(network(address)))?;
        }
        Ok(turn)
    }

    /// Adds the account of the viewer's token.
    ///
    /// # Errors
    /// If the token has too many running operations, or has spent its budget.
    pub fn identify(&mut self, viewer: &Viewer) -> Result<(), Exceeded> {
        self.enter(Key::Token(viewer.token_key()))
    }

    fn enter(&mut self, key: Key) -> Result<(), Exceeded> {
        let (now, allowance) = (Instant::now(), self.limits.allowance(key));
        let mut accounts = self.limits.accounts();
        let account = accounts.get_or_insert_mut(key, || Account::new(now));
        let entered = account.enter(allowance, REQUEST, now);
        if accounts.len() > MOST_ACCOUNTS {
            forget_one(&mut accounts, now);
        }
        drop(accounts);
        entered.map_err(|(limit, retry_after)| exceeded(key, limit, retry_after))?;
        self.charged.push((key, REQUEST.min(allowance.budget)));
        Ok(())
    }

    /// Charges for the operation. In total it is charged at most one budget per account: an operation that costs more
    /// takes the whole budget, including what it was charged before.
    ///
    /// # Errors
    /// If a budget does not suffice; then nothing is charged.
    pub fn charge(&mut self, cost: u64) -> Result<(), Exceeded> {
        let now = Instant::now();
        let mut accounts = self.limits.accounts();
        for (key, charged) in &self.charged {
            let allowance = self.limits.allowance(*key);
            let cost = cost.min(allowance.budget.saturating_sub(*charged));
            if let Some(wait) = accounts.peek(key).and_then(|account| account.wait(allowance, cost, now)) {
                // Earlier charges are kept, and a retry has to pay them again.
                return Err(exceeded(*key, Limit::Budget, wait + allowance.time(*charged)));
            }
        }
        for (key, charged) in &mut self.charged {
            let allowance = self.limits.allowance(*key);
            let cost = cost.min(allowance.budget.saturating_sub(*charged));
            if let Some(account) = accounts.peek_mut(key) {
                account.charge(allowance, cost, now);
                *charged += cost;
            }
        }
        Ok(())
    }

    /// Charges for costs that are not measured later, so [`Self::settle`] does not refund them.
    ///
    /// # Errors
    /// See [`Self::charge`].
    pub fn keep(&mut self, cost: u64) -> Result<(), Exceeded> {
        self.charge(cost)?;
        self.kept += cost;
        Ok(())
    }

    /// Replaces the charged estimate by the measured cost, which may overdraw a budget.
    pub fn settle(&self, estimate: u64, actual: u64) {
        let now = Instant::now();
        let (estimate, actual) = (estimate.saturating_add(self.kept), actual.saturating_add(self.kept));
        let mut accounts = self.limits.accounts();
        for (key, _) in &self.charged {
            if let Some(account) = accounts.peek_mut(key) {
                account.settle(self.limits.allowance(*key), estimate, actual, now);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut accounts = self.limits.accounts();
        for (key, _) in &self.charged {
            // The account may have been dropped and created anew meanwhile.
            if let Some(account) = accounts.peek_mut(key) {
                account.leave();
            }
        }
    }
}

/// Drops one of the least recently used accounts: one that owes nothing and runs nothing if there is one, otherwise one
/// without running operations. Preferring accounts without debt keeps a client with many addresses from resetting its
/// debts.
fn forget_one(accounts: &mut LruCache<Key, Account>, now: Instant) {
    let mut in_debt = None;
    for _ in 0..LOOKED_AT {
        let Some((key, account)) = accounts.pop_lru() else { break };
        if account.is_clear(now) {
            break;
        }
        if in_debt.is_none() && !account.is_running() {
            in_debt = Some(key);
        }
        accounts.put(key, account);
    }
    if accounts.len() > MOST_ACCOUNTS
        && let Some(key) = in_debt
    {
        accounts.pop(&key);
    }
}

fn exceeded(key: Key, limit: Limit, retry_after: Duration) -> Exceeded {
    Exceeded { limit, of_address: matches!(key, Key::Address(_)), retry_after }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LARGE: Allowance = Allowance { operations: 1_000, budget: 1 << 40, refill: 1 << 40 };

    fn viewer(token_id: Option<i64>) -> Viewer {
        Viewer { company_id: 1, user_id: 2, token_id, scopes: Vec::new() }
    }

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn operations_count_until_they_end() {
        let limits = Arc::new(Limits::new(Allowance { operations: 2, ..LARGE }, LARGE));
        let first = Turn::begin(&limits, Some(address(1))).unwrap();
        let _second = Turn::begin(&limits, Some(address(1))).unwrap();
        let exceeded = Turn::begin(&limits, Some(address(1))).err().unwrap();
        assert_eq!((exceeded.limit, exceeded.of_address), (Limit::Operations, true));
        assert!(Turn::begin(&limits, Some(address(2))).is_ok(), "another address");
        drop(first);
        assert!(Turn::begin(&limits, Some(address(1))).is_ok());
    }

    #[test]
    fn a_token_counts_wherever_it_comes_from_and_a_user_by_all_web_tokens() {
        let limits = Arc::new(Limits::new(LARGE, Allowance { operations: 1, ..LARGE }));
        let begin = |last, viewer: &Viewer| {
            let mut turn = Turn::begin(&limits, Some(address(last))).unwrap();
            turn.identify(viewer).map(|()| turn)
        };
        for viewer in [viewer(Some(7)), viewer(None)] {
            let held = begin(1, &viewer).unwrap();
            let exceeded = begin(2, &viewer).err().unwrap();
            assert_eq!((exceeded.limit, exceeded.of_address), (Limit::Operations, false));
            drop(held);
            assert!(begin(2, &viewer).is_ok());
        }
    }

    /// Otherwise a token without budget would spend that of its address.
    #[test]
    fn what_is_refused_costs_nothing() {
        let tight = Allowance { operations: 9, budget: 2 * REQUEST + 10, refill: 1 };
        let limits = Arc::new(Limits::new(Allowance { operations: 9, budget: 2 * REQUEST + 100, refill: 1 }, tight));
        Turn::begin(&limits, None).unwrap().identify(&viewer(Some(1))).unwrap();
        let mut poor = Turn::begin(&limits, Some(address(1))).unwrap();
        poor.identify(&viewer(Some(1))).unwrap();
        for _ in 0..50 {
            assert!(poor.charge(50).is_err_and(|exceeded| !exceeded.of_address && exceeded.limit == Limit::Budget));
        }
        assert_eq!(poor.charge(10), Ok(()));
        let mut other = Turn::begin(&limits, Some(address(1))).unwrap();
        other.identify(&viewer(Some(2))).unwrap();
        assert!(other.charge(95).is_err_and(|exceeded| exceeded.of_address));
    }

    /// Regression: such a request was refused for ever, as the whole budget was charged on top of what the request and
    /// its body had cost.
    #[test]
    fn what_costs_more_than_a_budget_runs_when_the_budget_is_there() {
        let (budget, body) = (20 * REQUEST, 3 * REQUEST);
        let limits = Arc::new(Limits::new(LARGE, Allowance { operations: 9, budget, refill: REQUEST }));
        let ask = |limits| {
            let mut turn = Turn::begin(limits, Some(address(1))).unwrap();
            turn.identify(&viewer(Some(1))).unwrap();
            turn.charge(body).unwrap();
            turn.charge(2 * budget).map(|()| turn)
        };
        let turn = ask(&limits).unwrap();
        // The whole budget is taken, but no more.
        let refused = Turn::begin(&limits, None).unwrap().identify(&viewer(Some(1))).unwrap_err();
        assert!((0..=1).contains(&refused.retry_after.as_secs()), "{refused:?}");
        turn.settle(REQUEST + body + 2 * budget, 7 * REQUEST);
        drop(turn);
        // A refused request has to wait for its earlier charges as well.
        let refused = ask(&limits).err().unwrap();
        let whole = (7 * REQUEST + REQUEST + body) / REQUEST;
        assert!((whole - 1..=whole).contains(&refused.retry_after.as_secs()), "{refused:?}");
    }

    #[test]
    fn what_is_measured_nowhere_else_stays_charged() {
        let limits = Arc::new(Limits::new(Allowance { operations: 9, budget: 9 * REQUEST, refill: 1 }, LARGE));
        let mut turn = Turn::begin(&limits, Some(address(1))).unwrap();
        turn.keep(2 * REQUEST).unwrap();
        turn.charge(4 * REQUEST).unwrap();
        turn.keep(REQUEST).unwrap();
        turn.settle(5 * REQUEST, REQUEST);
        assert!(limits.spend(address(1), 5 * REQUEST + 1).is_err());
        assert_eq!(limits.spend(address(1), 5 * REQUEST), Ok(()));
    }

    #[test]
    fn what_is_no_operation_is_paid_from_the_same_budget() {
        let limits = Arc::new(Limits::new(Allowance { operations: 9, budget: 3 * REQUEST, refill: 1 }, LARGE));
        assert_eq!(limits.spend(address(1), 2 * REQUEST), Ok(()));
        assert!(limits.spend(address(1), 2 * REQUEST).is_err_and(|exceeded| exceeded.of_address));
        assert!(Turn::begin(&limits, Some(address(1))).is_ok());
        assert!(Turn::begin(&limits, Some(address(1))).is_err_and(|exceeded| exceeded.limit == Limit::Budget));
        assert!(limits.spend(address(2), REQUEST).is_ok(), "another address");
        // Costs that are known only afterwards are charged until nothing is left.
        for _ in 0..100 {
            limits.take(address(2), REQUEST);
        }
        let wait = limits.spend(address(2), 1).unwrap_err().retry_after;
        assert_eq!(wait.as_secs(), REQUEST, "{wait:?}");
    }

    #[test]
    fn accounts_are_bounded() {
        let limits = Arc::new(Limits::new(LARGE, LARGE));
        let held = Turn::begin(&limits, Some(address(1))).unwrap();
        for token in 0..30_000 {
            Turn::begin(&limits, None).unwrap().identify(&viewer(Some(token))).unwrap();
        }
        assert_eq!(limits.accounts().len(), MOST_ACCOUNTS);
        drop(held);
    }

    #[test]
    fn who_has_something_running_is_not_forgotten() {
        let limits = Arc::new(Limits::new(Allowance { operations: 1, ..LARGE }, LARGE));
        let held = Turn::begin(&limits, Some(address(1))).unwrap();
        for token in 0..30_000 {
            Turn::begin(&limits, None).unwrap().identify(&viewer(Some(token))).unwrap();
        }
        assert!(Turn::begin(&limits, Some(address(1))).is_err());
        drop(held);
    }
}
