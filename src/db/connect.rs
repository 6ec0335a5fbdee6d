use std::future::ready;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, RuntimeErr, Statement};

use super::doubt::Doubt;
use super::limit::{Limited, TimeLimit};
use super::probe::Probe;
use super::ready::Ready;
use super::{Db, Doors, Reader, file};

/// What to do where the `SQLite` file is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://...`.
    pub url: String,
    /// Connections to `PostgreSQL`, or reading connections to `SQLite`.
    pub connections: u32,
    /// The longest that one statement may run; on `PostgreSQL` waiting for locks included, on `SQLite` as much again for
    /// other processes that write.
    pub statement_timeout: Duration,
}

/// Why there is no database; the text is for the operator.
#[derive(Debug)]
pub enum ConnectError {
    /// The address names no database that we know.
    Address(String),
    /// The database does not answer, or refuses us.
    Database(DbErr),
    /// The database does not keep its data as safely as we promise; says in what.
    Unsafe(String),
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(reason) => f.write_str(reason),
            Self::Database(error) => write!(f, "cannot open the database: {error}"),
            Self::Unsafe(reason) => write!(f, "the database would not keep what it is given: {reason}"),
        }
    }
}

impl std::error::Error for ConnectError {}

impl From<DbErr> for ConnectError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

/// How long a caller waits for a free connection, a writer of `SQLite` for the one that writes.
pub const WAIT: Duration = Duration::from_secs(10);
/// The same for a reader of `SQLite`, who waits for his turn, and then until the connection that he was given is open.
pub const TURN: Duration = Duration::from_secs(7);
const OPEN: Duration = Duration::from_secs(3);

/// Opens the database.
///
/// # Errors
/// When the address is of no database we know, or the database does not answer.
pub async fn connect(settings: &Settings, missing: Missing) -> Result<Db, ConnectError> {
    let url = settings.url.as_str();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(postgres(settings).await?);
    }
    if !url.starts_with("sqlite:") {
        return Err(ConnectError::Address(format!(
            "the database address `{}` is neither of SQLite (sqlite://notegraph.db) nor of PostgreSQL \
             (postgres://user:password@host/name)",
            without_password(url)
        )));
    }
    file::prepare(url, missing)?;
    sqlite(settings, missing).await
}

fn without_password(address: &str) -> String {
    url::Url::parse(address).map_or_else(
        |_| address.chars().take_while(|c| *c != '@').collect(),
        |mut url| {
            let _ = url.set_password(None);
            url.to_string()
        },
    )
}

/// What the planner of `PostgreSQL` is told: reading a page here and there costs little more than reading on, as it does
/// in memory and on drives without arms (by default it prefers to read whole tables, which for a search of a million
/// notes takes seven times as long); and a statement has one core, not several workers and compiled code that take
/// longer to start than most of ours to end.
const PLANNING: [(&str, &str); 3] =
    [("random_page_cost", "1.1"), ("max_parallel_workers_per_gather", "0"), ("jit", "off")];

async fn postgres(settings: &Settings) -> Result<Db, DbErr> {
    let statement_timeout = settings.statement_timeout.as_millis().to_string();
    let doubt = Doubt::default();
    let [taken, released] = [doubt.clone(), doubt.clone()];
    let mut options = ConnectOptions::new(&settings.url);
    options
        .max_connections(settings.connections)
        .acquire_timeout(WAIT)
        .sqlx_logging(false)
        // A ping before each use is a round trip for each statement; one after idling finds the same dead ones.
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .map_sqlx_postgres_before_acquire(move |_, connection| Box::pin(ready(Ok(!taken.is_of(connection.age)))))
        // Before one goes back the library asks whether it still answers, and waits for as long as it does not.
        .map_sqlx_postgres_pool_opts(move |options| {
            let released = released.clone();
            options.after_release(move |_, connection| Box::pin(ready(Ok(!released.is_of(connection.age)))))
        })
        .map_sqlx_postgres_opts(move |options| {
            options
                .application_name("notegraph")
                .options([("statement_timeout", statement_timeout.as_str()), ("timezone", "UTC")])
                .options(PLANNING)
        });
    // One connection by itself first: it says at once what is wrong, where a pool would try again until its time is up.
    let of_driver = |error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)));
    let alone = PgConnectOptions::from_str(&settings.url).map_err(of_driver)?;
    let probe = Probe::new(alone.clone());
    probe.reach().await?;
    let ready = Ready::postgres(alone.application_name("notegraph readiness"));
    let pool = Database::connect(options).await?;
    let statement_timeout = settings.statement_timeout;
    let (read, doors) = (Reader::of_pool(pool.clone()), Doors::Postgres { pool, probe });
    Ok(Db { read, doors, ready, doubt, statement_timeout })
}

async fn sqlite(settings: &Settings, missing: Missing) -> Result<Db, ConnectError> {
    let doubt = Doubt::default();
    let create = missing == Missing::Create;
    let write = limited(settings, &doubt, WAIT, &move |options| options.create_if_missing(create)).await?;
    let mut readers = Vec::new();
    let reader = || limited(settings, &doubt, OPEN, &|options| options.pragma("query_only", "on"));
    for _ in 0..settings.connections {
        readers.push(reader().await?);
    }
    let (look, ready) = (reader().await?, Ready::sqlite(reader().await?));
    require_safe(&write.door).await?;
    let statement_timeout = settings.statement_timeout;
    let (read, doors) = (Reader::of_each(readers), Doors::Sqlite { write, look });
    Ok(Db { read, doors, ready, doubt, statement_timeout })
}

/// A pool of one connection, which is opened when it is needed.
async fn limited(
    settings: &Settings,
    doubt: &Doubt,
    wait: Duration,
    kind: &(impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Clone + Send + Sync + 'static),
) -> Result<Limited, DbErr> {
    let (doubt, kind, patience) = (doubt.clone(), kind.clone(), settings.statement_timeout);
    let limit = TimeLimit::new(patience);
    let (taken, watched) = (limit.clone(), limit.clone());
    let mut options = ConnectOptions::new(&settings.url);
    options
        .max_connections(1)
        .connect_lazy(true)
        .acquire_timeout(wait)
        .sqlx_logging(false)
        .test_before_acquire(false)
        // SQLite takes a transaction back by itself when its disk is full, and the library does not notice: it would
        // take the connection to be inside that transaction for ever.
        .map_sqlx_sqlite_before_acquire(move |connection, about| {
            taken.begin();
            Box::pin(ready(Ok(!connection.is_in_transaction() && !doubt.is_of(about.age))))
        })
        .map_sqlx_sqlite_pool_opts(move |options| {
            let limit = watched.clone();
            options.after_connect(move |connection, _| Box::pin(limit.clone().watch(connection)))
        })
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged change is on the disk, whatever happens next.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(patience);
            kind(options)
        });
    Ok(Limited::new(Database::connect(options).await?, limit))
}

/// What was asked for is not always what a file gets: some file systems and settings of `SQLite` have no write-ahead
/// log, and say so only to who asks.
async fn require_safe(connection: &DatabaseConnection) -> Result<(), ConnectError> {
    for (setting, wanted) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let sql = format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}");
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await?;
        let found: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        if found.as_deref() != Some(wanted) {
            let found = found.unwrap_or_default();
            return Err(ConnectError::Unsafe(format!("SQLite has {setting} = {found} here, and {wanted} is needed")));
        }
    }
    Ok(())
}
