//! A database to break, with a user who may write. This process has no connection to it meanwhile.

use std::time::Duration;

use notegraph::store::db::{DatabaseSettings, Db, IfMissing, connect};
use sea_orm::{ConnectOptions, DatabaseConnection};
use testkit::process::{Process, program};
use tokio::process::Command;

use crate::load::{Load, assert_kept};
use crate::run::Run;
use crate::whole::{assert_whole, texts};

pub struct Site {
    pub url: String,
    pub token: String,
}

impl Site {
    /// Creates the tables, if there are none, a company, a user and a token.
    pub async fn at(url: &str) -> Self {
        run(url, &["company", "create", "Acme"]).await;
        run(url, &["user", "create", "--company", "Acme", "--username", "ann"]).await;
        let token = run(url, &["token", "create", "--company", "Acme", "--user", "ann", "--scope", "WRITE"]).await;
        let token = token.split_whitespace().find(|word| word.starts_with("ng_")).unwrap().to_owned();
        Self { url: url.to_owned(), token }
    }

    pub async fn open(&self) -> Db {
        let settings = DatabaseSettings {
            connections: 2,
            statement_timeout: Duration::from_mins(1),
            ..DatabaseSettings::at(&self.url)
        };
        connect(&settings, IfMissing::Fail).await.unwrap()
    }

    /// A separate connection to the database.
    pub async fn door(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(&self.url);
        options.max_connections(1).sqlx_logging(false);
        sea_orm::Database::connect(options).await.unwrap()
    }

    /// Stops the load and the server, and asserts that all of `codes` occurred, and no others. Returns the acknowledged
    /// subjects.
    pub async fn end(&self, run: &Run, load: Load, process: Process, codes: &[&str]) -> Vec<String> {
        let told = load.codes();
        run.say(format_args!("told: {told:?}"));
        assert!(codes.iter().all(|code| told.contains_key(*code)), "not told: {codes:?}");
        let others = ["", "IDEMPOTENCY_IN_PROGRESS"];
        assert!(told.keys().all(|code| codes.contains(&&**code) || others.contains(&&**code)), "{told:?}");
        let known = load.stop().await;
        process.terminate().await;
        let (status, log) = process.ended().await;
        assert_eq!(status.code(), Some(0), "{log}");
        known
    }

    /// Asserts that the acknowledged notes exist once each, and that no change was made by half.
    pub async fn assert_kept(&self, known: &[String]) {
        let db = self.open().await;
        assert_kept(known, &texts(&db, "SELECT subject FROM note").await);
        assert_whole(&db).await;
        db.close().await.unwrap();
    }
}

async fn run(url: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program());
    let output = command.args(arguments).env_clear().env("DATABASE_URL", url).output().await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
