use std::sync::{Arc, LazyLock};

use hashbrown::HashMap;

use super::Customer;
use crate::engine::Loader;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::store::entity::customer;
use crate::store::selected_columns::FieldColumns;

/// The columns that the fields of a customer read.
pub static COLUMNS: LazyLock<FieldColumns<customer::Entity>> =
    LazyLock::new(|| FieldColumns::of::<Customer>(&["company_id", "id"]));

/// Loads customers by key.
pub struct CustomerById;

impl Loader for CustomerById {
    type Key = i64;
    type Value = Arc<customer::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[i64]) -> Result<HashMap<i64, Self::Value>> {
        let keys = reader.db.dialect().one_of((customer::Entity, customer::Column::Id), keys.iter().copied());
        let condition = reader.access.visible_customers().add(keys);
        let customers = reader.columns(&COLUMNS).matching(condition, reader.db.read()).await?;
        Ok(customers.into_iter().map(|customer| (customer.id, Arc::new(customer))).collect())
    }
}
