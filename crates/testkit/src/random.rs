//! Pseudo-random numbers, the same for the same seed.

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    pub fn some<T: Clone>(&mut self, percent: usize, list: &[T]) -> Option<T> {
        self.chance(percent).then(|| self.pick(list).clone())
    }
}

/// The share of `count` random cases that this run does: all, or the per cent in `NOTEGRAPH_TEST_SHARE`. Lanes that repeat
/// tests on another database use it.
///
/// # Panics
/// If the variable is no number from 1 to 100.
pub fn share(count: usize) -> usize {
    let Ok(text) = std::env::var("NOTEGRAPH_TEST_SHARE") else { return count };
    let percent = text.parse().ok().filter(|percent| (1..=100).contains(percent));
    let percent: usize = percent.unwrap_or_else(|| panic!("NOTEGRAPH_TEST_SHARE={text}: expected 1 to 100 (per cent)"));
    (count * percent).div_ceil(100)
}
