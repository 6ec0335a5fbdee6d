use std::time::Duration;

use tokio::time::Instant;

/// Who began nothing for so long is not there any more.
const GONE: Duration = Duration::from_secs(1);

/// Who began something last, and who did before, if that was somebody else.
#[derive(Debug)]
pub struct Latest<K>([Option<(K, Instant)>; 2]);

impl<K> Default for Latest<K> {
    fn default() -> Self {
        Self([None, None])
    }
}

impl<K: Copy + PartialEq> Latest<K> {
    /// Somebody begins something.
    pub fn begin(&mut self, who: K, now: Instant) {
        match &mut self.0 {
            [Some((last, at)), _] if *last == who => *at = now,
            [last, before] => *before = last.replace((who, now)),
        }
    }

    /// Whether nobody else has begun anything of late.
    pub fn is_alone(&self, who: K, now: Instant) -> bool {
        self.0.iter().flatten().all(|(other, at)| *other == who || now.saturating_duration_since(*at) > GONE)
    }
}
