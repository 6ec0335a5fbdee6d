//! Locks of a name instead of a row, for what has no row yet. On `SQLite`, which has one writer at a time, the
//! transaction itself is such a lock.

use sea_orm::{ConnectionTrait, DbErr};
use sha2::{Digest, Sha256};

use super::{Database, Dialect};
use crate::store::db::transaction::{Answer, Answers, ReadBatch, Transaction};

/// Whether a name was locked: see [`ReadBatch::try_lock_name`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct LockedName(Option<Answer>);

impl Transaction {
    /// Waits for the lock of a name, and holds it until the transaction ends.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn lock_name(&self, name: &str) -> Result<(), DbErr> {
        let dialect = Dialect::of(self);
        match dialect.0 {
            Database::Postgres => {
                let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
                self.execute_raw(dialect.statement(sql, [name.into()])).await.map(drop)
            }
            Database::Sqlite => Ok(()),
        }
    }
}

impl ReadBatch {
    /// Takes the lock of a name until the transaction ends, unless another transaction holds it: see
    /// [`Answers::has_locked`]. Reads that were added after it see what earlier holders of the lock have committed. The
    /// name may come from a client, so its hash is a cryptographic one.
    pub fn try_lock_name(&mut self, name: &str) -> LockedName {
        let dialect = self.dialect();
        LockedName(match dialect.0 {
            Database::Postgres => {
                let sql = "SELECT pg_try_advisory_xact_lock($1) AS locked";
                Some(self.add_raw(dialect.statement(sql, [lock_of(name).into()])))
            }
            Database::Sqlite => None,
        })
    }
}

impl Answers {
    /// Whether the name was locked; false if another transaction holds the lock.
    ///
    /// # Errors
    /// If the answer has another type.
    pub fn has_locked(&mut self, name: LockedName) -> Result<bool, DbErr> {
        let Some(answer) = name.0 else { return Ok(true) };
        self.take(answer).first().map_or(Ok(false), |row| Ok(row.value(0)?.unwrap_or_default()))
    }
}

fn lock_of(name: &str) -> i64 {
    Sha256::digest(name).iter().take(8).fold(0, |lock: i64, byte| (lock << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Servers of two versions on one database take the same locks.
    #[test]
    fn the_lock_of_a_name_stays_the_same() {
        assert_eq!(lock_of("abc"), i64::from_be_bytes([0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]));
    }
}
