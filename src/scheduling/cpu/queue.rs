use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use tokio::sync::Notify;

use crate::ids::CompanyId;
use crate::scheduling::principal::Principal;

/// The resource that a waiter waits for.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    pub principal: Principal,
    /// Whether the limits per company apply, as to first turns, before anything is held.
    pub is_first: bool,
    /// How long the turn lasts; `None` if it lasts until it is given back.
    pub lasts: Option<Duration>,
}

/// How to wake a waiter.
#[derive(Debug)]
pub enum Wake {
    Task(Arc<Notify>),
    Thread(SyncSender<()>),
}

impl Wake {
    pub fn wake(self) {
        match self {
            Self::Task(task) => task.notify_one(),
            // A waiter that has given up gives the turn back by itself, or the turn ends.
            Self::Thread(thread) => drop(thread.try_send(())),
        }
    }
}

/// The position of a waiter in the queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueTicket {
    principal: Principal,
    is_first: bool,
    number: u64,
}

/// Waiters by company and principal. Finding the next one takes time linear in the number of principals, not of waiters.
#[derive(Debug, Default)]
pub struct Queue {
    companies: HashMap<Option<CompanyId>, HashMap<Principal, Lines>>,
    /// The number of the last place.
    last: u64,
}

/// The waiters of one principal, in order of arrival.
#[derive(Debug, Default)]
struct Lines {
    first: VecDeque<Entry>,
    next: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    id: u64,
    waiter: Waiter,
    wake: Wake,
}

impl Lines {
    fn line(&mut self, is_first: bool) -> &mut VecDeque<Entry> {
        if is_first { &mut self.first } else { &mut self.next }
    }

    /// Finds the line with the earliest entry that may get a turn. `may_begin` tells whether first turns may be
    /// granted.
    fn is_first_next(&self, may_begin: bool) -> Option<bool> {
        let first = self.first.front().filter(|_| may_begin).map(|entry| (entry.number, true));
        let next = self.next.front().map(|entry| (entry.number, false));
        first.into_iter().chain(next).min().map(|(_, is_first)| is_first)
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.next.is_empty()
    }
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.companies.is_empty()
    }

    /// Adds a waiter; `id` is the id of the turn.
    pub fn push(&mut self, id: u64, waiter: Waiter, wake: Wake) -> QueueTicket {
        self.last += 1;
        let (number, Waiter { principal, is_first, .. }) = (self.last, waiter);
        let lines = self.companies.entry(principal.company()).or_default().entry(principal).or_default();
        lines.line(is_first).push_back(Entry { number, id, waiter, wake });
        QueueTicket { principal, is_first, number }
    }

    /// Removes a waiter. Does nothing if it has had its turn.
    pub fn remove(&mut self, QueueTicket { principal, is_first, number }: QueueTicket) {
        if let Some(lines) =
            self.companies.get_mut(&principal.company()).and_then(|principals| principals.get_mut(&principal))
        {
            let line = lines.line(is_first);
            // Numbers ascend in each line.
            if let Ok(place) = line.binary_search_by_key(&number, |entry| entry.number) {
                line.remove(place);
            }
            self.forget_empty(principal);
        }
    }

    fn forget_empty(&mut self, principal: Principal) {
        let Some(principals) = self.companies.get_mut(&principal.company()) else { return };
        if principals.get(&principal).is_some_and(Lines::is_empty) {
            principals.remove(&principal);
        }
        if principals.is_empty() {
            self.companies.remove(&principal.company());
        }
    }

    /// Removes and returns the next waiter: of the company, and then of the principal, whose last turn is the longest ago.
    /// `may_begin` tells which companies may get first turns.
    pub fn pop(
        &mut self,
        may_begin: impl Fn(Option<CompanyId>) -> bool,
        last_of_company: impl Fn(Option<CompanyId>) -> u64,
        last_of_principal: impl Fn(Principal) -> u64,
    ) -> Option<(u64, Waiter, Wake)> {
        let mut best: Option<((u64, u64, u64), Principal, bool)> = None;
        for (company, principals) in &self.companies {
            let (may_begin, of_company) = (may_begin(*company), last_of_company(*company));
            for (principal, lines) in principals {
                let Some(is_first) = lines.is_first_next(may_begin) else { continue };
                let line = if is_first { &lines.first } else { &lines.next };
                let number = line.front().map_or(u64::MAX, |entry| entry.number);
                let rank = (of_company, last_of_principal(*principal), number);
                if best.as_ref().is_none_or(|(least, ..)| rank < *least) {
                    best = Some((rank, *principal, is_first));
                }
            }
        }
        let (_, principal, is_first) = best?;
        let lines = self.companies.get_mut(&principal.company())?.get_mut(&principal)?;
        let Entry { id, waiter, wake, .. } = lines.line(is_first).pop_front()?;
        self.forget_empty(principal);
        Some((id, waiter, wake))
    }
}
