use std::sync::{Arc, LazyLock};

use hashbrown::HashMap;

use super::User;
use crate::context::Reader;
use crate::db::one_of;
use crate::engine::Question;
use crate::entity::user;
use crate::error::Result;
use crate::projection::Projection;

/// The columns that the fields of a user read.
pub static COLUMNS: LazyLock<Projection<user::Entity>> =
    LazyLock::new(|| Projection::of::<User>(&["company_id", "id"]));

/// Loads users by key.
pub struct UserById;

impl Question for UserById {
    type Key = i64;
    type Answer = Arc<user::Model>;
    type Source = Reader;
    type Error = crate::error::Error;

    async fn ask(reader: &Reader, keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let keys = one_of(reader.db.backend(), (user::Entity, user::Column::Id), keys.iter().copied());
        let condition = reader.sight.sees_user().add(keys);
        let users = reader.columns(&COLUMNS).matching(condition, reader.db.read()).await?;
        Ok(users.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}
