//! TLS to `PostgreSQL`, and verification of the server.

use std::path::PathBuf;
use std::time::Duration;

use notegraph::cli::migrate;
use notegraph::store::db::{ConnectError, DatabaseSettings, Db, IfMissing, connect};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use tempfile::TempDir;
use testkit::Engine;
use tokio::time::{sleep, timeout};

use crate::cluster::{Cluster, Identity};
use crate::run::Run;

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The root certificate of clients that trust it.
    certificate: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    fn sign(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        Identity { certificate: params.signed_by(&key, &self.issuer).unwrap().pem(), key: key.serialize_pem() }
    }

    fn file(&self, folder: &TempDir, name: &str) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, &self.certificate).unwrap();
        path
    }
}

async fn open(url: &str) -> Result<Db, ConnectError> {
    connect(&DatabaseSettings { connections: 2, ..DatabaseSettings::at(url) }, IfMissing::Fail).await
}

async fn is_encrypted(db: &Db) -> bool {
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = db.read().query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn the_certificate_is_checked_as_sslmode_says() {
    let Some(_) = Engine::postgres() else { return };
    let run = Run::begin("TLS to PostgreSQL").await;
    let (authority, other) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let (root, wrong) = (authority.file(&folder, "root.crt"), other.file(&folder, "other.crt"));
    let cluster = Cluster::with_tls(&authority.sign("localhost"));
    let port = cluster.port();
    let [root, wrong] = [root, wrong].map(|path| format!("&sslrootcert={}", path.display()));
    for (host, words, expected) in [
        ("localhost", "sslmode=disable".to_owned(), Ok(false)),
        ("localhost", "sslmode=prefer".to_owned(), Ok(true)),
        ("localhost", String::new(), Ok(true)),
        ("127.0.0.1", "sslmode=require".to_owned(), Ok(true)),
        ("127.0.0.1", format!("sslmode=require{root}"), Ok(true)),
        ("127.0.0.1", format!("sslmode=require{wrong}"), Err("invalid peer certificate")),
        ("127.0.0.1", format!("sslmode=verify-ca{root}"), Ok(true)),
        ("127.0.0.1", format!("sslmode=verify-ca{wrong}"), Err("invalid peer certificate")),
        ("127.0.0.1", "sslmode=verify-ca".to_owned(), Err("sslrootcert")),
        ("localhost", format!("sslmode=verify-full{root}"), Ok(true)),
        ("127.0.0.1", format!("sslmode=verify-full{root}"), Err("not valid for name")),
        ("localhost", format!("sslmode=verify-full{wrong}"), Err("invalid peer certificate")),
        ("localhost", "sslmode=verify-full".to_owned(), Err("")),
        ("localhost", "sslrootcert=system".to_owned(), Err("")),
        ("localhost", "sslmode=require&sslrootcert=system".to_owned(), Err("verify-full")),
    ] {
        let found = match open(&format!("postgres://postgres@{host}:{port}/postgres?{words}")).await {
            Ok(db) => {
                let encrypted = is_encrypted(&db).await;
                db.close().await.unwrap();
                Ok(encrypted)
            }
            Err(error) => Err(error.to_string()),
        };
        run.say(format_args!("{host} {words}: {found:?}"));
        match expected {
            Ok(encrypted) => assert_eq!(found, Ok(encrypted), "{host} {words}"),
            Err(said) => assert!(found.as_ref().is_err_and(|error| error.contains(said)), "{host} {words}: {found:?}"),
        }
    }
}

/// Migrations and cancel requests use encrypted connections, too.
#[tokio::test]
async fn migrations_and_cancel_requests_are_encrypted() {
    let Some(_) = Engine::postgres() else { return };
    let _run = Run::begin("work over TLS").await;
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let root = authority.file(&folder, "root.crt");
    let cluster = Cluster::with_tls(&authority.sign("localhost"));
    cluster.refuse_unencrypted();
    let address = format!("postgres://postgres@localhost:{}/postgres", cluster.port());
    let refused = open(&format!("{address}?sslmode=disable")).await.unwrap_err().to_string();
    assert!(refused.contains("no encryption"), "{refused}");
    let db = open(&format!("{address}?sslmode=verify-full&sslrootcert={}", root.display())).await.unwrap();
    migrate::up(&db).await.unwrap();
    migrate::require_current(&db).await.unwrap();
    let endless = Statement::from_string(DatabaseBackend::Postgres, "SELECT pg_sleep(3600)");
    assert!(timeout(Duration::from_millis(300), db.read().query_one_raw(endless)).await.is_err());
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(3600)%' \
                   AND pid <> pg_backend_pid()";
    let running = Statement::from_string(DatabaseBackend::Postgres, running);
    let cancelled = async {
        loop {
            let row = db.read().query_one_raw(running.clone()).await.unwrap().unwrap();
            if row.try_get_by_index::<i64>(0).unwrap() == 0 {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), cancelled).await.expect("it runs on");
    db.ready().await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_server_without_tls_is_refused_if_tls_is_required() {
    let Some(_) = Engine::postgres() else { return };
    let _run = Run::begin("PostgreSQL without TLS").await;
    let cluster = Cluster::start();
    let error = open(&format!("{}?sslmode=require", cluster.url())).await.unwrap_err().to_string();
    assert!(error.contains("server does not support TLS"), "{error}");
    let db = open(&format!("{}?sslmode=prefer", cluster.url())).await.unwrap();
    assert!(!is_encrypted(&db).await);
    db.close().await.unwrap();
}
