//! One loader for each relation, as the guide recommends.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use bench_data::{Assignment, Customer, Message, Named, User, postgres as db};

use crate::Viewer;

pub struct Loaders(pub Viewer);

type Failure = Arc<sqlx::Error>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CustomerKey(pub i64);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserKey(pub i64);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeKey(pub i64);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AssignmentsOf(pub i64);
/// The first messages of a note.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessagesOf {
    pub note: i64,
    pub first: i32,
}

impl Loader<CustomerKey> for Loaders {
    type Value = Arc<Customer>;
    type Error = Failure;

    async fn load(&self, keys: &[CustomerKey]) -> Result<HashMap<CustomerKey, Self::Value>, Failure> {
        let ids: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let rows = db::customers(&self.0.pool, self.0.company, &ids).await?;
        Ok(rows.into_iter().map(|row| (CustomerKey(row.id), Arc::new(row))).collect())
    }
}

impl Loader<UserKey> for Loaders {
    type Value = Arc<User>;
    type Error = Failure;

    async fn load(&self, keys: &[UserKey]) -> Result<HashMap<UserKey, Self::Value>, Failure> {
        let ids: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let rows = db::users(&self.0.pool, self.0.company, &ids).await?;
        Ok(rows.into_iter().map(|row| (UserKey(row.id), Arc::new(row))).collect())
    }
}

impl Loader<TypeKey> for Loaders {
    type Value = Arc<Named>;
    type Error = Failure;

    async fn load(&self, keys: &[TypeKey]) -> Result<HashMap<TypeKey, Self::Value>, Failure> {
        let ids: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let rows = db::note_types(&self.0.pool, self.0.company, &ids).await?;
        Ok(rows.into_iter().map(|row| (TypeKey(row.id), Arc::new(row))).collect())
    }
}

impl Loader<AssignmentsOf> for Loaders {
    type Value = Vec<Arc<Assignment>>;
    type Error = Failure;

    async fn load(&self, keys: &[AssignmentsOf]) -> Result<HashMap<AssignmentsOf, Self::Value>, Failure> {
        let ids: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let mut found: HashMap<AssignmentsOf, Self::Value> = HashMap::new();
        for row in db::assignments(&self.0.pool, self.0.company, &ids).await? {
            found.entry(AssignmentsOf(row.note_id)).or_default().push(Arc::new(row));
        }
        Ok(found)
    }
}

impl Loader<MessagesOf> for Loaders {
    type Value = Vec<Arc<Message>>;
    type Error = Failure;

    async fn load(&self, keys: &[MessagesOf]) -> Result<HashMap<MessagesOf, Self::Value>, Failure> {
        let mut by_first: HashMap<i32, Vec<i64>> = HashMap::new();
        for key in keys {
            by_first.entry(key.first).or_default().push(key.note);
        }
        let mut found: HashMap<MessagesOf, Self::Value> = HashMap::new();
        for (first, notes) in by_first {
            for row in db::messages(&self.0.pool, self.0.company, &notes, first).await? {
                found.entry(MessagesOf { note: row.note_id, first }).or_default().push(Arc::new(row));
            }
        }
        Ok(found)
    }
}
