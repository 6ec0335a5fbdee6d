//! A connection for `SeaORM`'s migrations, which take none but its own kinds.
//!
//! The kind that another driver can stand behind waits for each answer without yielding: statements are run by a thread
//! of their own, which ends when nothing was asked for a while.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use sea_orm::{
    DatabaseBackend, DatabaseConnection, DatabaseConnectionType, DbErr, ExecResult, MockDatabaseConnection,
    MockDatabaseTrait, QueryResult, RuntimeErr, Statement,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_postgres::Row;

use super::address::Server;
use super::error::{broken, closed};
use super::line::Line;
use super::row::{changed, results};
use super::session::Session;
use crate::db::doubt::Doubt;

/// How long the thread waits for the next statement, outside of transactions.
const IDLE: Duration = Duration::from_secs(5);

/// A connection of its own, which is opened when it is needed.
pub fn door(server: Server) -> DatabaseConnection {
    let migrations = Migrations { server, asks: None, depth: 0, failed: None };
    DatabaseConnectionType::MockDatabaseConnection(Arc::new(MockDatabaseConnection::new(migrations))).into()
}

/// The statements of migrations, on one connection.
#[derive(Debug)]
struct Migrations {
    server: Server,
    /// Absent before the first statement.
    asks: Option<UnboundedSender<Ask>>,
    /// How many transactions are open, one in the other.
    depth: u32,
    /// Why a transaction was not begun or ended, which `SeaORM` does not ask.
    failed: Option<DbErr>,
}

/// Something to be done by the thread.
#[derive(Debug)]
struct Ask {
    what: What,
    /// No transaction is open afterwards.
    is_last: bool,
    answer: mpsc::Sender<Result<Answer, DbErr>>,
}

#[derive(Debug)]
enum What {
    Query(Statement),
    Execute(Statement),
    Control(String),
}

#[derive(Debug)]
enum Answer {
    Rows(Vec<Row>),
    Changed(u64),
}

impl Migrations {
    /// Blocks until it is done.
    fn ask(&mut self, what: What) -> Result<Answer, DbErr> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let (answer, answered) = mpsc::channel();
        let mut ask = Ask { what, is_last: self.depth == 0, answer };
        if let Some(asks) = &self.asks {
            match asks.send(ask) {
                Ok(()) => return answered.recv().unwrap_or_else(|_| Err(broken(closed()))),
                Err(unsent) => ask = unsent.0,
            }
        }
        let (asks, receiver) = unbounded_channel();
        let line = Line::new(self.server.clone(), Doubt::default());
        // The thread is not there yet, and takes it when it is.
        let _ = asks.send(ask);
        std::thread::Builder::new()
            .name("migrations".to_owned())
            .spawn(move || serve(&line, receiver))
            .map_err(|error| DbErr::Conn(RuntimeErr::Internal(error.to_string())))?;
        self.asks = Some(asks);
        answered.recv().unwrap_or_else(|_| Err(broken(closed())))
    }

    /// Begins or ends a transaction; where that fails, the next statement does.
    fn control(&mut self, sql: String) {
        if let Err(error) = self.ask(What::Control(sql)) {
            self.failed = Some(error);
        }
    }

    /// The depth of the transaction that ends.
    fn end(&mut self) -> u32 {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        depth
    }
}

impl MockDatabaseTrait for Migrations {
    fn execute(&mut self, _: usize, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.ask(What::Execute(statement))? {
            Answer::Changed(rows) => changed(rows),
            Answer::Rows(_) => changed(0),
        }
    }

    fn query(&mut self, _: usize, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.ask(What::Query(statement))? {
            Answer::Rows(rows) => results(&rows),
            Answer::Changed(_) => Ok(Vec::new()),
        }
    }

    fn begin(&mut self) {
        self.depth += 1;
        let depth = self.depth;
        self.control(if depth == 1 { "BEGIN".to_owned() } else { format!("SAVEPOINT m{depth}") });
    }

    fn commit(&mut self) {
        let depth = self.end();
        self.control(if depth == 1 { "COMMIT".to_owned() } else { format!("RELEASE SAVEPOINT m{depth}") });
    }

    fn rollback(&mut self) {
        let depth = self.end();
        // What failed before is taken back by this.
        self.failed = None;
        self.control(if depth == 1 { "ROLLBACK".to_owned() } else { format!("ROLLBACK TO SAVEPOINT m{depth}") });
    }

    fn drain_transaction_log(&mut self) -> Vec<sea_orm::Transaction> {
        Vec::new()
    }

    fn get_database_backend(&self) -> DatabaseBackend {
        DatabaseBackend::Postgres
    }

    /// Whether all transactions were begun and ended.
    fn ping(&self) -> Result<(), DbErr> {
        self.failed.clone().map_or(Ok(()), Err)
    }
}

/// What the thread does.
fn serve(line: &Line, mut asks: UnboundedReceiver<Ask>) {
    // Without a runtime nobody answers, and whoever asks is told that the connection is closed.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let mut may_end = true;
        loop {
            let ask = if may_end {
                timeout(IDLE, asks.recv()).await.unwrap_or_else(|_| {
                    asks.close();
                    None
                })
            } else {
                asks.recv().await
            };
            // What was sent before it was closed is done, too.
            let Some(ask) = ask.or_else(|| asks.try_recv().ok()) else { break };
            may_end = ask.is_last;
            // Whoever asks waits for the answer.
            let _ = ask.answer.send(run(line, ask.what).await);
        }
        line.close().await;
    });
}

async fn run(line: &Line, what: What) -> Result<Answer, DbErr> {
    let session: Arc<Session> = line.session().await?;
    match what {
        What::Control(sql) => session.control(&sql).await.map(|()| Answer::Changed(0)),
        What::Execute(statement) => match &statement.values {
            Some(_) => session.execute(&statement).await.map(Answer::Changed),
            // They may be several.
            None => session.execute_unprepared(&statement.sql).await.map(Answer::Changed),
        },
        What::Query(statement) => {
            let mut stream = session.rows(&statement).await?;
            let mut rows = Vec::new();
            while let Some(row) = stream.next().await? {
                rows.push(row);
            }
            Ok(Answer::Rows(rows))
        }
    }
}
