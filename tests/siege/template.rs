//! The database that each case copies: the attackers' company with many notes, and two companies of victims.

use std::path::Path;
use std::sync::{Arc, Weak};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};
use testkit::{Database, Engine};
use tokio::process::Command;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::baseline::Baseline;
use crate::run::by_form;
use crate::server::{Server, program};
use crate::wire::{Wire, post};

/// The company that `notegraph demo` fills.
const ATTACKED: &str = "Demo";
const VICTIMS: [&str; 2] = ["North", "South"];
const VICTIMS_OF_EACH: usize = 10;
/// Number of attackers' tokens.
pub const ATTACKERS: usize = 20;

/// A filled database without a server, and its people.
pub struct Template {
    engine: Engine,
    database: Database,
    pub cast: Cast,
    /// Measured once, on a copy, by the first case that needs it.
    pub baseline: OnceCell<Baseline>,
}

/// The people who take part.
pub struct Cast {
    /// Twenty users in two companies other than the attackers'.
    pub victims: Vec<Person>,
    /// The tokens of twenty users with the scopes READ and WRITE.
    pub attackers: Vec<String>,
    /// The token of an attacker with the scope READ.
    pub reader: String,
    /// The token of an attacker with the scope ADMIN.
    pub admin: String,
    /// The IDs in the attackers' company.
    pub keys: Arc<Keys>,
}

#[derive(Clone)]
pub struct Person {
    pub token: String,
    pub keys: Arc<Keys>,
}

/// IDs to query. Each list has at least one.
#[derive(Debug)]
pub struct Keys {
    /// The newest notes.
    pub notes: Vec<String>,
    pub customers: Vec<String>,
    pub users: Vec<String>,
    pub types: Vec<String>,
}

impl Template {
    /// The template of this process, which is removed when the last case drops it.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Template>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(template) = shared.upgrade() {
            return template;
        }
        let template = Arc::new(Self::fill().await);
        *shared = Arc::downgrade(&template);
        template
    }

    async fn fill() -> Self {
        let engine = Engine::of_this_run();
        let database = Database::empty(&engine).await;
        let url = database.url();
        let notes = by_form(20_000, 200_000);
        for name in VICTIMS {
            command(url, &["demo", "--notes", &(notes / 10).to_string()]).await;
            let sql = format!("UPDATE company SET name = '{name}' WHERE name = '{ATTACKED}'");
            execute(url, &sql).await;
        }
        command(url, &["demo", "--notes", &notes.to_string()]).await;
        // Gathers planner statistics, as autovacuum does by itself on a `PostgreSQL` database in use.
        execute(url, if matches!(engine, Engine::Sqlite) { "ANALYZE" } else { "VACUUM (ANALYZE)" }).await;
        let cast = Cast::enter(url).await;
        Self { engine, database, cast, baseline: OnceCell::new() }
    }

    /// A copy of the database, removed when it is dropped.
    pub async fn copy(&self) -> Database {
        let copy = Database::empty(&self.engine).await;
        if let (Some(from), Some(to)) = (path(self.database.url()), path(copy.url())) {
            std::fs::copy(from, to).unwrap();
            return copy;
        }
        let (from, to) = (name(self.database.url()), name(copy.url()));
        let mut url = Url::parse(copy.url()).unwrap();
        url.set_path("postgres");
        execute(url.as_str(), &format!("DROP DATABASE {to}")).await;
        execute(url.as_str(), &format!("CREATE DATABASE {to} TEMPLATE {from}")).await;
        copy
    }
}

impl Cast {
    async fn enter(url: &str) -> Self {
        let mut admins = Vec::new();
        for company in VICTIMS.into_iter().chain([ATTACKED]) {
            admins.push(token(url, company, &["--user", "admin"], "ADMIN").await);
        }
        let server = Server::start(url, &[]).await;
        let mut keys = Vec::new();
        for admin in &admins {
            keys.push(Arc::new(Keys::find(&server, admin).await));
        }
        let ending = server.end().await;
        assert!(ending.success, "{:?}", ending.log);
        let mut victims = Vec::new();
        for (company, keys) in VICTIMS.into_iter().zip(&keys) {
            for user in keys.users.iter().cycle().take(VICTIMS_OF_EACH) {
                let token = token(url, company, &["--user-id", user], "READ,WRITE").await;
                victims.push(Person { token, keys: Arc::clone(keys) });
            }
        }
        let keys = Arc::clone(&keys[VICTIMS.len()]);
        let mut attackers = Vec::new();
        for user in keys.users.iter().cycle().take(ATTACKERS) {
            attackers.push(token(url, ATTACKED, &["--user-id", user], "READ,WRITE").await);
        }
        let reader = token(url, ATTACKED, &["--user-id", &keys.users[0]], "READ").await;
        Self { victims, attackers, reader, admin: admins.pop().unwrap(), keys }
    }
}

impl Keys {
    async fn find(server: &Server, token: &str) -> Self {
        let document =
            "{ notes(first: 100, filter: { confidential: false }) { nodes { databaseId customer { databaseId } } }
            users(first: 100, status: ACTIVE) { nodes { databaseId } } noteTypes { databaseId } }";
        let data = ask(server, token, document, json!({})).await;
        let list = |at: &str, field: &str| -> Vec<String> {
            let rows = data.pointer(at).and_then(Value::as_array).unwrap();
            let mut ids: Vec<_> =
                rows.iter().filter_map(|row| row.pointer(field)?.as_str().map(str::to_owned)).collect();
            ids.dedup();
            assert!(!ids.is_empty(), "nothing at {at}");
            ids
        };
        Self {
            notes: list("/notes/nodes", "/databaseId"),
            customers: list("/notes/nodes", "/customer/databaseId"),
            users: list("/users/nodes", "/databaseId"),
            types: list("/noteTypes", "/databaseId"),
        }
    }
}

/// Returns the data of a response without errors.
async fn ask(server: &Server, token: &str, document: &str, variables: Value) -> Value {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let mut wire = Wire::connect(server.address, [127, 0, 0, 1].into()).await.unwrap();
    let answer = wire.ask(&post(token, &body), usize::MAX).await.unwrap();
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(answer.status == 200 && body.get("errors").is_none(), "{body}");
    body["data"].take()
}

async fn token(url: &str, company: &str, user: &[&str], scopes: &str) -> String {
    let told = command(url, &[&["token", "create", "--company", company, "--scope", scopes], user].concat()).await;
    told.split_whitespace().find(|word| word.starts_with("ng_")).unwrap().to_owned()
}

/// Runs the program and returns its output.
async fn command(url: &str, arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).env_clear().env("DATABASE_URL", url).output().await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A separate connection to the database.
pub async fn door(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

async fn execute(url: &str, sql: &str) {
    let door = door(url).await;
    door.execute_unprepared(sql).await.unwrap();
    door.close().await.unwrap();
}

/// The file of a `SQLite` database.
fn path(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite://").map(Path::new)
}

/// The name of a database in a URL.
pub fn name(url: &str) -> String {
    Url::parse(url).unwrap().path().trim_start_matches('/').to_owned()
}
