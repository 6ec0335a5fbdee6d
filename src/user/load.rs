use std::sync::{Arc, LazyLock};

use hashbrown::HashMap;

use super::User;
use crate::engine::Loader;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::store::entity::user;
use crate::store::selected_columns::FieldColumns;

/// The columns that the fields of a user read.
pub static COLUMNS: LazyLock<FieldColumns<user::Entity>> =
    LazyLock::new(|| FieldColumns::of::<User>(&["company_id", "id"]));

/// Loads users by key.
pub struct UserById;

impl Loader for UserById {
    type Key = i64;
    type Value = Arc<user::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[i64]) -> Result<HashMap<i64, Self::Value>> {
        let keys = reader.db.dialect().one_of((user::Entity, user::Column::Id), keys.iter().copied());
        let condition = reader.access.visible_users().add(keys);
        let users = reader.columns(&COLUMNS).matching(condition, reader.db.read()).await?;
        Ok(users.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}
