//! Databases on a `PostgreSQL` server: a migrated template, of which each test gets a copy.
//!
//! The template's name contains a hash of the migrations, so that processes (cargo-nextest runs one per test) and later
//! runs share it, and a changed migration creates a new one.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use notegraph::backfill::Backfill;
use notegraph::cli::migrate;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use url::Url;

use super::open::open;

/// Maximum age of test databases. No test runs longer; older databases were left behind by a killed run.
const STALE_SECONDS: u64 = 3600;
/// Maximum age of templates of other migrations, which another checkout may use.
const STALE_TEMPLATE_SECONDS: u64 = 24 * 3600;
/// The advisory lock for creating the template.
const LOCK: i64 = 0x6e6f_7465;

/// A server on which databases may be created.
#[derive(Clone, Debug)]
pub struct Server {
    url: Url,
}

/// A database of one test, removed when this value is dropped.
pub struct Owned {
    server: Server,
    name: String,
}

impl Server {
    pub fn at(url: &str) -> Self {
        let url = Url::parse(url).unwrap_or_else(|error| {
            panic!("NOTEGRAPH_TEST_POSTGRES is `{url}`, not an address as postgres://user@host:5432: {error}")
        });
        Self { url }
    }

    pub async fn create_empty(&self) -> Owned {
        let name = unique_name();
        self.execute(&format!("CREATE DATABASE {name}")).await;
        Owned { server: self.clone(), name }
    }

    pub async fn create_migrated(&self) -> Owned {
        let name = unique_name();
        let template = self.template().await;
        self.execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Owned { server: self.clone(), name }
    }

    fn url_of(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.to_string()
    }

    /// A connection to the database that every server has.
    async fn door(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(self.url_of("postgres"));
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.unwrap_or_else(|error| panic!("cannot reach PostgreSQL at {self}: {error}"))
    }

    async fn execute(&self, sql: &str) {
        let door = self.door().await;
        door.execute_unprepared(sql).await.unwrap();
        door.close().await.unwrap();
    }

    async fn template(&self) -> &'static str {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        TEMPLATE
            .get_or_init(async || {
                let name = format!("notegraph_template_{}", fingerprint());
                let door = self.door().await;
                door.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await.unwrap();
                let databases = databases(&door).await;
                if !databases.iter().any(|(existing, _)| *existing == name) {
                    self.make_template(&door, &name).await;
                }
                sweep(&door, &name, databases).await;
                // Closing the connection releases the lock.
                door.close().await.unwrap();
                name
            })
            .await
    }

    async fn make_template(&self, door: &DatabaseConnection, name: &str) {
        // Migrated under another name, so that a killed run leaves no incomplete template.
        let draft = format!("{name}_draft");
        door.execute_unprepared(&format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await.unwrap();
        door.execute_unprepared(&format!("CREATE DATABASE {draft}")).await.unwrap();
        let db = open(&self.url_of(&draft)).await;
        migrate::up(&db).await.unwrap();
        db.close().await.unwrap();
        door.execute_unprepared(&format!("COMMENT ON DATABASE {draft} IS '{}'", now())).await.unwrap();
        door.execute_unprepared(&format!("ALTER DATABASE {draft} RENAME TO {name}")).await.unwrap();
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.url.host_str().unwrap_or("localhost"), self.url.port().unwrap_or(5432))
    }
}

impl Owned {
    pub fn url(&self) -> String {
        self.server.url_of(&self.name)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let server = self.server.clone();
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The test's own runtime may be shutting down or unwinding, so another one does the work. A later run removes
        // what fails here.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(server.execute(&sql));
        });
        let _ = dropping.join();
    }
}

/// The databases of tests, with the second in which they were created.
async fn databases(door: &DatabaseConnection) -> Vec<(String, u64)> {
    let sql = "SELECT datname, shobj_description(oid, 'pg_database') AS made FROM pg_database \
               WHERE datname LIKE 'notegraph\\_test\\_%' OR datname LIKE 'notegraph\\_template\\_%'";
    let rows = door.query_all_raw(Statement::from_string(door.get_database_backend(), sql)).await.unwrap();
    rows.iter()
        .map(|row| {
            let name: String = row.try_get("", "datname").unwrap();
            let comment: Option<String> = row.try_get("", "made").unwrap();
            let made = match name.strip_prefix("notegraph_test_") {
                Some(rest) => rest.split('_').next().map(str::to_owned),
                None => comment,
            };
            (name, made.and_then(|made| made.parse().ok()).unwrap_or(0))
        })
        .collect()
}

/// Removes what earlier runs have left behind.
async fn sweep(door: &DatabaseConnection, current: &str, databases: Vec<(String, u64)>) {
    for (name, made) in databases {
        let kept = if name.starts_with("notegraph_test_") { STALE_SECONDS } else { STALE_TEMPLATE_SECONDS };
        if name != current && made + kept < now() {
            let _ = door.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("notegraph_test_{}_{}_{}", now(), std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A hash of the migrations and of the versions of derived data.
fn fingerprint() -> String {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migration/src");
    let mut files: Vec<_> = std::fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).unwrap());
    }
    for what in Backfill::ALL {
        hash.update(format!("{} {}", what.name(), what.version()));
    }
    let hash: [u8; 32] = hash.finalize().into();
    format!("{:016x}", u64::from_be_bytes(*hash.first_chunk().unwrap()))
}
