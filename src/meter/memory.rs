use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limit_exceeded::LimitExceeded;

/// Limits on the memory that operations hold: for requests, rows being read, and responses that the client has not read
/// yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Bytes that all operations of the process may hold.
    pub process: u64,
    /// Bytes that the operations of one token may hold.
    pub token: u64,
}

impl MemoryLimits {
    /// No limits.
    pub const UNLIMITED: Self = Self { process: u64::MAX, token: u64::MAX };
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { process: 160 << 20, token: 64 << 20 }
    }
}

/// A token whose operations hold at most this many bytes may use the reserved part of the memory.
const SMALL: u64 = 1 << 20;
/// One part in this many of the memory is reserved for tokens that hold little.
const RESERVED: u64 = 4;

/// The memory that operations share.
#[derive(Debug)]
pub struct MemoryPool {
    limits: MemoryLimits,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    process: u64,
    /// Bytes by the hash of the token. Tokens that hold nothing are left out.
    tokens: HashMap<u64, u64>,
}

/// One token's account in the memory pool.
#[derive(Clone, Debug)]
pub struct TokenMemory {
    pool: Arc<MemoryPool>,
    token: u64,
}

impl MemoryPool {
    pub fn new(limits: MemoryLimits) -> Arc<Self> {
        Arc::new(Self { limits, used: Mutex::default() })
    }

    /// The account of a token.
    pub fn token(self: &Arc<Self>, token: impl Hash) -> TokenMemory {
        let mut hasher = DefaultHasher::new();
        token.hash(&mut hasher);
        TokenMemory { pool: Arc::clone(self), token: hasher.finish() }
    }

    /// Bytes that operations hold.
    pub fn used(&self) -> u64 {
        self.lock().process
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenMemory {
    /// Reserves `bytes` for an operation that holds `held` bytes already.
    ///
    /// # Errors
    /// `TOO_COMPLEX` if the operation alone would exceed the limit of its token, `RATE_LIMITED` if all operations of
    /// the token together would, `UNAVAILABLE` if the memory for all operations is in use.
    pub fn take(&self, held: u64, bytes: u64) -> Result<(), LimitExceeded> {
        let MemoryLimits { process, token } = self.pool.limits;
        let operation = held.saturating_add(bytes);
        if operation > token {
            return Err(LimitExceeded::TooComplex(format!(
                "The operation uses more than {token} bytes of memory for records and response; request fewer records \
                 or fields."
            )));
        }
        let mut used = self.pool.lock();
        let of_token = used.tokens.get(&self.token).copied().unwrap_or_default().saturating_add(bytes);
        if of_token > token {
            return Err(LimitExceeded::RateLimited(format!(
                "The operations of this token use more than {token} bytes of memory; read the pending responses first."
            )));
        }
        let of_process = used.process.saturating_add(bytes);
        let most = if of_token <= SMALL { process } else { process - process / RESERVED };
        if of_process > most {
            return Err(LimitExceeded::MemoryInUse);
        }
        used.process = of_process;
        used.tokens.insert(self.token, of_token);
        Ok(())
    }

    /// Counts bytes that are in use already, even beyond the limits.
    pub fn count(&self, bytes: u64) {
        let mut used = self.pool.lock();
        used.process = used.process.saturating_add(bytes);
        let of_token = used.tokens.entry(self.token).or_default();
        *of_token = of_token.saturating_add(bytes);
    }

    /// Releases bytes that [`Self::take`] or [`Self::count`] took.
    pub fn give_back(&self, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let mut used = self.pool.lock();
        used.process = used.process.saturating_sub(bytes);
        if let Some(of_token) = used.tokens.get_mut(&self.token) {
            *of_token = of_token.saturating_sub(bytes);
            if *of_token == 0 {
                used.tokens.remove(&self.token);
            }
        }
    }
}

/// Reserved memory, released when dropped.
#[derive(Debug)]
pub struct MemoryReservation {
    memory: TokenMemory,
    bytes: u64,
}

impl MemoryReservation {
    pub fn new(memory: TokenMemory) -> Self {
        Self { memory, bytes: 0 }
    }

    /// Reserves more bytes.
    ///
    /// # Errors
    /// See [`TokenMemory::take`].
    pub fn grow(&mut self, bytes: u64) -> Result<(), LimitExceeded> {
        self.memory.take(self.bytes, bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Releases all but `bytes` bytes.
    pub fn shrink(&mut self, bytes: u64) {
        self.memory.give_back(self.bytes.saturating_sub(bytes));
        self.bytes = self.bytes.min(bytes);
    }
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn code(result: Result<(), LimitExceeded>) -> Option<&'static str> {
        result.err().map(|error| error.code())
    }

    #[test]
    fn a_token_uses_no_more_memory_than_its_share() {
        let pool = MemoryPool::new(MemoryLimits { process: 100 * MIB, token: 4 * MIB });
        let (one, other) = (pool.token("one"), pool.token("other"));
        assert_eq!(code(one.take(0, 5 * MIB)), Some("TOO_COMPLEX"), "alone");
        assert_eq!(code(one.take(0, 3 * MIB)), None);
        assert_eq!(code(one.take(0, 2 * MIB)), Some("RATE_LIMITED"), "with its other operations");
        assert_eq!(code(other.take(0, 4 * MIB)), None);
        one.give_back(3 * MIB);
        assert_eq!(code(one.take(0, 4 * MIB)), None);
        one.give_back(4 * MIB);
        other.give_back(4 * MIB);
        assert_eq!(pool.used(), 0);
        assert!(pool.lock().tokens.is_empty());
    }

    #[test]
    fn memory_is_reserved_for_tokens_that_use_little() {
        let pool = MemoryPool::new(MemoryLimits { process: 8 * MIB, token: 7 * MIB });
        let (large, small) = (pool.token("large"), pool.token("small"));
        assert_eq!(code(large.take(0, 6 * MIB)), None, "three quarters");
        assert_eq!(code(large.take(0, 1)), Some("UNAVAILABLE"), "a small operation of a token that holds much");
        assert_eq!(code(small.take(0, SMALL)), None);
        assert_eq!(code(small.take(SMALL, 1)), Some("UNAVAILABLE"), "no longer little");
        assert_eq!(code(pool.token("another").take(0, SMALL)), None);
        assert_eq!(code(pool.token("late").take(0, 1)), Some("UNAVAILABLE"), "the reserve has an end, too");
    }

    #[test]
    fn memory_is_released() {
        let pool = MemoryPool::new(MemoryLimits { process: 1_000, token: 500 });
        let mut reservation = MemoryReservation::new(pool.token("a"));
        reservation.grow(300).unwrap();
        assert_eq!(reservation.grow(201).unwrap_err().code(), "TOO_COMPLEX");
        let mut other = MemoryReservation::new(pool.token("a"));
        assert_eq!(other.grow(300).unwrap_err().code(), "RATE_LIMITED");
        reservation.shrink(100);
        reservation.shrink(200);
        other.grow(300).unwrap();
        assert_eq!(pool.used(), 400);
        drop((reservation, other));
        assert_eq!(pool.used(), 0);
    }
}
