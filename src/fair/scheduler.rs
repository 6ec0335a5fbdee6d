//! A fair scheduler for connections, or threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::latest::Latest;
use super::owner::Owner;
use super::party::{Company, Party, Waiter};
use super::slots::{Slot, Slots};
use super::usage::Usage;

/// Minimum number of owners before those without recent use are removed.
const SWEEP: usize = 64;

/// The number of connections, and how many each owner may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for everybody.
    pub ordinary: usize,
    /// Additional connections for tokens with little recent use.
    pub reserved: usize,
    /// Maximum that one token holds while another one waits.
    pub of_token: usize,
    /// Maximum that one token or one company holds while others are active.
    pub beside_others: BesideOthers,
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
pub struct BesideOthers {
    pub token: usize,
    pub company: usize,
}

impl BesideOthers {
    /// No limit.
    pub const ALL: Self = Self { token: usize::MAX, company: usize::MAX };

    /// How often a waiter checks whether the limit still applies.
    fn look(self) -> Duration {
        if self.token == usize::MAX { Duration::MAX } else { Duration::from_millis(250) }
    }
}

/// What a connection is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// One statement that reads.
    Read,
    /// One statement that reads for too long for a reserved connection.
    LongRead,
    /// One statement that reads, in an operation that holds a connection for a transaction. If such a request waited
    /// for all holders of connections, these could deadlock.
    NestedRead,
    Transaction,
}

/// No connection was available in time, or too many requests wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Grants a limited number of connections in turns: first by company, then by token, least recent use first.
///
/// While other tokens wait, a token holds at most its limit; otherwise it may hold all ordinary connections, unless
/// [`BesideOthers`] limits it.
#[derive(Clone, Debug)]
pub struct Scheduler(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    slots: Slots,
    companies: HashMap<Option<i64>, Company>,
    latest: Latest<Owner>,
    latest_company: Latest<Option<i64>>,
    /// The companies that have waiting requests.
    waiting: Vec<Option<i64>>,
    /// The last id given to a waiter.
    last: u64,
    /// Counts turns.
    turn: u64,
    /// The number of owners at which they are swept.
    sweep: usize,
}

/// Permission to use a connection until it is dropped.
#[derive(Debug)]
pub struct Permit {
    slot: Slot,
    owner: Owner,
    /// `None` if the waiter was gone when the permit was sent.
    shared: Option<Arc<Shared>>,
}

/// Removes a waiter from the queue when the waiting future is dropped.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    owner: Owner,
    id: u64,
}

impl Scheduler {
    pub fn new(limits: Limits) -> Self {
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

    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Takes a connection if one is available without waiting.
    pub fn try_acquire(&self, owner: Owner, need: Need) -> Option<Permit> {
        let slot = self.0.state().take_at_once(self.0.limits, owner, need, Instant::now())?;
        Some(Permit { slot, owner, shared: Some(Arc::clone(&self.0)) })
    }

    /// Waits for a connection. It is cancel-safe: dropping the future at any time loses no connection.
    ///
    /// # Errors
    /// If it takes too long, or too many requests of the same owner wait already.
    pub async fn acquire(&self, owner: Owner, need: Need) -> Result<Permit, Refused> {
        let (id, granted) = {
            let mut state = self.0.state();
            let now = Instant::now();
            if let Some(slot) = state.take_at_once(self.0.limits, owner, need, now) {
                return Ok(Permit { slot, owner, shared: Some(Arc::clone(&self.0)) });
            }
            state.enqueue(self.0.limits, owner, need, now).ok_or(Refused)?
        };
        let _waiting = Waiting { shared: &self.0, owner, id };
        let mut granted = granted;
        let (begun, limits) = (Instant::now(), self.0.limits);
        loop {
            let left = limits.wait.saturating_sub(begun.elapsed());
            match timeout(left.min(limits.beside_others.look()), &mut granted).await {
                Ok(permit) => return permit.map_err(|_| Refused),
                Err(_) if begun.elapsed() >= limits.wait => return Err(Refused),
                // Nothing wakes a waiter when the other owners go idle: the limit is checked again here.
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
        while let Some((owner, waiter, slot)) = state.next(self.limits, now) {
            let permit = Permit { slot, owner, shared: Some(Arc::clone(self)) };
            // The waiter is gone, so the connection goes to the next one.
            if let Err(mut unwanted) = waiter.granted.send(permit) {
                unwanted.shared = None;
                state.give_back(slot, owner, now);
            }
        }
    }
}

impl State {
    fn known(&self, owner: Owner) -> Option<&Party> {
        self.companies.get(&owner.company()).and_then(|company| company.parties.get(&owner))
    }

    /// The company of an owner. Creates the company and the owner's party if they do not exist.
    fn company(&mut self, owner: Owner, now: Instant) -> &mut Company {
        if self.known(owner).is_none() && self.count() >= self.sweep {
            self.sweep_out(now);
        }
        // Put new parties before the one that had the last turn, and behind all others.
        let turn = 2 * self.turn;
        let company = self.companies.entry(owner.company()).or_insert_with(|| Company::new(now, turn));
        company.parties.entry(owner).or_insert_with(|| Party::new(now, turn));
        company
    }

    fn count(&self) -> usize {
        self.companies.values().map(|company| company.parties.len()).sum()
    }

    /// Removes owners and companies without recent use.
    fn sweep_out(&mut self, now: Instant) {
        for company in self.companies.values_mut() {
            company.parties.retain(|_, party| !party.usage.is_clear(now) || !party.waiting.is_empty());
        }
        self.companies.retain(|_, company| !company.parties.is_empty() || !company.usage.is_clear(now));
        self.sweep = SWEEP.max(2 * self.count());
    }

    /// Takes a connection without waiting, if one is free for this owner. It overtakes nobody: if a connection is free,
    /// no waiter may have it.
    fn take_at_once(&mut self, limits: Limits, owner: Owner, need: Need, now: Instant) -> Option<Slot> {
        if owner != Owner::Process {
            self.latest.begin(owner, now);
            self.latest_company.begin(owner.company(), now);
        }
        if self.has_its_part(limits, owner, need, now) {
            return None;
        }
        let hungry = self.hungry(limits);
        let is_reserved = match self.known(owner) {
            Some(party) => self.slots.kind_for(limits, (owner, party), need, hungry, now),
            None => self.slots.kind_for(limits, (owner, &Party::new(now, 0)), need, hungry, now),
        }?;
        Some(self.take(is_reserved, owner, need, now))
    }

    /// Whether a token or its company holds the maximum of [`BesideOthers`] while others are active.
    fn has_its_part(&self, limits: Limits, owner: Owner, need: Need, now: Instant) -> bool {
        // A request of an owner that holds a connection already must not wait for this limit, as others may wait for
        // that owner.
        let may_wait = need != Need::NestedRead && owner != Owner::Process;
        let Some(company) = self.companies.get(&owner.company()).filter(|_| may_wait) else { return false };
        let has = |usage: &Usage, most: usize| usize::try_from(usage.held()).is_ok_and(|held| held >= most);
        let most = limits.beside_others;
        let of_token = || company.parties.get(&owner).is_some_and(|party| has(&party.usage, most.token));
        let of_company = || has(&company.usage, most.company);
        (of_token() && !self.latest.is_alone(owner, now))
            || (of_company() && !self.latest_company.is_alone(owner.company(), now))
    }

    fn take(&mut self, is_reserved: bool, owner: Owner, need: Need, now: Instant) -> Slot {
        self.turn += 1;
        let turn = 2 * self.turn + 1;
        let company = self.company(owner, now);
        company.usage.take(now);
        company.turn = turn;
        if let Some(party) = company.parties.get_mut(&owner) {
            party.usage.take(now);
            party.reserved += usize::from(is_reserved);
            party.turn = turn;
        }
        self.slots.take(is_reserved, need)
    }

    fn give_back(&mut self, slot: Slot, owner: Owner, now: Instant) {
        self.slots.give_back(slot);
        let Some(company) = self.companies.get_mut(&owner.company()) else { return };
        company.usage.give_back(now);
        if let Some(party) = company.parties.get_mut(&owner) {
            party.usage.give_back(now);
            party.reserved -= usize::from(slot.is_reserved);
        }
    }

    /// Number of owners that wait although they hold less than their share.
    fn hungry(&self, limits: Limits) -> usize {
        let companies = self.waiting.iter().filter_map(|key| self.companies.get(key));
        companies.map(|company| company.hungry(limits)).sum()
    }

    fn enqueue(
        &mut self,
        limits: Limits,
        owner: Owner,
        need: Need,
        now: Instant,
    ) -> Option<(u64, oneshot::Receiver<Permit>)> {
        self.last += 1;
        let id = self.last;
        let company = self.company(owner, now);
        let party = company.parties.get_mut(&owner)?;
        if party.waiting.len() >= limits.waiting {
            return None;
        }
        let (granted, receiver) = oneshot::channel();
        let waiter = Waiter { id, need, since: now, granted };
        if need == Need::NestedRead {
            party.waiting.push_front(waiter);
        } else {
            party.waiting.push_back(waiter);
        }
        if !company.waiting.contains(&owner) {
            company.waiting.push(owner);
        }
        let company = owner.company();
        if !self.waiting.contains(&company) {
            self.waiting.push(company);
        }
        Some((id, receiver))
    }

    /// Removes a waiter from its queue.
    fn dequeue(&mut self, owner: Owner, is_it: impl Fn(&Waiter) -> bool) -> Option<Waiter> {
        let key = owner.company();
        let company = self.companies.get_mut(&key)?;
        let party = company.parties.get_mut(&owner)?;
        let waiter = party.waiting.iter().position(is_it).and_then(|place| party.waiting.remove(place))?;
        if party.waiting.is_empty() {
            company.waiting.retain(|waiting| *waiting != owner);
        }
        if company.waiting.is_empty() {
            self.waiting.retain(|waiting| *waiting != key);
        }
        Some(waiter)
    }

    /// The next waiter that can get a connection, and that connection.
    fn next(&mut self, limits: Limits, now: Instant) -> Option<(Owner, Waiter, Slot)> {
        if self.slots.are_taken() {
            return None;
        }
        let hungry = self.hungry(limits);
        let mut best: Option<(f64, u64, Owner, u64, bool)> = None;
        for company in self.waiting.iter().filter_map(|key| self.companies.get(key)) {
            let next = company.next(now, |owner, party, need| {
                let kind = || self.slots.kind_for(limits, (owner, party), need, hungry, now);
                if self.has_its_part(limits, owner, need, now) { None } else { kind() }
            });
            let Some((owner, id, is_reserved)) = next else { continue };
            let rank = company.usage.rank(now, company.waited(now));
            let is_better =
                best.as_ref().is_none_or(|(best, turn, ..)| rank.total_cmp(best).then(company.turn.cmp(turn)).is_lt());
            if is_better {
                best = Some((rank, company.turn, owner, id, is_reserved));
            }
        }
        let (_, _, owner, id, is_reserved) = best?;
        let waiter = self.dequeue(owner, |waiter| waiter.id == id)?;
        let slot = self.take(is_reserved, owner, waiter.need, now);
        Some((owner, waiter, slot))
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
            state.give_back(self.slot, self.owner, Instant::now());
            shared.grant(&mut state);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        // A waiter that got a connection is no longer in the queue.
        if state.dequeue(self.owner, |waiter| waiter.id == self.id).is_some() {
            // If this was the last waiter of another token, an owner with its full share may now get more.
            self.shared.grant(&mut state);
        }
    }
}

#[cfg(test)]
impl Scheduler {
    /// Number of owners that are remembered.
    pub fn remembered(&self) -> usize {
        self.0.state().count()
    }
}
