//! The database: connecting, connections that are handed out in turns, one door to write through on `SQLite`, and what
//! differs between `SQLite` and `PostgreSQL`, in one place.

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

/// A handle to the database, cheap to clone, of the process or of one operation.
///
/// Connections are handed out in turns to companies, and to tokens within each. `SQLite` lets one connection write at a
/// time, so writing has a connection of its own there and readers never wait for it; on `PostgreSQL` both take from the
/// same ones. Looking tokens up and asking whether the database answers have connections that operations never take.
/// Statements have a time limit on either.
#[derive(Clone, Debug)]
pub struct Db {
    read: Reader,
    shared: Shared,
    scope: Arc<Scope>,
}

/// What all handles have in common.
#[derive(Clone, Debug)]
struct Shared {
    doors: Doors,
    ready: Ready,
    /// For looking tokens up.
    lookup: Reader,
    doubt: Doubt,
    statement_timeout: Duration,
    ids: Ids,
}

/// Where is written, and where a moment is looked at for long.
#[derive(Clone, Debug)]
enum Doors {
    /// Transactions take their connections from where is read from. `schema` changes tables.
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

    /// A handle for one operation: its statements take connections in the turns of its token, and are told to its meter,
    /// which can stop them.
    #[must_use]
    pub fn scoped(&self, share: Share) -> Self {
        let scope = Arc::new(Scope::of(share));
        Self { read: self.read.scoped(Arc::clone(&scope)), shared: self.shared.clone(), scope }
    }

    /// For statements that only read; on `SQLite` these connections refuse to write.
    pub fn read(&self) -> &Reader {
        &self.read
    }

    /// For looking tokens up: connections that operations never take.
    pub fn lookup(&self) -> &Reader {
        &self.shared.lookup
    }

    /// Opens a transaction that may write.
    ///
    /// On `SQLite` it is IMMEDIATE: it waits for its turn here, instead of failing at its first write. The caller
    /// must run in a task that is not dropped with a client's connection: a cancelled `begin` can hand an open
    /// transaction to the next borrower.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let commits = self.commits();
        commits.map_or(Ok(()), Commits::check)?;
        // Boxed: the futures of changes hold this one, and grow by it.
        let transaction = Box::pin(self.open(self.writers(), options)).await?.with_commits(commits.cloned());
        if let Some(limit) = transaction.limit() {
            // What it waited for others is not the time of its first statement.
            limit.begin();
        }
        Ok(transaction)
    }

    /// Anew where the connection was broken: nothing was done on it.
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
            // What is dropped here may have begun one: the connection is rolled back before anybody is given it.
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

    /// Where the commits of `SQLite` wait for the disk.
    fn commits(&self) -> Option<&Commits> {
        match &self.shared.doors {
            Doors::Postgres { .. } => None,
            Doors::Sqlite { commits, .. } => Some(commits),
        }
    }

    /// Where connections to write on are taken from.
    fn writers(&self) -> &Pool {
        match &self.shared.doors {
            Doors::Postgres { .. } => self.read.pool(),
            Doors::Sqlite { write, .. } => write,
        }
    }

    /// Opens a transaction that may write, and whose statements may take any time.
    ///
    /// # Errors
    /// As of [`Self::begin`].
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

    /// Runs one statement that may take any time, outside of transactions on `SQLite`, where some have to be.
    ///
    /// # Errors
    /// When the statement fails.
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

    /// Opens a transaction that only reads, and sees the database as it is at this moment.
    ///
    /// # Errors
    /// As of [`Self::begin`].
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
                    // Whoever takes what is read may take his time between two statements.
                    limit.lift();
                }
                (transaction, "SELECT count(*) FROM sqlite_schema")
            }
        };
        // It sees the moment of its first statement; on SQLite, of the first that reads the file.
        transaction.execute_unprepared(first).await?;
        Ok(transaction)
    }

    /// Waits until what was changed before is on the disk.
    ///
    /// # Errors
    /// When the disk fails.
    async fn settled(&self) -> Result<(), DbErr> {
        match self.commits() {
            Some(commits) => commits.wait().await,
            None => Ok(()),
        }
    }

    /// Makes new ids.
    pub fn ids(&self) -> &Ids {
        &self.shared.ids
    }

    /// Makes ids with other steps, for tests that compare them.
    pub fn set_steps(&mut self, steps: Steps) {
        self.shared.ids = Ids::with(steps);
    }

    pub fn backend(&self) -> DatabaseBackend {
        self.read.get_database_backend()
    }

    /// The connection that migrations run on; it waits for no turn.
    pub fn schema_door(&self) -> &DatabaseConnection {
        match &self.shared.doors {
            Doors::Postgres { schema, .. } | Doors::Sqlite { schema, .. } => schema,
        }
    }

    /// How many connections operations hold at this moment, those to read on where `SQLite` has another one to write on.
    pub fn connections_in_use(&self) -> usize {
        self.read.pool().taken()
    }

    /// Every connection to `SQLite` that operations write on, each as a pool of its own: for tests that look into them.
    pub fn writing_doors(&self) -> impl Iterator<Item = DatabaseConnection> {
        self.writers().sqlite_doors()
    }

    /// Somebody was failed so. Where connections are no good any more, those that were made before are replaced when
    /// they would be used next.
    pub fn heed(&self, fault: Fault) {
        match (fault, &self.shared.doors) {
            (Fault::Connection, _) => self.shared.doubt.raise(),
            (Fault::ReadOnly, Doors::Postgres { probe, .. }) => probe.look_for_changes(&self.shared.doubt),
            _ => {}
        }
    }

    /// Whether the database answers, over a connection that no operation uses.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<(), DbErr> {
        self.commits().map_or(Ok(()), Commits::check)?;
        self.shared.ready.check().await
    }

    /// A statement that is not answered in this time never will be: the database ends it before, where the connection
    /// still leads there.
    pub fn patience(&self) -> Duration {
        const ON_THE_WAY: Duration = Duration::from_secs(2);
        self.shared.statement_timeout + ON_THE_WAY
    }

    /// Calls back with every statement that is run, for tests that count them and read their plans.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static,
    {
        self.read.pool_mut().observe(callback.clone());
        self.shared.lookup.pool_mut().observe(callback.clone());
        match &mut self.shared.doors {
            // What changes tables is no statement of an operation.
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

    /// Waits for the statements that run, then closes all connections.
    ///
    /// # Errors
    /// When the driver reports one.
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
