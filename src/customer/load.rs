use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::QueryFilter;

use crate::db::{Db, one_of};
use crate::entity::{Sight, customer};
use crate::error::Result;
use crate::loader::Question;

/// Customers by key.
pub struct CustomerById;

impl Question for CustomerById {
    type Key = i64;
    type Answer = Arc<customer::Model>;

    async fn ask(db: &Db, sight: Sight, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(db.backend(), (customer::Entity, customer::Column::Id), keys.iter().copied());
        let found = sight.customers().filter(keys).all(db.read()).await?;
        Ok(found.into_iter().map(|customer| (customer.id, Arc::new(customer))).collect())
    }
}
