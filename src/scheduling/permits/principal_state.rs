use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::limits::SchedulerLimits;
use super::usage::RecentUsage;
use crate::scheduling::principal::Principal;
use crate::scheduling::work_class::WorkClass;

/// A request that waits for the permit `P` to use a connection.
#[derive(Debug)]
pub struct Waiter<P> {
    pub id: u64,
    pub class: WorkClass,
    pub since: Instant,
    pub granted: oneshot::Sender<P>,
}

/// The state of one principal: its use of connections, and its waiting requests.
#[derive(Debug)]
pub struct PrincipalState<P> {
    pub usage: RecentUsage,
    /// Number of reserved connections that it holds.
    pub reserved: usize,
    /// Number of its last turn.
    pub turn: u64,
    pub waiting: VecDeque<Waiter<P>>,
}

/// The state of a company and its principals.
#[derive(Debug)]
pub struct CompanyState<P> {
    pub usage: RecentUsage,
    /// Number of the last turn of any of its principals.
    pub turn: u64,
    pub principals: HashMap<Principal, PrincipalState<P>>,
    /// The principals that have waiting requests.
    pub waiting: Vec<Principal>,
}

impl<P> PrincipalState<P> {
    /// `turn` is the position among the others until the first turn.
    pub fn new(now: Instant, turn: u64) -> Self {
        Self { usage: RecentUsage::new(now), reserved: 0, turn, waiting: VecDeque::new() }
    }

    /// Whether the principal holds less than its share. The process has no such limit.
    pub fn is_below_share(&self, principal: Principal, limits: SchedulerLimits) -> bool {
        principal == Principal::Process || usize::try_from(self.usage.held()).is_ok_and(|held| held < limits.per_token)
    }

    /// Whether the principal waits although it holds less than its share.
    pub fn is_starved(&self, principal: Principal, limits: SchedulerLimits) -> bool {
        !self.waiting.is_empty() && self.is_below_share(principal, limits)
    }

    fn waited(&self, now: Instant) -> Duration {
        self.waiting.iter().map(|waiter| now.saturating_duration_since(waiter.since)).max().unwrap_or_default()
    }

    /// The first waiter that can get a connection, and whether that is a reserved one.
    fn next(&self, kind_for: impl Fn(WorkClass) -> Option<bool>) -> Option<(u64, bool)> {
        let mut refused: Vec<WorkClass> = Vec::new();
        for waiter in &self.waiting {
            if refused.contains(&waiter.class) {
                continue;
            }
            if let Some(is_reserved) = kind_for(waiter.class) {
                return Some((waiter.id, is_reserved));
            }
            refused.push(waiter.class);
        }
        None
    }
}

impl<P> CompanyState<P> {
    pub fn new(now: Instant, turn: u64) -> Self {
        Self { usage: RecentUsage::new(now), turn, principals: HashMap::new(), waiting: Vec::new() }
    }

    /// Number of principals that wait although they hold less than their share.
    pub fn starved(&self, limits: SchedulerLimits) -> usize {
        let principals =
            self.waiting.iter().filter_map(|principal| Some((*principal, self.principals.get(principal)?)));
        principals.filter(|(principal, state)| state.is_starved(*principal, limits)).count()
    }

    /// How long the first waiter of the company has waited.
    pub fn waited(&self, now: Instant) -> Duration {
        let principals = self.waiting.iter().filter_map(|principal| self.principals.get(principal));
        principals.map(|state| state.waited(now)).max().unwrap_or_default()
    }

    /// The principal whose turn it is, the id of its waiter, and whether that one gets a reserved connection.
    pub fn next(
        &self,
        now: Instant,
        kind_for: impl Fn(Principal, &PrincipalState<P>, WorkClass) -> Option<bool>,
    ) -> Option<(Principal, u64, bool)> {
        let able = self.waiting.iter().filter_map(|principal| {
            let state = self.principals.get(principal)?;
            let (id, is_reserved) = state.next(|class| kind_for(*principal, state, class))?;
            Some((state.usage.rank(now, state.waited(now)), state.turn, (*principal, id, is_reserved)))
        });
        able.min_by(|(rank, turn, _), (other, other_turn, _)| rank.total_cmp(other).then(turn.cmp(other_turn)))
            .map(|(.., next)| next)
    }
}
