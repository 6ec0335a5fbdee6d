use std::sync::Arc;

use breadth::Loader;
use hashbrown::HashMap;

use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::CustomerId;
use crate::store::AccessScope;
use crate::store::entity::customer;
use crate::store::statement_template::TemplateName;

/// Loads customers by key.
pub struct CustomerById;

impl Loader for CustomerById {
    type Key = CustomerId;
    type Value = Arc<customer::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[CustomerId]) -> Result<HashMap<CustomerId, Self::Value>> {
        let (columns, dialect) = (reader.columns::<customer::Entity>(), reader.db.dialect());
        let find = |access: AccessScope, keys: &[i64]| {
            let keys = dialect.one_of((customer::Entity, customer::Column::Id), keys.iter().copied());
            columns.matching(access.visible_customers().add(keys))
        };
        let customers = columns.rows(reader.statement(TemplateName::Customers, keys, find), reader.db.read()).await?;
        Ok(customers.into_iter().map(|customer| (customer.id, Arc::new(customer))).collect())
    }
}
