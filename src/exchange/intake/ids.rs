use sea_orm::{ConnectionTrait, DbErr};

use crate::store::db::{self, CompanyTable};

/// Source of new ids. The ids of a dry run are negative, unlike all others: ids that it claimed in the database would
/// be lost with it, and other writers would wait for its claim.
pub struct IdAllocator {
    made: db::IdSequences,
    trial: bool,
    last: i64,
}

impl IdAllocator {
    pub fn new(made: db::IdSequences, trial: bool) -> Self {
        Self { made, trial, last: 0 }
    }

    pub async fn next(
        &mut self,
        connection: &impl ConnectionTrait,
        company_id: i64,
        table: CompanyTable,
        count: usize,
    ) -> Result<Vec<i64>, DbErr> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if self.trial { Ok(self.trial(count)) } else { self.made.allocate(connection, company_id, table, count).await }
    }

    /// Returns ids for events.
    pub async fn events(&mut self, connection: &impl ConnectionTrait, count: usize) -> Result<Vec<i64>, DbErr> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if self.trial { Ok(self.trial(count)) } else { db::event_ids(connection, count).await }
    }

    pub async fn new_company(&self, connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
        self.made.new_company(connection).await
    }

    pub async fn reserve(
        &self,
        connection: &impl ConnectionTrait,
        company_id: i64,
        table: CompanyTable,
        largest: i64,
    ) -> Result<(), DbErr> {
        if self.trial || largest <= 0 {
            return Ok(());
        }
        db::reserve(connection, company_id, table, largest).await
    }

    fn trial(&mut self, count: usize) -> Vec<i64> {
        let next = |_| {
            self.last -= 1;
            self.last
        };
        (0..count).map(next).collect()
    }
}
