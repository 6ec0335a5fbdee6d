use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::owner::Owner;
use super::scheduler::{Limits, Need, Permit};
use super::usage::Usage;

/// A request that waits for a connection.
#[derive(Debug)]
pub struct Waiter {
    pub id: u64,
    pub need: Need,
    pub since: Instant,
    pub granted: oneshot::Sender<Permit>,
}

/// The state of one owner: its use of connections, and its waiting requests.
#[derive(Debug)]
pub struct Party {
    pub usage: Usage,
    /// Number of reserved connections that it holds.
    pub reserved: usize,
    /// Number of its last turn.
    pub turn: u64,
    pub waiting: VecDeque<Waiter>,
}

/// The state of a company and its owners.
#[derive(Debug)]
pub struct Company {
    pub usage: Usage,
    /// Number of the last turn of any of its owners.
    pub turn: u64,
    pub parties: HashMap<Owner, Party>,
    /// The owners that have waiting requests.
    pub waiting: Vec<Owner>,
}

impl Party {
    /// `turn` is the position among the others until the first turn.
    pub fn new(now: Instant, turn: u64) -> Self {
        Self { usage: Usage::new(now), reserved: 0, turn, waiting: VecDeque::new() }
    }

    /// Whether the owner holds less than its share. The process has no such limit.
    pub fn has_less_than_its_share(&self, owner: Owner, limits: Limits) -> bool {
        owner == Owner::Process || usize::try_from(self.usage.held()).is_ok_and(|held| held < limits.of_token)
    }

    /// Whether the owner waits although it holds less than its share.
    pub fn is_hungry(&self, owner: Owner, limits: Limits) -> bool {
        !self.waiting.is_empty() && self.has_less_than_its_share(owner, limits)
    }

    fn waited(&self, now: Instant) -> Duration {
        self.waiting.iter().map(|waiter| now.saturating_duration_since(waiter.since)).max().unwrap_or_default()
    }

    /// The first waiter that can get a connection, and whether that is a reserved one.
    fn next(&self, kind_for: impl Fn(Need) -> Option<bool>) -> Option<(u64, bool)> {
        let mut refused: Vec<Need> = Vec::new();
        for waiter in &self.waiting {
            if refused.contains(&waiter.need) {
                continue;
            }
            if let Some(is_reserved) = kind_for(waiter.need) {
                return Some((waiter.id, is_reserved));
            }
            refused.push(waiter.need);
        }
        None
    }
}

impl Company {
    pub fn new(now: Instant, turn: u64) -> Self {
        Self { usage: Usage::new(now), turn, parties: HashMap::new(), waiting: Vec::new() }
    }

    /// Number of owners that wait although they hold less than their share.
    pub fn hungry(&self, limits: Limits) -> usize {
        let parties = self.waiting.iter().filter_map(|owner| Some((*owner, self.parties.get(owner)?)));
        parties.filter(|(owner, party)| party.is_hungry(*owner, limits)).count()
    }

    /// How long the first waiter of the company has waited.
    pub fn waited(&self, now: Instant) -> Duration {
        let parties = self.waiting.iter().filter_map(|owner| self.parties.get(owner));
        parties.map(|party| party.waited(now)).max().unwrap_or_default()
    }

    /// The owner whose turn it is, the id of its waiter, and whether that one gets a reserved connection.
    pub fn next(
        &self,
        now: Instant,
        kind_for: impl Fn(Owner, &Party, Need) -> Option<bool>,
    ) -> Option<(Owner, u64, bool)> {
        let able = self.waiting.iter().filter_map(|owner| {
            let party = self.parties.get(owner)?;
            let (id, is_reserved) = party.next(|need| kind_for(*owner, party, need))?;
            Some((party.usage.rank(now, party.waited(now)), party.turn, (*owner, id, is_reserved)))
        });
        able.min_by(|(rank, turn, _), (other, other_turn, _)| rank.total_cmp(other).then(turn.cmp(other_turn)))
            .map(|(.., next)| next)
    }
}
