use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use sea_orm::Value;
use tokio_postgres::{Client, Error, Statement};

use super::parameter::type_of;

/// Maximum number of prepared statements per connection, the most recently used. Each takes about 10 KB on the server.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// The prepared statements of a connection, by their text.
pub struct Cache(Mutex<LruCache<String, Statement>>);

impl Default for Cache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(STATEMENTS)))
    }
}

impl Cache {
    /// Returns the prepared statement of this text, for values of these types.
    ///
    /// # Errors
    /// If the server refuses the statement.
    pub async fn prepare(&self, client: &Client, sql: &str, values: &[Value]) -> Result<Statement, Error> {
        let known = self.lock().get(sql).cloned();
        // The same text may be used with values of other types, such as a number instead of a text.
        if let Some(statement) = known.filter(|statement| takes(statement, values)) {
            return Ok(statement);
        }
        let types: Vec<_> = values.iter().map(type_of).collect();
        let statement = client.prepare_typed(sql, &types).await?;
        self.lock().put(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Forgets a statement, because its tables have changed or the server no longer knows it.
    pub fn forget(&self, sql: &str) {
        self.lock().pop(sql);
    }

    /// No holder of the lock panics.
    fn lock(&self) -> MutexGuard<'_, LruCache<String, Statement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn takes(statement: &Statement, values: &[Value]) -> bool {
    let taken = statement.params();
    taken.len() == values.len() && taken.iter().zip(values).all(|(taken, value)| *taken == type_of(value))
}
