//! Sizes of many members, with the largest member of each group. The data is kept in trees, so that changes take
//! logarithmic time.

use std::collections::{BTreeMap, BTreeSet};

/// Upper bound of the bytes that a tree entry takes. Nodes of the standard library's B-trees hold 5 to 11 entries, and
/// inner nodes 12 child pointers in addition.
pub const fn entry<K, V>() -> usize {
    const FEWEST: usize = 5;
    const MOST: usize = 11;
    // Besides the entries: the parent pointer, the number of entries, and the index in the parent.
    let node = MOST * (size_of::<K>() + size_of::<V>()) + 2 * size_of::<usize>();
    (node + (MOST + 1) * size_of::<usize>()).div_ceil(FEWEST)
}

/// The sizes of members that belong to groups. Members of size 0 are not stored.
pub struct Sizes<G, M> {
    of: BTreeMap<M, usize>,
    /// `None` sorts before all members; it serves as the bound of a range.
    by_size: BTreeSet<(G, usize, Option<M>)>,
}

impl<G, M> Default for Sizes<G, M> {
    fn default() -> Self {
        Self { of: BTreeMap::new(), by_size: BTreeSet::new() }
    }
}

impl<G: Ord + Copy, M: Ord + Copy> Sizes<G, M> {
    /// Upper bound of the bytes that a member takes here.
    pub const ENTRY: usize = entry::<M, usize>() + entry::<(G, usize, Option<M>), ()>();

    pub fn size(&self, member: &M) -> usize {
        self.of.get(member).copied().unwrap_or_default()
    }

    /// The member with the largest size in a group.
    pub fn largest(&self, group: &G) -> Option<M> {
        let (of, _, member) = self.by_size.range(..(*group, usize::MAX, None)).next_back()?;
        member.filter(|_| of == group)
    }

    /// Changes the size of a member, and returns the sizes before and after. A member must stay in one group as long as
    /// its size is not 0.
    pub fn change(&mut self, group: G, member: M, size: impl FnOnce(usize) -> usize) -> (usize, usize) {
        let before = self.size(&member);
        let after = size(before);
        self.by_size.remove(&(group, before, Some(member)));
        if after == 0 {
            self.of.remove(&member);
        } else {
            self.of.insert(member, after);
            self.by_size.insert((group, after, Some(member)));
        }
        (before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_size_is_that_of_its_group() {
        let mut sizes = Sizes::default();
        for (group, member, size) in [(1, "a", 5), (1, "b", 7), (2, "c", 9), (1, "a", 8), (1, "b", 0)] {
            sizes.change(group, member, |_| size);
        }
        assert_eq!([0, 1, 2, 3].map(|group| sizes.largest(&group)), [None, Some("a"), Some("c"), None]);
        assert_eq!((sizes.size(&"a"), sizes.size(&"b")), (8, 0));
        assert_eq!(sizes.change(1, "a", |size| size - 8), (8, 0));
        assert_eq!(sizes.largest(&1), None);
        assert!(sizes.of.len() == 1 && sizes.by_size.len() == 1, "nobody is kept who has nothing");
    }
}
