use std::collections::VecDeque;

use tokio::time::Instant;

use super::owner::Owner;
use super::party::Party;
use super::scheduler::{Limits, Need};

/// So many connections are opened before one is used again that was given back just now: the next ones who come together
/// find them open.
const WARM: usize = 3;

/// A connection that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub index: usize,
    pub is_reserved: bool,
    is_transaction: bool,
}

/// Which connections are free, by their places.
#[derive(Debug)]
pub struct Slots {
    /// Those that were used before, the one that rested longest first.
    rested: VecDeque<usize>,
    /// The first of those that were not; the others follow it.
    fresh: usize,
    all: usize,
    ordinary: usize,
    reserved: usize,
    transactions: usize,
}

impl Slots {
    pub fn new(ordinary: usize, reserved: usize) -> Self {
        let all = ordinary + reserved;
        Self { rested: VecDeque::new(), fresh: 0, all, ordinary: 0, reserved: 0, transactions: 0 }
    }

    pub fn taken(&self) -> usize {
        self.ordinary + self.reserved
    }

    pub fn are_taken(&self) -> bool {
        self.taken() >= self.all
    }

    /// Whether an owner can be given a connection, and if so, whether that is a reserved one. So many are `hungry`: they
    /// wait and hold less than their share, this owner among them where that is so.
    pub fn kind_for(
        &self,
        limits: Limits,
        (owner, party): (Owner, &Party),
        need: Need,
        hungry: usize,
        now: Instant,
    ) -> Option<bool> {
        // One connection is left to reads, which always end: transactions may wait for one of their own.
        let is_left_to_reads = need == Need::Transaction && self.all > 1 && self.transactions + 1 >= self.all;
        if self.are_taken() || is_left_to_reads {
            return None;
        }
        let has_ordinary = self.ordinary < limits.ordinary;
        if need == Need::NestedRead {
            return Some(!has_ordinary);
        }
        let has_less = party.has_less_than_its_share(owner, limits);
        let others_are_hungry = hungry > usize::from(party.is_hungry(owner, limits));
        if has_ordinary && (has_less || !others_are_hungry) {
            return Some(false);
        }
        let has_reserved = self.reserved < limits.reserved && party.reserved < (limits.reserved / 2).max(1);
        let is_for_it = need != Need::LongRead && has_less && party.usage.is_little(now);
        (has_reserved && is_for_it).then_some(true)
    }

    pub fn take(&mut self, is_reserved: bool, need: Need) -> Slot {
        let is_transaction = need == Need::Transaction;
        self.transactions += usize::from(is_transaction);
        if is_reserved {
            self.reserved += 1;
        } else {
            self.ordinary += 1;
        }
        let is_cold = self.rested.is_empty() || self.fresh < WARM;
        let index = if self.fresh < self.all && is_cold {
            self.fresh += 1;
            self.fresh - 1
        } else {
            self.rested.pop_front().unwrap_or_else(|| unreachable!("as many are free as are not taken"))
        };
        Slot { index, is_reserved, is_transaction }
    }

    pub fn give_back(&mut self, slot: Slot) {
        self.transactions -= usize::from(slot.is_transaction);
        if slot.is_reserved {
            self.reserved -= 1;
        } else {
            self.ordinary -= 1;
        }
        self.rested.push_back(slot.index);
    }
}
