use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::QueryFilter;

use crate::db::{Db, one_of};
use crate::entity::{Sight, user};
use crate::error::Result;
use crate::loader::Question;

/// Users by key.
pub struct UserById;

impl Question for UserById {
    type Key = i64;
    type Answer = Arc<user::Model>;

    async fn ask(db: &Db, sight: Sight, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(db.backend(), (user::Entity, user::Column::Id), keys.iter().copied());
        let found = sight.users().filter(keys).all(db.read()).await?;
        Ok(found.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}
