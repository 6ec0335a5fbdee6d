//! A keyed permutation of short blocks, so that cursors and IDs of events do not show how many events there are.
//!
//! Events of all companies are numbered together, and those of notes that a viewer may not see are among them. The
//! construction is that of Luby and Rackoff: a Feistel network with SHA-256 as its round function.

use sha2::{Digest, Sha256};

/// Four rounds suffice against chosen texts in both directions.
const ROUNDS: u8 = 4;

/// The key of a permutation.
pub struct Key([u8; 32]);

impl Key {
    /// The key for one purpose of one company.
    pub fn new(secret: &str, purpose: &str, company: i64) -> Self {
        let mut hash = Sha256::new();
        hash.update((secret.len() as u64).to_be_bytes());
        hash.update(secret);
        hash.update(company.to_be_bytes());
        hash.update(purpose);
        Self(hash.finalize().into())
    }

    /// Permutes a block of two halves.
    pub fn hide<const N: usize>(&self, [mut left, mut right]: [[u8; N]; 2]) -> [[u8; N]; 2] {
        for round in 0..ROUNDS {
            self.mix(round, &right, &mut left);
            std::mem::swap(&mut left, &mut right);
        }
        [left, right]
    }

    /// The inverse of [`Key::hide`].
    pub fn reveal<const N: usize>(&self, [mut left, mut right]: [[u8; N]; 2]) -> [[u8; N]; 2] {
        for round in (0..ROUNDS).rev() {
            std::mem::swap(&mut left, &mut right);
            self.mix(round, &right, &mut left);
        }
        [left, right]
    }

    fn mix<const N: usize>(&self, round: u8, from: &[u8; N], into: &mut [u8; N]) {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update([round]);
        hash.update(from);
        for (byte, mixed) in into.iter_mut().zip(hash.finalize()) {
            *byte ^= mixed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_hidden_and_revealed() {
        let key = Key::new("secret", "cursor", 1);
        let mut all = std::collections::HashSet::new();
        for number in 0..1_000_u64 {
            let block = [number.to_be_bytes(), [0; 8]];
            let hidden = key.hide(block);
            assert_eq!(key.reveal(hidden), block);
            assert!(all.insert(hidden));
        }
        let block = [[7; 24], [0; 24]];
        assert_eq!(key.reveal(key.hide(block)), block);
        for other in [Key::new("secret", "cursor", 2), Key::new("secret", "id", 1), Key::new("secre", "cursor", 1)] {
            assert_ne!(other.hide(block), key.hide(block));
            assert_ne!(other.reveal(key.hide(block)), block);
        }
    }
}
