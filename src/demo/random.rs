/// Kinds of random sequences, see [`Random::of`].
pub mod kind {
    pub const CUSTOMER: u64 = 1;
    pub const USER: u64 = 2;
    pub const NOTE: u64 = 3;
}

/// Pseudorandom numbers that are the same in every run.
///
/// `SplitMix64`, as Guy L. Steele, Doug Lea and Christine H. Flood describe it in "Fast splittable pseudorandom number
/// generators" (OOPSLA 2014): ten lines, whose sequence no library update changes.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of one item. Each item has a sequence of its own, so the order in which items are made does not
    /// matter.
    pub fn of(kind: u64, number: u64) -> Self {
        let mut random = Self(kind.rotate_left(48) ^ number);
        Self(random.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * (bound as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, inclusive.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(usize::try_from(high - low + 1).unwrap_or(0))).unwrap_or(0)
    }

    /// True with a probability of `percent` percent.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Picks an element; `list` must not be empty.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn is_the_published_sequence() {
        let mut random = Random(1_234_567);
        let first = [random.next(), random.next(), random.next()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn stays_within_bounds() {
        let mut random = Random::of(1, 2);
        assert_eq!(random.below(0), 0);
        let seen: std::collections::BTreeSet<i64> = (0..200).map(|_| random.between(-1, 2)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [-1, 0, 1, 2]);
    }
}
