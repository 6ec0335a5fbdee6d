use std::time::Duration;

use tokio::time::Instant;

/// A principal that began nothing for this long counts as gone.
const GONE: Duration = Duration::from_secs(1);

/// The last principal that began something, and the last different one before it.
#[derive(Debug)]
pub struct Latest<K>([Option<(K, Instant)>; 2]);

impl<K> Default for Latest<K> {
    fn default() -> Self {
        Self([None, None])
    }
}

impl<K: Copy + PartialEq> Latest<K> {
    /// Records that `who` begins something.
    pub fn begin(&mut self, who: K, now: Instant) {
        match &mut self.0 {
            [Some((last, at)), _] if *last == who => *at = now,
            [last, before] => *before = last.replace((who, now)),
        }
    }

    /// Whether no other principal has begun anything recently.
    pub fn is_alone(&self, who: K, now: Instant) -> bool {
        self.0.iter().flatten().all(|(other, at)| *other == who || now.saturating_duration_since(*at) > GONE)
    }
}
