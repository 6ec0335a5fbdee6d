//! Whose turn it is to use a connection, or a thread.

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

/// So many owners are remembered before those that used nothing of late are looked for.
const SWEEP: usize = 64;

/// How many connections there are, and who may hold how many.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for everybody.
    pub ordinary: usize,
    /// Connections for tokens that have used little of late, beside the others.
    pub reserved: usize,
    /// The most that one token holds while another one waits.
    pub of_token: usize,
    /// The most that one token and one company hold while others use some.
    pub beside_others: BesideOthers,
    /// The most that may wait of one token.
    pub waiting: usize,
    /// The longest that anybody waits.
    pub wait: Duration,
}

/// The most connections that one token, and one company, hold while others use some: each statement takes longer, the more
/// of them run.
///
/// It holds from the first connection on, and not only for those who have used much: what is begun at once, in the first
/// moment of an attack, would hold all connections for seconds.
#[derive(Clone, Copy, Debug)]
pub struct BesideOthers {
    pub token: usize,
    pub company: usize,
}

impl BesideOthers {
    /// All there is.
    pub const ALL: Self = Self { token: usize::MAX, company: usize::MAX };

    /// How often it is looked whether it still holds.
    fn look(self) -> Duration {
        if self.token == usize::MAX { Duration::MAX } else { Duration::from_millis(250) }
    }
}

/// What a connection is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// One statement that reads.
    Read,
    /// One that takes too long for a reserved connection.
    LongRead,
    /// One of an operation that holds a connection by a transaction of its own: were it to wait for all that hold one,
    /// they could wait for each other.
    NestedRead,
    Transaction,
}

/// No connection was to be had in time, or too many wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Hands out a number of connections in turns: first by company, then by token, to whoever has used least of late.
///
/// A token holds no more than its limit while another one waits, and all of the ordinary connections when nobody does, nor
/// more than [`BesideOthers`] says.
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
    /// Those of whom somebody waits.
    waiting: Vec<Option<i64>>,
    /// Counts waiters.
    last: u64,
    /// Counts turns.
    turn: u64,
    /// How many owners there may be before they are swept.
    sweep: usize,
}

/// A connection that may be used until this is dropped.
#[derive(Debug)]
pub struct Permit {
    slot: Slot,
    owner: Owner,
    /// Absent where the permit was not taken.
    shared: Option<Arc<Shared>>,
}

/// Takes a waiter out of the queue when the future that waits is dropped.
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

    /// How many connections are in use.
    pub fn taken(&self) -> usize {
        self.0.state().slots.taken()
    }

    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// A connection that can be had without waiting.
    pub fn try_acquire(&self, owner: Owner, need: Need) -> Option<Permit> {
        let slot = self.0.state().take_at_once(self.0.limits, owner, need, Instant::now())?;
        Some(Permit { slot, owner, shared: Some(Arc::clone(&self.0)) })
    }

    /// Waits for a connection. Dropping this loses nothing, whenever it happens.
    ///
    /// # Errors
    /// When it takes too long, or too many of the same owner wait already.
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
    /// Nothing panics while it holds the state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what is free to those who wait.
    fn grant(self: &Arc<Self>, state: &mut State) {
        let now = Instant::now();
        while let Some((owner, waiter, slot)) = state.next(self.limits, now) {
            let permit = Permit { slot, owner, shared: Some(Arc::clone(self)) };
            // Whoever does not wait any more has not taken it: it goes to the next one.
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

    /// The company of an owner, which has a party of this owner afterwards.
    fn company(&mut self, owner: Owner, now: Instant) -> &mut Company {
        if self.known(owner).is_none() && self.count() >= self.sweep {
            self.sweep_out(now);
        }
        // Before the one who had the last turn, and behind everybody else.
        let turn = 2 * self.turn;
        let company = self.companies.entry(owner.company()).or_insert_with(|| Company::new(now, turn));
        company.parties.entry(owner).or_insert_with(|| Party::new(now, turn));
        company
    }

    fn count(&self) -> usize {
        self.companies.values().map(|company| company.parties.len()).sum()
    }

    /// Forgets those who used nothing of late.
    fn sweep_out(&mut self, now: Instant) {
        for company in self.companies.values_mut() {
            company.parties.retain(|_, party| !party.usage.is_clear(now) || !party.waiting.is_empty());
        }
        self.companies.retain(|_, company| !company.parties.is_empty() || !company.usage.is_clear(now));
        self.sweep = SWEEP.max(2 * self.count());
    }

    /// Those who wait cannot be given what is free: it is free for this one, or for nobody.
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

    /// Whether a token, or its company, holds as much as it may beside others.
    fn has_its_part(&self, limits: Limits, owner: Owner, need: Need, now: Instant) -> bool {
        // Whoever waits for a connection with another one in his hands may make others wait.
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

    /// How many owners wait and hold less than their share.
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

    /// Takes a waiter out of its queue.
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

    /// The next one who can be given a connection, and that connection.
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
    /// Which connection it is for.
    pub fn index(&self) -> usize {
        self.slot.index
    }

    /// Whether it is a reserved connection, which nobody may use for long.
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
        // Whoever was given a connection stands in the queue no more.
        if state.dequeue(self.owner, |waiter| waiter.id == self.id).is_some() {
            // Who holds its share may have more where this one was the last of the others.
            self.shared.grant(&mut state);
        }
    }
}

#[cfg(test)]
impl Scheduler {
    /// How many owners are remembered.
    pub fn remembered(&self) -> usize {
        self.0.state().count()
    }
}
