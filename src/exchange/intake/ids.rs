use sea_orm::{ConnectionTrait, DbErr};

use crate::ids::{CompanyId, EventId, RecordId};
use crate::store::db::{self, CountedId};

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

    pub async fn next<I: CountedId>(
        &mut self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        count: usize,
    ) -> Result<Vec<I>, DbErr> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if self.trial { Ok(self.trial(count)) } else { self.made.allocate(connection, company_id, count).await }
    }

    /// Returns ids for events.
    pub async fn events(&mut self, connection: &impl ConnectionTrait, count: usize) -> Result<Vec<EventId>, DbErr> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if self.trial { Ok(self.trial(count)) } else { db::event_ids(connection, count).await }
    }

    pub async fn new_company(&self, connection: &impl ConnectionTrait) -> Result<CompanyId, DbErr> {
        self.made.new_company(connection).await
    }

    pub async fn reserve<I: CountedId>(
        &self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        largest: I,
    ) -> Result<(), DbErr> {
        if self.trial || largest <= I::default() {
            return Ok(());
        }
        db::reserve(connection, company_id, largest).await
    }

    fn trial<I: RecordId>(&mut self, count: usize) -> Vec<I> {
        let next = |_| {
            self.last -= 1;
            I::from(self.last)
        };
        (0..count).map(next).collect()
    }
}
