//! A database for one test, removed after it.

use std::io::Write;
use std::path::Path;
use std::sync::Once;

use notegraph::cli::migrate;
use notegraph::store::db::Db;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::open::open;
use super::postgres::{Owned, Server};

/// The database that a test runs on.
#[derive(Clone, Debug)]
pub enum Engine {
    Sqlite,
    Postgres(Server),
}

impl Engine {
    /// `PostgreSQL` if `NOTEGRAPH_TEST_POSTGRES` names a server, otherwise `SQLite`; printed once.
    pub fn of_this_run() -> Self {
        static SAY: Once = Once::new();
        let engine = Self::named().unwrap_or(Self::Sqlite);
        // Bypasses the capture of test output, which shows only failures.
        SAY.call_once(|| {
            let name = match &engine {
                Self::Sqlite => "SQLite; PostgreSQL is left out, as NOTEGRAPH_TEST_POSTGRES names no server".to_owned(),
                Self::Postgres(server) => format!("PostgreSQL at {server}"),
            };
            let _ = writeln!(std::io::stderr(), "tests run on {name}");
        });
        engine
    }

    /// `PostgreSQL` if the run has one, for tests that need it, or compare it with `SQLite`. Otherwise this prints which
    /// test leaves that out.
    pub fn postgres() -> Option<Self> {
        let named = Self::named();
        if named.is_none() {
            let thread = std::thread::current();
            // As above: past the capture.
            let test = thread.name().unwrap_or("a test");
            let _ = writeln!(std::io::stderr(), "left out without NOTEGRAPH_TEST_POSTGRES: PostgreSQL in {test}");
        }
        named
    }

    /// The server that `NOTEGRAPH_TEST_POSTGRES` names.
    fn named() -> Option<Self> {
        let url = std::env::var("NOTEGRAPH_TEST_POSTGRES").ok().filter(|url| !url.is_empty())?;
        Some(Self::Postgres(Server::at(&url)))
    }
}

/// A database that is removed when this value is dropped, even if the test panics.
pub struct Database {
    url: String,
    _keep: Keep,
}

#[expect(dead_code, reason = "held to be dropped")]
enum Keep {
    Directory(TempDir),
    Server(Owned),
}

impl Database {
    /// A database without tables.
    pub async fn empty(engine: &Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::file(&[]),
            Engine::Postgres(server) => Self::on(server.create_empty().await),
        }
    }

    /// A database with all tables and no rows, copied from a template that is migrated once.
    pub async fn migrated(engine: &Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::file(migrated_file().await),
            Engine::Postgres(server) => Self::on(server.create_migrated().await),
        }
    }

    /// A `SQLite` file with the contents of another.
    pub fn restored(file: &Path) -> Self {
        Self::file(&std::fs::read(file).unwrap())
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the address by which it is reached from now on, such as that of a relay.
    pub fn reach_at(&mut self, url: String) {
        self.url = url;
    }

    pub async fn open(&self) -> Db {
        open(&self.url).await
    }

    fn file(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notegraph.db");
        if !bytes.is_empty() {
            std::fs::write(&path, bytes).unwrap();
        }
        Self { url: format!("sqlite://{}", path.display()), _keep: Keep::Directory(directory) }
    }

    fn on(database: Owned) -> Self {
        Self { url: database.url(), _keep: Keep::Server(database) }
    }
}

/// The bytes of a migrated `SQLite` file. Copying them is faster than migrating for each test.
async fn migrated_file() -> &'static [u8] {
    static FILE: OnceCell<Vec<u8>> = OnceCell::const_new();
    FILE.get_or_init(async || {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("template.db");
        let db = open(&format!("sqlite://{}", path.display())).await;
        migrate::up(&db).await.unwrap();
        db.close().await.unwrap();
        std::fs::read(&path).unwrap()
    })
    .await
}
