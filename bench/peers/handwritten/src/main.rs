//! The upper bound of the comparison: an HTTP handler for each kind of work, without GraphQL. It uses the same batched
//! statements as the peers, assembles rows by hand, and serializes them with serde.
//!
//! With `BENCH_AUTHENTICATE=1` it looks up the token of each request, as notegraph has to.

mod answer;
mod asked;
mod read;
mod write;

use axum::Router;
use axum::routing::{get, patch, post};
use bench_data::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The state of each request, generic over the database, as the statements are.
pub struct State<D: sqlx::Database> {
    pub read: sqlx::Pool<D>,
    /// `SQLite` lets only one connection write at a time, so its write pool has one connection.
    pub write: sqlx::Pool<D>,
    pub company: i64,
    pub actor: i64,
    pub authenticate: bool,
}

// Derived, it would require the database's type to be `Clone`.
impl<D: sqlx::Database> Clone for State<D> {
    fn clone(&self) -> Self {
        let (read, write) = (self.read.clone(), self.write.clone());
        Self { read, write, company: self.company, actor: self.actor, authenticate: self.authenticate }
    }
}

macro_rules! router {
    ($module:ident, $state:expr) => {
        Router::new()
            .route("/note/{id}", get(read::$module::note))
            .route("/note/{id}", patch(write::$module::patch))
            .route("/note", post(write::$module::create))
            .route("/notes", get(read::$module::newest_open))
            .route("/customer/{id}/notes", get(read::$module::of_customer))
            .with_state($state)
    };
}

#[tokio::main]
async fn main() {
    let settings = Settings::from_environment();
    let authenticate = std::env::var("BENCH_AUTHENTICATE").is_ok_and(|value| value == "1");
    let router = if settings.database.starts_with("sqlite:") {
        router!(sqlite, sqlite(&settings, authenticate).await)
    } else {
        router!(postgres, postgres(&settings, authenticate).await)
    };
    let listener = tokio::net::TcpListener::bind(&settings.listen).await.expect("a free port");
    axum::serve(listener, router).await.expect("a server that runs until it is ended");
}

async fn postgres(settings: &Settings, authenticate: bool) -> State<sqlx::Postgres> {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(settings.connections)
        .test_before_acquire(false)
        .connect(&settings.database)
        .await
        .expect("a database that answers");
    State { read: pool.clone(), write: pool, company: settings.company, actor: settings.actor, authenticate }
}

async fn sqlite(settings: &Settings, authenticate: bool) -> State<sqlx::Sqlite> {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
    let options = settings
        .database
        .parse::<SqliteConnectOptions>()
        .expect("the address of a database")
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(std::time::Duration::from_secs(10));
    let pool = |connections| SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
    let write = pool(1).connect_with(options.clone()).await.expect("a database that opens");
    let read = pool(settings.connections).connect_with(options).await.expect("a database that opens");
    State { read, write, company: settings.company, actor: settings.actor, authenticate }
}
