use sea_orm::{ConnectionTrait, DbErr};

use crate::db::{self, Table};

/// Where new ids come from. A trial run takes none of the database's: these would be lost with it, as a sequence is
/// not part of a transaction. Its own are negative, which no other is.
pub struct Ids {
    trial: bool,
    last: i64,
}

impl Ids {
    pub fn new(trial: bool) -> Self {
        Self { trial, last: 0 }
    }

    pub async fn next(
        &mut self,
        connection: &impl ConnectionTrait,
        table: Table,
        count: usize,
    ) -> Result<Vec<i64>, DbErr> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if !self.trial {
            return db::next_ids(connection, table, count).await;
        }
        Ok((0..count)
            .map(|_| {
                self.last -= 1;
                self.last
            })
            .collect())
    }

    pub async fn reserve(&self, connection: &impl ConnectionTrait, table: Table, largest: i64) -> Result<(), DbErr> {
        if self.trial || largest <= 0 { Ok(()) } else { db::reserve(connection, table, largest).await }
    }
}
