//! Connects to a database of a test.

use std::time::Duration;

use notegraph::store::db::{self, DatabaseSettings, Db, IfMissing};

pub async fn open(url: &str) -> Db {
    let settings =
        DatabaseSettings { connections: 4, statement_timeout: Duration::from_mins(1), ..DatabaseSettings::at(url) };
    db::connect(&settings, IfMissing::Create).await.unwrap()
}
