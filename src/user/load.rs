use std::sync::Arc;

use breadth::Loader;
use hashbrown::HashMap;

use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::UserId;
use crate::store::entity::user;

/// Loads users by key.
pub struct UserById;

impl Loader for UserById {
    type Key = UserId;
    type Value = Arc<user::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[UserId]) -> Result<HashMap<UserId, Self::Value>> {
        let keys = reader.db.dialect().one_of((user::Entity, user::Column::Id), keys.iter().copied());
        let condition = reader.access.visible_users().add(keys);
        let users = reader.columns::<user::Entity>().matching(condition, reader.db.read()).await?;
        Ok(users.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}
