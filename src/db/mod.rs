//! Database access: connecting, fair connection pools, the single write connection of `SQLite`, and the differences
//! between `SQLite` and `PostgreSQL`.

mod array;
mod commits;
mod connect;
mod door;
mod doubt;
mod fault;
mod file;
mod ids;
mod limit;
mod plan;
mod pool;
mod postgres;
mod probe;
mod reader;
mod ready;
mod row;
mod rows;
mod schema;
mod scope;
mod size;
mod stopwatch;
mod transaction;
mod work;

use std::sync::Arc;
use std::time::Duration;

use commits::Commits;
use doubt::Doubt;
use pool::{Overview, Pool};
use probe::Probe;
use ready::Ready;
use scope::Scope;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, ExecResult, IsolationLevel, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions,
};
use tokio::time::timeout;

pub use array::{keys_table, one_of, one_of_compared, one_of_pairs, one_of_texts};
pub use connect::{ConnectError, Missing, Settings, TokenConnections, connect};
pub use fault::Fault;
pub use file::sqlite_file;
pub use ids::{Ids, Steps, Table, dense_ids, event_ids, reserve};
pub use plan::rare;
pub use postgres::Violation;
pub use reader::Reader;
pub use row::{Plain, Queries, Row};
pub use rows::update_rows;
pub use schema::SchemaChange;
pub use scope::{Share, StopOnDrop, StopSignal, stopped};
pub use transaction::Transaction;

use crate::fair::Need;

/// A database handle of the process or of one operation. Cheap to clone.
///
/// Connections are scheduled by company, then by token. `SQLite` allows one writer at a time, so it has a separate
/// write connection that readers never wait for; on `PostgreSQL`, reads and transactions share a pool. Token lookups
/// and readiness checks have connections that operations never take. Statements time out on both databases.
#[derive(Clone, Debug)]
pub struct Db {
    read: Reader,
    shared: Shared,
    scope: Arc<Scope>,
}

/// State shared by all handles.
#[derive(Clone, Debug)]
struct Shared {
    doors: Doors,
    ready: Ready,
    /// For token lookups.
    lookup: Reader,
    doubt: Doubt,
    statement_timeout: Duration,
    ids: Ids,
}

/// Connections for writing, and for long reads of one snapshot.
#[derive(Clone, Debug)]
enum Doors {
    /// Transactions use the pool for reading. `schema` runs migrations.
    Postgres { schema: DatabaseConnection, probe: Probe, overview: Overview },
    /// `schema` is the connection of `write`.
    Sqlite { write: Pool, look: Pool, schema: DatabaseConnection, commits: Commits },
}

impl Db {
    fn new(read: Pool, backend: DatabaseBackend, shared: Shared) -> Self {
        let scope = Arc::new(Scope::of_process());
        let read = Reader::new(read, backend, Arc::clone(&scope), shared.doubt.clone());
        Self { read, shared, scope }
    }

    /// Returns a handle for one operation: its statements are scheduled by its token, and reported to its meter, which
    /// can stop them.
    #[must_use]
    pub fn scoped(&self, share: Share) -> Self {
        let scope = Arc::new(Scope::of(share));
        Self { read: self.read.scoped(Arc::clone(&scope)), shared: self.shared.clone(), scope }
    }

    /// For statements that only read; on `SQLite` these connections are read-only.
    pub fn read(&self) -> &Reader {
        &self.read
    }

    /// For token lookups, on connections that operations never take.
    pub fn lookup(&self) -> &Reader {
        &self.shared.lookup
    }

    /// Begins a transaction that may write.
    ///
    /// On `SQLite` it is IMMEDIATE: it waits for the write lock here, instead of failing at its first write. The caller
    /// must run in a task that is not dropped with a client's connection: a cancelled `begin` can hand an open
    /// transaction to the next borrower.
    ///
    /// # Errors
    /// If no connection is available in time.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let commits = self.commits();
        commits.map_or(Ok(()), Commits::check)?;
        // Boxed, since the futures of mutations contain this one and grow with it.
        let transaction = Box::pin(self.open(self.writers(), options)).await?.with_commits(commits.cloned());
        if let Some(limit) = transaction.limit() {
            // Waiting for the lock does not count against the first statement.
            limit.begin();
        }
        Ok(transaction)
    }

    /// Tries again if the connection was broken, since nothing was done on it.
    async fn open(&self, pool: &Pool, options: TransactionOptions) -> Result<Transaction, DbErr> {
        match self.try_open(pool, options).await {
            Err(error) if Fault::of(&error) == Some(Fault::Connection) => {
                self.shared.doubt.raise();
                self.try_open(pool, options).await
            }
            opened => opened,
        }
    }

    async fn try_open(&self, pool: &Pool, options: TransactionOptions) -> Result<Transaction, DbErr> {
        self.scope.check()?;
        let lease = pool.take(self.scope.owner, Need::Transaction).await?;
        lease.hold();
        let shares_with_reads = matches!(self.shared.doors, Doors::Postgres { .. });
        let opening = async {
            let door = lease.door().await?;
            transaction::begin(door, options).await
        };
        let opened = if shares_with_reads {
            let silent = || DbErr::Conn(RuntimeErr::Internal("no answer to the begin of a transaction".to_owned()));
            // The dropped future may have begun a transaction; the connection is rolled back before its next use.
            timeout(self.patience(), opening).await.map_err(|_| silent())?
        } else {
            opening.await
        };
        match opened {
            Ok(open) => Ok(Transaction::new(open, lease, Arc::clone(&self.scope), shares_with_reads)),
            Err(error) => {
                lease.end();
                Err(error)
            }
        }
    }

    /// The group commit of `SQLite`.
    fn commits(&self) -> Option<&Commits> {
        match &self.shared.doors {
            Doors::Postgres { .. } => None,
            Doors::Sqlite { commits, .. } => Some(commits),
        }
    }

    /// The pool for transactions that write.
    fn writers(&self) -> &Pool {
        match &self.shared.doors {
            Doors::Postgres { .. } => self.read.pool(),
            Doors::Sqlite { write, .. } => write,
        }
    }

    /// Begins a transaction that may write, without a statement timeout.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub async fn begin_unhurried(&self) -> Result<Transaction, DbErr> {
        let transaction = self.begin().await?;
        match transaction.limit() {
            Some(limit) => limit.lift(),
            None => {
                transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            }
        }
        Ok(transaction)
    }

    /// Runs one statement without a timeout. On `SQLite` it runs outside of transactions, as some statements must.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn execute_unhurried(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let Doors::Sqlite { write, .. } = &self.shared.doors else {
            let transaction = self.begin_unhurried().await?;
            let result = transaction.execute_raw(statement).await?;
            transaction.commit().await?;
            return Ok(result);
        };
        let lease = write.take(self.scope.owner, Need::Transaction).await?;
        let using = lease.begin();
        let suspended = lease.limit().map(|limit| limit.suspend());
        let result = lease.door().await?.execute(statement).await;
        using.end();
        drop(suspended);
        drop(lease);
        self.settled().await?;
        result
    }

    /// Begins a read-only transaction with a snapshot of the database as of now.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub async fn look(&self) -> Result<Transaction, DbErr> {
        let (transaction, first) = match &self.shared.doors {
            Doors::Postgres { .. } => {
                let options = TransactionOptions {
                    isolation_level: Some(IsolationLevel::RepeatableRead),
                    access_mode: Some(AccessMode::ReadOnly),
                    sqlite_transaction_mode: None,
                };
                (self.open(self.read.pool(), options).await?, "SELECT 1")
            }
            Doors::Sqlite { look, .. } => {
                let transaction = self.open(look, TransactionOptions::default()).await?;
                if let Some(limit) = transaction.limit() {
                    // The reader may pause between two statements.
                    limit.lift();
                }
                (transaction, "SELECT count(*) FROM sqlite_schema")
            }
        };
        // The snapshot is taken by the first statement; on SQLite, by the first that reads the file.
        transaction.execute_unprepared(first).await?;
        Ok(transaction)
    }

    /// Waits until all earlier changes are on the disk.
    ///
    /// # Errors
    /// If the disk fails.
    async fn settled(&self) -> Result<(), DbErr> {
        match self.commits() {
            Some(commits) => commits.wait().await,
            None => Ok(()),
        }
    }

    /// The generator of new ids.
    pub fn ids(&self) -> &Ids {
        &self.shared.ids
    }

    /// Replaces the steps between ids, for tests that compare them.
    pub fn set_steps(&mut self, steps: Steps) {
        self.shared.ids = Ids::with(steps);
    }

    pub fn backend(&self) -> DatabaseBackend {
        self.read.get_database_backend()
    }

    /// The connection that runs migrations; it is not scheduled.
    pub fn schema_door(&self) -> &DatabaseConnection {
        match &self.shared.doors {
            Doors::Postgres { schema, .. } | Doors::Sqlite { schema, .. } => schema,
        }
    }

    /// How many connections operations hold now; on `SQLite`, without the write connection.
    pub fn connections_in_use(&self) -> usize {
        self.read.pool().taken()
    }

    /// The `SQLite` connections that operations write on, each as a pool of its own, for tests that inspect them.
    pub fn writing_doors(&self) -> impl Iterator<Item = DatabaseConnection> {
        self.writers().sqlite_doors()
    }

    /// Reports a fault. If connections may be stale, those opened before are replaced before their next use.
    pub fn heed(&self, fault: Fault) {
        match (fault, &self.shared.doors) {
            (Fault::Connection, _) => self.shared.doubt.raise(),
            (Fault::ReadOnly, Doors::Postgres { probe, .. }) => probe.look_for_changes(&self.shared.doubt),
            _ => {}
        }
    }

    /// Checks that the database answers, on a connection that operations never use.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ready(&self) -> Result<(), DbErr> {
        self.commits().map_or(Ok(()), Commits::check)?;
        self.shared.ready.check().await
    }

    /// How long to wait for an answer: the statement timeout and 2 seconds for the network. The server's own timeout
    /// cannot arrive over a dead connection.
    pub fn patience(&self) -> Duration {
        const ON_THE_WAY: Duration = Duration::from_secs(2);
        self.shared.statement_timeout + ON_THE_WAY
    }

    /// Calls `callback` for every statement, for tests that count statements and read their plans.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static,
    {
        self.read.pool_mut().observe(callback.clone());
        self.shared.lookup.pool_mut().observe(callback.clone());
        match &mut self.shared.doors {
            // Migrations are not statements of an operation.
            Doors::Postgres { .. } => {}
            Doors::Sqlite { write, look, schema, .. } => {
                write.observe(callback.clone());
                look.observe(callback);
                if let Some(door) = write.sqlite_doors().next() {
                    *schema = door;
                }
            }
        }
    }

    /// Waits for running statements, then closes all connections.
    ///
    /// # Errors
    /// If the driver reports one.
    pub async fn close(self) -> Result<(), DbErr> {
        self.shared.ready.close().await?;
        for reader in [&self.read, &self.shared.lookup] {
            reader.pool().close().await?;
        }
        match self.shared.doors {
            Doors::Postgres { overview, .. } => {
                overview.close().await;
                Ok(())
            }
            Doors::Sqlite { write, look, commits, .. } => {
                look.close().await?;
                commits.close().await?;
                write.close().await
            }
        }
    }
}
