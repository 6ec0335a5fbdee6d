use std::sync::Arc;

use breadth::Loader;
use hashbrown::HashMap;

use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::CustomerId;
use crate::store::entity::customer;

/// Loads customers by key.
pub struct CustomerById;

impl Loader for CustomerById {
    type Key = CustomerId;
    type Value = Arc<customer::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[CustomerId]) -> Result<HashMap<CustomerId, Self::Value>> {
        let keys = reader.db.dialect().one_of((customer::Entity, customer::Column::Id), keys.iter().copied());
        let condition = reader.access.visible_customers().add(keys);
        let customers = reader.columns::<customer::Entity>().matching(condition, reader.db.read()).await?;
        Ok(customers.into_iter().map(|customer| (customer.id, Arc::new(customer))).collect())
    }
}
