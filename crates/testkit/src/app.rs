//! A server in this process, with a database of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, Utc};
use notegraph::clock::Clock;
use notegraph::graphql::ListLimits;
use notegraph::graphql::context;
use notegraph::http::{HttpSettings, RateLimit, router};
use notegraph::meter::OperationLimits;
use notegraph::quota::{self, Quota};
use notegraph::scheduling::watchdog;
use notegraph::schema;
use notegraph::store::db::{Db, IdSpacing, RowQueries};
use sea_orm::{ConnectionTrait, Statement};

use super::database::{Database, Engine};
use super::recording::{Recorder, Recording};

/// Initial time of a test's clock; each reading is a second later.
const START: &str = "2026-03-02T09:00:00Z";

/// Budgets that do not refuse a test for being fast.
pub const ENDLESS: RateLimit = RateLimit { operations: 1_000, budget: 1 << 40, refill: 1 << 40 };

/// Limits per operation that do not refuse a test for being slow, as unoptimized builds are.
const UNHURRIED: OperationLimits = OperationLimits {
    database: Duration::from_mins(10),
    cpu: Duration::from_mins(10),
    answer_bytes: 32 << 20,
    values: 1_000_000,
};

/// A server with a fresh, migrated, empty database. Cheap to clone; the last clone removes the database.
#[derive(Clone)]
pub struct App(Arc<Running>);

struct Running {
    recorder: Recorder,
    app: context::AppState,
    router: Router,
    // The last field, so that it is dropped when nothing is connected any more.
    database: Database,
}

/// Fails a test in which a poll blocked its thread for too long; with concurrent tests, another one may fail instead.
impl Drop for Running {
    fn drop(&mut self) {
        if let Some(poll) = watchdog::take_slow_poll()
            && !std::thread::panicking()
        {
            panic!("a poll took more than {:?} of CPU time: {poll}", watchdog::limit());
        }
    }
}

impl App {
    /// Starts on the database of this run.
    pub async fn start() -> Self {
        Self::start_on(&Engine::of_this_run()).await
    }

    pub async fn start_on(engine: &Engine) -> Self {
        Self::start_with(engine, ListLimits::default()).await
    }

    /// Starts with other limits of searches, so that few notes suffice in a test of them.
    pub async fn start_with(engine: &Engine, limits: ListLimits) -> Self {
        Self::over(Database::migrated(engine).await, limits, Quota::default()).await
    }

    /// Starts on this database, with ids as the program generates them.
    pub async fn start_over(database: Database) -> Self {
        Self::with_ids(database, ListLimits::default(), Quota::default(), IdSpacing::default()).await
    }

    /// Starts with these limits on what companies may store.
    pub async fn start_with_quota(limits: quota::QuotaLimits) -> Self {
        let database = Database::migrated(&Engine::of_this_run()).await;
        Self::over(database, ListLimits::default(), Quota::new(limits)).await
    }

    /// Starts on a copy of a `SQLite` file.
    pub async fn restored(file: &Path) -> Self {
        Self::over(Database::restored(file), ListLimits::default(), Quota::default()).await
    }

    async fn over(database: Database, limits: ListLimits, quota: Quota) -> Self {
        // Ids are the same in each run; tests of ids generate theirs as the program does.
        Self::with_ids(database, limits, quota, IdSpacing::Dense).await
    }

    async fn with_ids(database: Database, limits: ListLimits, quota: Quota, spacing: IdSpacing) -> Self {
        let recorder = Recorder::default();
        let mut db = database.open().await;
        db.set_id_spacing(spacing);
        db.observe({
            let recorder = recorder.clone();
            move |info| recorder.hear(info.statement)
        });
        let start: DateTime<Utc> = START.parse().unwrap();
        let app = context::AppState { db, clock: Clock::stepping(start), limits, quota };
        let settings = HttpSettings {
            token_rate_limit: ENDLESS,
            address_rate_limit: ENDLESS,
            usage: UNHURRIED,
            ..HttpSettings::default()
        };
        let router = router(app.clone(), schema::build(), &settings);
        Self(Arc::new(Running { recorder, app, router, database }))
    }

    pub fn db(&self) -> &Db {
        &self.0.app.db
    }

    /// Waits until the event log is complete up to its last event. On `PostgreSQL`, transactions of all databases of the
    /// server delay it, and so those of other tests.
    pub async fn settle(&self) {
        let dialect = self.db().dialect();
        let [transaction, id] = dialect.event_horizon();
        let sql = format!("SELECT 1 FROM event WHERE (transaction_id, id) >= ({transaction}, {id}) LIMIT 1");
        for _ in 0..12_000 {
            if self.db().read().row_raw(dialect.statement(sql.as_str(), [])).await.unwrap().is_none() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("a transaction keeps the event log from being complete");
    }

    pub fn clock(&self) -> &Clock {
        &self.0.app.clock
    }

    /// The URL of the database, for commands that connect themselves.
    pub fn database_url(&self) -> &str {
        self.0.database.url()
    }

    /// The context that the server passes to each operation.
    pub fn context(&self) -> &context::AppState {
        &self.0.app
    }

    /// The HTTP service, without a socket.
    pub fn router(&self) -> Router {
        self.0.router.clone()
    }

    /// Records the statements from now on.
    pub fn record(&self) -> Recording {
        self.0.recorder.listen()
    }

    /// Fails if the plan of a statement reads a whole table or a whole index.
    pub async fn assert_no_table_scans(&self, statements: &[Statement]) {
        super::plan::assert_none(self.db(), statements, "scans a table", |plan| &plan.scans).await;
    }

    /// The plan of a statement, as `SQLite` prints it.
    pub async fn explain(&self, statement: &Statement) -> String {
        let mut explained = statement.clone();
        explained.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
        let rows = self.db().read().query_all_raw(explained).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
        steps.join("\n")
    }

    /// Fails if the plan of a statement sorts rows, instead of reading them in the order of an index.
    pub async fn assert_no_sorts(&self, statements: &[Statement]) {
        super::plan::assert_none(self.db(), statements, "sorts", |plan| &plan.sorts).await;
    }
}
