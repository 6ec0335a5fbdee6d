use std::collections::VecDeque;

use tokio::time::Instant;

use super::limits::SchedulerLimits;
use super::principal_state::PrincipalState;
use crate::scheduling::principal::Principal;
use crate::scheduling::work_class::WorkClass;

/// Number of connections to open before any is reused, so that the next requests that arrive together find open ones.
const WARM: usize = 3;

/// A connection in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub index: usize,
    pub is_reserved: bool,
    is_transaction: bool,
}

/// The free connections, by index.
#[derive(Debug)]
pub struct Slots {
    /// Slots that were used before, the longest idle one first.
    rested: VecDeque<usize>,
    /// The first index that was never used; all higher ones are unused, too.
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

    /// Whether a principal can get a connection, and if so, whether that is a reserved one. `starved` is the number of
    /// principals that wait although they hold less than their share, including this principal if that applies to it.
    pub fn kind_for<P>(
        &self,
        limits: SchedulerLimits,
        (principal, state): (Principal, &PrincipalState<P>),
        class: WorkClass,
        starved: usize,
        now: Instant,
    ) -> Option<bool> {
        // Leave one connection to reads, which always end: each transaction may wait for a read of its own.
        let is_left_to_reads = class == WorkClass::Transaction && self.all > 1 && self.transactions + 1 >= self.all;
        if self.are_taken() || is_left_to_reads {
            return None;
        }
        let has_ordinary = self.ordinary < limits.ordinary;
        if class == WorkClass::NestedRead {
            return Some(!has_ordinary);
        }
        let has_less = state.is_below_share(principal, limits);
        let others_are_starved = starved > usize::from(state.is_starved(principal, limits));
        if has_ordinary && (has_less || !others_are_starved) {
            return Some(false);
        }
        let has_reserved = self.reserved < limits.reserved && state.reserved < (limits.reserved / 2).max(1);
        let is_for_it = class != WorkClass::LongRead && has_less && state.usage.is_little(now);
        (has_reserved && is_for_it).then_some(true)
    }

    pub fn take(&mut self, is_reserved: bool, class: WorkClass) -> Slot {
        let is_transaction = class == WorkClass::Transaction;
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
            self.rested.pop_front().unwrap_or_else(|| unreachable!("a free slot is available"))
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
