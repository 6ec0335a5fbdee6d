use std::sync::Arc;

use breadth::Loader;
use hashbrown::HashMap;

use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::UserId;
use crate::store::AccessScope;
use crate::store::entity::user;
use crate::store::statement_template::TemplateName;

/// Loads users by key.
pub struct UserById;

impl Loader for UserById {
    type Key = UserId;
    type Value = Arc<user::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[UserId]) -> Result<HashMap<UserId, Self::Value>> {
        let (columns, dialect) = (reader.columns::<user::Entity>(), reader.db.dialect());
        let find = |access: AccessScope, keys: &[i64]| {
            let keys = dialect.one_of((user::Entity, user::Column::Id), keys.iter().copied());
            columns.matching(access.visible_users().add(keys))
        };
        let users = columns.rows(reader.statement(TemplateName::Users, keys, find), reader.db.read()).await?;
        Ok(users.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}
