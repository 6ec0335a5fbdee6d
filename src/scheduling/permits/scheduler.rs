//! A fair scheduler for connections, or threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::limits::SchedulerLimits;
use super::principal_state::{CompanyState, PrincipalState, Waiter};
use super::slots::{Slot, Slots};
use super::usage::RecentUsage;
use crate::ids::CompanyId;
use crate::scheduling::latest::Latest;
use crate::scheduling::principal::Principal;
use crate::scheduling::work_class::WorkClass;

/// Minimum number of principals before those without recent use are removed.
const SWEEP: usize = 64;

/// No connection was available in time, or too many requests wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError;

/// Grants a limited number of connections in turns: first by company, then by token, least recent use first.
///
/// While other tokens wait, a token holds at most its limit; otherwise it may hold all ordinary connections, unless
/// [`ContendedLimits`](super::limits::ContendedLimits) limits it.
#[derive(Clone, Debug)]
pub struct Scheduler(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: SchedulerLimits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    slots: Slots,
    companies: HashMap<Option<CompanyId>, CompanyState<Permit>>,
    latest: Latest<Principal>,
    latest_company: Latest<Option<CompanyId>>,
    /// The companies that have waiting requests.
    waiting: Vec<Option<CompanyId>>,
    /// The last id given to a waiter.
    last: u64,
    /// Counts turns.
    turn: u64,
    /// The number of principals at which they are swept.
    sweep: usize,
}

/// Permission to use a connection until it is dropped.
#[derive(Debug)]
pub struct Permit {
    slot: Slot,
    principal: Principal,
    /// `None` if the waiter was gone when the permit was sent.
    shared: Option<Arc<Shared>>,
}

/// Removes a waiter from the queue when the waiting future is dropped.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    principal: Principal,
    id: u64,
}

impl Scheduler {
    pub fn new(limits: SchedulerLimits) -> Self {
        let state = State {
            slots: Slots::new(limits.ordinary, limits.reserved),
            companies: HashMap::new(),
            latest: Latest::default(),
            latest_company: Latest::default(),
            waiting: Vec::new(),
            last: 0,
            turn: 0,
            sweep: SWEEP,
        };
        Self(Arc::new(Shared { limits, state: Mutex::new(state) }))
    }

    /// Number of connections in use.
    pub fn taken(&self) -> usize {
        self.0.state().slots.taken()
    }

    pub fn limits(&self) -> SchedulerLimits {
        self.0.limits
    }

    /// Takes a connection if one is available without waiting.
    pub fn try_acquire(&self, principal: Principal, class: WorkClass) -> Option<Permit> {
        let slot = self.0.state().take_at_once(self.0.limits, principal, class, Instant::now())?;
        Some(Permit { slot, principal, shared: Some(Arc::clone(&self.0)) })
    }

    /// Waits for a connection. It is cancel-safe: dropping the future at any time loses no connection.
    ///
    /// # Errors
    /// If it takes too long, or too many requests of the same principal wait already.
    pub async fn acquire(&self, principal: Principal, class: WorkClass) -> Result<Permit, AcquireError> {
        let (id, granted) = {
            let mut state = self.0.state();
            let now = Instant::now();
            if let Some(slot) = state.take_at_once(self.0.limits, principal, class, now) {
                return Ok(Permit { slot, principal, shared: Some(Arc::clone(&self.0)) });
            }
            state.enqueue(self.0.limits, principal, class, now).ok_or(AcquireError)?
        };
        let _waiting = Waiting { shared: &self.0, principal, id };
        let mut granted = granted;
        let (begun, limits) = (Instant::now(), self.0.limits);
        loop {
            let left = limits.wait.saturating_sub(begun.elapsed());
            match timeout(left.min(limits.contended.recheck_interval()), &mut granted).await {
                Ok(permit) => return permit.map_err(|_| AcquireError),
                Err(_) if begun.elapsed() >= limits.wait => return Err(AcquireError),
                // Nothing wakes a waiter when the other principals go idle: the limit is checked again here.
                Err(_) => self.0.grant(&mut self.0.state()),
            }
        }
    }
}

impl Shared {
    /// Locks the state. Nothing panics while it is locked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants free connections to those who wait.
    fn grant(self: &Arc<Self>, state: &mut State) {
        let now = Instant::now();
        while let Some((principal, waiter, slot)) = state.next(self.limits, now) {
            let permit = Permit { slot, principal, shared: Some(Arc::clone(self)) };
            // The waiter is gone, so the connection goes to the next one.
            if let Err(mut unwanted) = waiter.granted.send(permit) {
                unwanted.shared = None;
                state.give_back(slot, principal, now);
            }
        }
    }
}

impl State {
    fn known(&self, principal: Principal) -> Option<&PrincipalState<Permit>> {
        self.companies.get(&principal.company()).and_then(|company| company.principals.get(&principal))
    }

    /// The company of a principal. Creates the company and the principal's party if they do not exist.
    fn company(&mut self, principal: Principal, now: Instant) -> &mut CompanyState<Permit> {
        if self.known(principal).is_none() && self.count() >= self.sweep {
            self.sweep_out(now);
        }
        // Put new parties before the one that had the last turn, and behind all others.
        let turn = 2 * self.turn;
        let company = self.companies.entry(principal.company()).or_insert_with(|| CompanyState::new(now, turn));
        company.principals.entry(principal).or_insert_with(|| PrincipalState::new(now, turn));
        company
    }

    fn count(&self) -> usize {
        self.companies.values().map(|company| company.principals.len()).sum()
    }

    /// Removes principals and companies without recent use.
    fn sweep_out(&mut self, now: Instant) {
        for company in self.companies.values_mut() {
            company.principals.retain(|_, principal_state| {
                !principal_state.usage.is_clear(now) || !principal_state.waiting.is_empty()
            });
        }
        self.companies.retain(|_, company| !company.principals.is_empty() || !company.usage.is_clear(now));
        self.sweep = SWEEP.max(2 * self.count());
    }

    /// Takes a connection without waiting, if one is free for this principal. It overtakes nobody: if a connection is free,
    /// no waiter may have it.
    fn take_at_once(
        &mut self,
        limits: SchedulerLimits,
        principal: Principal,
        class: WorkClass,
        now: Instant,
    ) -> Option<Slot> {
        if principal != Principal::Process {
            self.latest.begin(principal, now);
            self.latest_company.begin(principal.company(), now);
        }
        if self.is_at_contended_limit(limits, principal, class, now) {
            return None;
        }
        let starved = self.starved(limits);
        let is_reserved = match self.known(principal) {
            Some(principal_state) => self.slots.kind_for(limits, (principal, principal_state), class, starved, now),
            None => {
                self.slots.kind_for(limits, (principal, &PrincipalState::<Permit>::new(now, 0)), class, starved, now)
            }
        }?;
        Some(self.take(is_reserved, principal, class, now))
    }

    /// Whether a token or its company holds the maximum of [`ContendedLimits`](super::limits::ContendedLimits) while others are active.
    fn is_at_contended_limit(
        &self,
        limits: SchedulerLimits,
        principal: Principal,
        class: WorkClass,
        now: Instant,
    ) -> bool {
        // A request of a principal that holds a connection already must not wait for this limit, as others may wait for
        // that principal.
        let may_wait = class != WorkClass::NestedRead && principal != Principal::Process;
        let Some(company) = self.companies.get(&principal.company()).filter(|_| may_wait) else { return false };
        let has = |usage: &RecentUsage, most: usize| usize::try_from(usage.held()).is_ok_and(|held| held >= most);
        let most = limits.contended;
        let per_token = || {
            company.principals.get(&principal).is_some_and(|principal_state| has(&principal_state.usage, most.token))
        };
        let of_company = || has(&company.usage, most.company);
        (per_token() && !self.latest.is_alone(principal, now))
            || (of_company() && !self.latest_company.is_alone(principal.company(), now))
    }

    fn take(&mut self, is_reserved: bool, principal: Principal, class: WorkClass, now: Instant) -> Slot {
        self.turn += 1;
        let turn = 2 * self.turn + 1;
        let company = self.company(principal, now);
        company.usage.take(now);
        company.turn = turn;
        if let Some(principal_state) = company.principals.get_mut(&principal) {
            principal_state.usage.take(now);
            principal_state.reserved += usize::from(is_reserved);
            principal_state.turn = turn;
        }
        self.slots.take(is_reserved, class)
    }

    fn give_back(&mut self, slot: Slot, principal: Principal, now: Instant) {
        self.slots.give_back(slot);
        let Some(company) = self.companies.get_mut(&principal.company()) else { return };
        company.usage.give_back(now);
        if let Some(principal_state) = company.principals.get_mut(&principal) {
            principal_state.usage.give_back(now);
            principal_state.reserved -= usize::from(slot.is_reserved);
        }
    }

    /// Number of principals that wait although they hold less than their share.
    fn starved(&self, limits: SchedulerLimits) -> usize {
        let companies = self.waiting.iter().filter_map(|key| self.companies.get(key));
        companies.map(|company| company.starved(limits)).sum()
    }

    fn enqueue(
        &mut self,
        limits: SchedulerLimits,
        principal: Principal,
        class: WorkClass,
        now: Instant,
    ) -> Option<(u64, oneshot::Receiver<Permit>)> {
        self.last += 1;
        let id = self.last;
        let company = self.company(principal, now);
        let principal_state = company.principals.get_mut(&principal)?;
        if principal_state.waiting.len() >= limits.waiting {
            return None;
        }
        let (granted, receiver) = oneshot::channel();
        let waiter = Waiter { id, class, since: now, granted };
        if class == WorkClass::NestedRead {
            principal_state.waiting.push_front(waiter);
        } else {
            principal_state.waiting.push_back(waiter);
        }
        if !company.waiting.contains(&principal) {
            company.waiting.push(principal);
        }
        let company = principal.company();
        if !self.waiting.contains(&company) {
            self.waiting.push(company);
        }
        Some((id, receiver))
    }

    /// Removes a waiter from its queue.
    fn dequeue(&mut self, principal: Principal, is_it: impl Fn(&Waiter<Permit>) -> bool) -> Option<Waiter<Permit>> {
        let key = principal.company();
        let company = self.companies.get_mut(&key)?;
        let principal_state = company.principals.get_mut(&principal)?;
        let waiter =
            principal_state.waiting.iter().position(is_it).and_then(|place| principal_state.waiting.remove(place))?;
        if principal_state.waiting.is_empty() {
            company.waiting.retain(|waiting| *waiting != principal);
        }
        if company.waiting.is_empty() {
            self.waiting.retain(|waiting| *waiting != key);
        }
        Some(waiter)
    }

    /// The next waiter that can get a connection, and that connection.
    fn next(&mut self, limits: SchedulerLimits, now: Instant) -> Option<(Principal, Waiter<Permit>, Slot)> {
        if self.slots.are_taken() {
            return None;
        }
        let starved = self.starved(limits);
        let mut best: Option<(f64, u64, Principal, u64, bool)> = None;
        for company in self.waiting.iter().filter_map(|key| self.companies.get(key)) {
            let next = company.next(now, |principal, principal_state, class| {
                let kind = || self.slots.kind_for(limits, (principal, principal_state), class, starved, now);
                if self.is_at_contended_limit(limits, principal, class, now) { None } else { kind() }
            });
            let Some((principal, id, is_reserved)) = next else { continue };
            let rank = company.usage.rank(now, company.waited(now));
            let is_better =
                best.as_ref().is_none_or(|(best, turn, ..)| rank.total_cmp(best).then(company.turn.cmp(turn)).is_lt());
            if is_better {
                best = Some((rank, company.turn, principal, id, is_reserved));
            }
        }
        let (_, _, principal, id, is_reserved) = best?;
        let waiter = self.dequeue(principal, |waiter| waiter.id == id)?;
        let slot = self.take(is_reserved, principal, waiter.class, now);
        Some((principal, waiter, slot))
    }
}

impl Permit {
    /// Index of the connection.
    pub fn index(&self) -> usize {
        self.slot.index
    }

    /// Whether it is a reserved connection, which must not be held for long.
    pub fn is_reserved(&self) -> bool {
        self.slot.is_reserved
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            let mut state = shared.state();
            state.give_back(self.slot, self.principal, Instant::now());
            shared.grant(&mut state);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        // A waiter that got a connection is no longer in the queue.
        if state.dequeue(self.principal, |waiter| waiter.id == self.id).is_some() {
            // If this was the last waiter of another token, a principal with its full share may now get more.
            self.shared.grant(&mut state);
        }
    }
}

#[cfg(test)]
impl Scheduler {
    /// Number of principals that are remembered.
    pub fn remembered(&self) -> usize {
        self.0.state().count()
    }
}
