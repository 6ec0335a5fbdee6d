use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use sea_orm::Value;
use tokio_postgres::{Client, Error, Statement};

use super::parameter::type_of;

/// So many statements are kept prepared on a connection: those used last. Each takes some ten KB of the server.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// The statements that are prepared on a connection, by their text.
pub struct Cache(Mutex<LruCache<String, Statement>>);

impl Default for Cache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(STATEMENTS)))
    }
}

impl Cache {
    /// The statement of this text, for values of these types.
    ///
    /// # Errors
    /// When the server does not understand it.
    pub async fn prepare(&self, client: &Client, sql: &str, values: &[Value]) -> Result<Statement, Error> {
        let known = self.lock().get(sql).cloned();
        // Texts are the same for other types where a value is a number here and a text there.
        if let Some(statement) = known.filter(|statement| takes(statement, values)) {
            return Ok(statement);
        }
        let types: Vec<_> = values.iter().map(type_of).collect();
        let statement = client.prepare_typed(sql, &types).await?;
        self.lock().put(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Forgets a statement: its tables have changed, or the server does not know it any more.
    pub fn forget(&self, sql: &str) {
        self.lock().pop(sql);
    }

    /// Nothing panics while it holds the cache.
    fn lock(&self) -> MutexGuard<'_, LruCache<String, Statement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn takes(statement: &Statement, values: &[Value]) -> bool {
    let taken = statement.params();
    taken.len() == values.len() && taken.iter().zip(values).all(|(taken, value)| *taken == type_of(value))
}
