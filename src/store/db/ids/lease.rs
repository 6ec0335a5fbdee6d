use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use super::company_table::CompanyTable;
use crate::ids::CompanyId;

/// Maximum number of company tables whose blocks are kept; ids left in evicted blocks are never used.
const KEPT: NonZeroUsize = NonZeroUsize::new(20_000).expect("is not zero");

/// A company and one of its tables.
type Key = (CompanyId, CompanyTable);

/// Blocks of ids leased by this process: no other process creates ids in them.
#[derive(Clone, Debug)]
pub struct IdBlocks(Arc<Mutex<LruCache<Key, VecDeque<Block>>>>);

#[derive(Clone, Copy, Debug)]
struct Block {
    /// The latest id taken; initially the one before the block.
    last: i64,
    /// The last id of the block.
    end: i64,
}

impl Default for IdBlocks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(KEPT))))
    }
}

impl IdBlocks {
    /// Takes the id that is `step` above the latest one, from the lowest block with room for it.
    pub fn take(&self, key: Key, step: i64) -> Option<i64> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = held.get_mut(&key)?;
        while let Some(block) = blocks.front_mut() {
            if step <= block.end - block.last {
                block.last += step;
                return Some(block.last);
            }
            blocks.pop_front();
        }
        None
    }

    /// Takes the first id of a new block, and keeps the rest. Concurrent callers that found no block add one each.
    pub fn put(&self, key: Key, before: i64, end: i64, step: i64) -> i64 {
        let block = Block { last: before + step, end };
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = held.get_or_insert_mut(key, VecDeque::new);
        let place = blocks.partition_point(|other| other.end < end);
        blocks.insert(place, block);
        block.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_across_blocks() {
        let held = IdBlocks::default();
        let key = (CompanyId(1), CompanyTable::Note);
        assert_eq!(held.take(key, 1), None);
        assert_eq!(held.put(key, 200, 300, 5), 205);
        assert_eq!(held.put(key, 0, 100, 10), 10, "a block that was asked for before, and came later");
        assert_eq!(held.take((CompanyId(1), CompanyTable::Message), 1), None);
        assert_eq!([held.take(key, 80), held.take(key, 10)], [Some(90), Some(100)]);
        assert_eq!([held.take(key, 90), held.take(key, 6), held.take(key, 5)], [Some(295), None, None]);
    }
}
