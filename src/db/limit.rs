use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::metric::Info;
use sea_orm::sqlx::SqliteConnection;
use sea_orm::{DatabaseConnection, SqlxError};

/// How many instructions of its own `SQLite` runs before it asks whether to go on: fractions of a millisecond.
const INSTRUCTIONS: i32 = 10_000;

/// How long a statement may run on one connection to `SQLite`, which has no such setting, but asks from time to time
/// whether to go on.
///
/// It is not told when a statement begins: that is when the connection is taken, or when the statement before it has
/// ended.
#[derive(Clone, Debug)]
pub struct TimeLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    most: Duration,
    start: Instant,
    /// When the statement began, in milliseconds from the start; 0 where there is no limit.
    began: AtomicU64,
}

impl TimeLimit {
    pub fn new(most: Duration) -> Self {
        Self(Arc::new(Limit { most, start: Instant::now(), began: AtomicU64::new(0) }))
    }

    /// The connection is taken.
    pub fn begin(&self) {
        self.0.began.store(self.0.now(), Ordering::Relaxed);
    }

    /// A statement has ended, and another may begin.
    pub fn next(&self) {
        if self.0.began.load(Ordering::Relaxed) != 0 {
            self.begin();
        }
    }

    /// No limit until the connection is taken again.
    pub fn lift(&self) {
        self.0.began.store(0, Ordering::Relaxed);
    }

    /// Has the connection keep to the limit.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn watch(self, connection: &mut SqliteConnection) -> Result<(), SqlxError> {
        self.begin();
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || self.0.permits());
        Ok(())
    }
}

/// A connection to `SQLite` whose statements have a time limit.
#[derive(Clone, Debug)]
pub struct Limited {
    pub door: DatabaseConnection,
    pub limit: TimeLimit,
}

impl Limited {
    pub fn new(door: DatabaseConnection, limit: TimeLimit) -> Self {
        let mut limited = Self { door, limit };
        limited.observe(|_| ());
        limited
    }

    /// Calls back with every statement.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&Info<'_>) + Send + Sync + 'static,
    {
        let limit = self.limit.clone();
        self.door.set_metric_callback(move |info| {
            limit.next();
            callback(info);
        });
    }
}

impl Limit {
    fn permits(&self) -> bool {
        let began = self.began.load(Ordering::Relaxed);
        began == 0 || Duration::from_millis(self.now().saturating_sub(began)) < self.most
    }

    /// The first millisecond is 1.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}
