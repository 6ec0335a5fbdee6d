use std::sync::{Arc, LazyLock};

use hashbrown::HashMap;

use super::Customer;
use crate::context::Reader;
use crate::db::one_of;
use crate::engine::Question;
use crate::entity::customer;
use crate::error::Result;
use crate::projection::Projection;

/// The columns that the fields of a customer read.
pub static COLUMNS: LazyLock<Projection<customer::Entity>> =
    LazyLock::new(|| Projection::of::<Customer>(&["company_id", "id"]));

/// Loads customers by key.
pub struct CustomerById;

impl Question for CustomerById {
    type Key = i64;
    type Answer = Arc<customer::Model>;
    type Source = Reader;
    type Error = crate::error::Error;

    async fn ask(reader: &Reader, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(reader.db.backend(), (customer::Entity, customer::Column::Id), keys.iter().copied());
        let condition = reader.sight.sees_customer().add(keys);
        let customers = reader.columns(&COLUMNS).matching(condition, reader.db.read()).await?;
        Ok(customers.into_iter().map(|customer| (customer.id, Arc::new(customer))).collect())
    }
}
