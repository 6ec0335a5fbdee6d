use std::time::Duration;

use tokio::time::Instant;

/// Whoever began nothing for this long counts as gone.
const GONE: Duration = Duration::from_secs(1);

/// The last to begin something, and the last before that who was somebody else.
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

    /// Whether nobody else has begun anything recently.
    pub fn is_alone(&self, who: K, now: Instant) -> bool {
        self.0.iter().flatten().all(|(other, at)| *other == who || now.saturating_duration_since(*at) > GONE)
    }
}
