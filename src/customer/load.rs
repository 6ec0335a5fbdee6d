use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::QueryFilter;

use crate::context::Reader;
use crate::db::one_of;
use crate::engine::Question;
use crate::entity::customer;
use crate::error::Result;

/// Customers by key.
pub struct CustomerById;

impl Question for CustomerById {
    type Key = i64;
    type Answer = Arc<customer::Model>;
    type Source = Reader;

    async fn ask(reader: &Reader, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(reader.db.backend(), (customer::Entity, customer::Column::Id), keys.iter().copied());
        let found = reader.sight.customers().filter(keys).all(reader.db.read()).await?;
        Ok(found.into_iter().map(|customer| (customer.id, Arc::new(customer))).collect())
    }
}
