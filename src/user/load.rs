use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::QueryFilter;

use crate::context::Reader;
use crate::db::one_of;
use crate::engine::Question;
use crate::entity::user;
use crate::error::Result;

/// Users by key.
pub struct UserById;

impl Question for UserById {
    type Key = i64;
    type Answer = Arc<user::Model>;
    type Source = Reader;

    async fn ask(reader: &Reader, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(reader.db.backend(), (user::Entity, user::Column::Id), keys.iter().copied());
        let found = reader.sight.users().filter(keys).all(reader.db.read()).await?;
        Ok(found.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}
