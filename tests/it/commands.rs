//! The program's commands: what they create and refuse, and how instances start together.

use std::path::Path;
use std::process::{Output, Stdio};

use migration::{Migrator, MigratorTrait};
use notegraph::store::entity::token::Scope;
use serde_json::json;
use tokio::process::Command;

use testkit::{App, Database, Engine};

fn command(database: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notegraph"));
    command.args(arguments).env_clear().env("DATABASE_URL", database).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(database: &str, arguments: &[&str]) -> Output {
    command(database, arguments).output().await.unwrap()
}

async fn succeed(database: &str, arguments: &[&str]) -> String {
    let output = run(database, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that has to fail. Returns the error message of its first line.
async fn fail(database: &str, arguments: &[&str], code: i32) -> String {
    let output = run(database, arguments).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    let line = errors.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or_else(|| panic!("{arguments:?}: {errors}")).to_owned()
}

#[tokio::test]
async fn company_user_and_token_are_created_in_an_empty_database() {
    let database = Database::empty(&Engine::of_this_run()).await;
    let url = database.url();
    succeed(url, &["company", "create", "Acme"]).await;
    assert!(fail(url, &["company", "create", "Acme"], 1).await.contains("already"));
    assert!(
        fail(url, &["user", "create", "--company", "Nope", "--username", "ann"], 1).await.contains("there is Acme")
    );
    succeed(url, &["user", "create", "--company", "Acme", "--username", "ann", "--first-name", "Ann"]).await;
    let nobody = ["token", "create", "--company", "Acme", "--user", "bob", "--scope", "READ"];
    assert!(fail(url, &nobody, 1).await.contains("there is ann"));

    let scopes = ["--scope", "read,WRITE", "--scope", "READ", "--expires", "30d", "--name", "a laptop"];
    let create = [&["token", "create", "--company", "Acme", "--user", "ann"], &scopes[..]].concat();
    let token = succeed(url, &create).await;
    let (company, secret) = token.trim_end().strip_prefix("ng_").and_then(|rest| rest.split_once('_')).unwrap();
    assert!(company.parse::<u32>().is_ok() && secret.len() == 43, "{token}");
    let list = succeed(url, &["token", "list", "--company", "Acme"]).await;
    assert!(list.contains("active") && list.contains("READ,WRITE") && list.contains("a laptop"), "{list}");
    assert!(!list.contains(token.trim()), "{list}");
    succeed(url, &["token", "revoke", "--company", "Acme", "1"]).await;
    assert!(succeed(url, &["token", "list", "--company", "Acme"]).await.contains("revoked"));
    assert!(fail(url, &["token", "revoke", "--company", "Acme", "2"], 1).await.contains("no token 2"));
}

#[tokio::test]
async fn a_username_of_several_users_is_not_guessed() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let (first, second) = (acme.user("ann").await, acme.user("ann").await);
    let create = ["token", "create", "--company", "Acme", "--user", "ann", "--scope", "READ"];
    let refused = fail(app.database_url(), &create, 1).await;
    assert!(refused.contains("--user-id"), "{refused}");
    assert!(refused.contains(&first.id.to_string()) && refused.contains(&second.id.to_string()), "{refused}");
    let id = second.id.to_string();
    succeed(app.database_url(), &[&create[..], &["--user-id", &id]].concat()).await;
}

#[tokio::test]
async fn reading_commands_create_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("absent.db");
    let url = format!("sqlite://{}", file.display());
    for arguments in [
        &["migrate", "status"][..],
        &["migrate", "down"],
        &["user", "create", "--company", "Acme", "--username", "ann"],
        &["token", "list", "--company", "Acme"],
    ] {
        assert!(fail(&url, arguments, 1).await.contains("does not exist"), "{arguments:?}");
        assert!(!Path::new(&file).exists(), "{arguments:?}");
    }
}

/// Migrations drop derived data with the tables, and `migrate up` makes it again.
#[tokio::test]
async fn search_works_after_migrating_down_and_up() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    acme.customer("Cara").await;
    acme.note(|note| note.subject = Some("needle".to_owned())).await;
    let since =
        Migrator::migrations().iter().rev().position(|step| step.name().ends_with("create_search")).unwrap() + 1;
    succeed(app.database_url(), &["migrate", "down", "--steps", &since.to_string()]).await;
    assert!(succeed(app.database_url(), &["migrate", "up"]).await.contains("backfilled customer_word"));
    let found = "{ customers(search: \"cara\") { totalCount } users(search: \"ann\") { totalCount }
        notes(search: \"needle\") { totalCount } }";
    let one = json!({ "totalCount": 1 });
    assert_eq!(*client.query(found).await.data(), json!({ "customers": one, "users": one, "notes": one }));
}

#[tokio::test]
async fn an_outdated_schema_is_refused_with_advice() {
    let database = Database::migrated(&Engine::of_this_run()).await;
    let url = database.url();
    assert!(succeed(url, &["migrate", "down"]).await.contains("rolled back"));
    for arguments in
        [&["token", "list", "--company", "Acme"][..], &["serve", "--no-migrate", "--listen", "127.0.0.1:0"]]
    {
        assert!(fail(url, arguments, 1).await.contains("notegraph migrate up"), "{arguments:?}");
    }
    assert!(succeed(url, &["migrate", "status"]).await.contains("pending"));
    assert!(succeed(url, &["migrate", "up"]).await.contains("applied"));
    assert!(succeed(url, &["migrate", "up"]).await.contains("up to date"));
}

#[tokio::test]
async fn instances_that_start_together_migrate_once() {
    let database = Database::empty(&Engine::of_this_run()).await;
    let url = database.url();
    let instances: Vec<_> = (0..6).map(|_| command(url, &["migrate", "up"]).output()).collect();
    let outputs = futures_util::future::join_all(instances).await;
    let mut applied = 0;
    for output in outputs {
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        applied += usize::from(String::from_utf8_lossy(&output.stdout).contains("applied"));
    }
    assert_eq!(applied, 1);
}

#[tokio::test]
async fn the_demo_is_not_mixed_with_anything_else() {
    let app = App::start().await;
    app.company("Acme").await;
    let demo = ["serve", "--demo", "--listen", "127.0.0.1:0"];
    assert!(fail(app.database_url(), &demo, 1).await.contains("other than the demo's"));
    let list = ["token", "list", "--company", "Acme"];
    assert_eq!(succeed(app.database_url(), &list).await, "");
}

#[tokio::test]
async fn an_incomplete_identity_provider_is_refused() {
    let url = "sqlite://never-opened.db";
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--jwks", "no-such-keys.json"];
    for (missing, more) in [
        ("--jwt-company or --jwt-company-claim", ["--jwt-company", "Acme"]),
        ("--jwt-issuer", ["--jwt-issuer", "https://idp.example"]),
        ("--jwt-audience", ["--jwt-audience", "notegraph"]),
    ] {
        let refused = fail(url, &arguments, 1).await;
        assert!(refused.contains(missing), "{refused}");
        arguments.extend(more);
    }
    let refused = fail(url, &arguments, 1).await;
    assert!(refused.contains("cannot read the keys") && refused.contains("no-such-keys.json"), "{refused}");
}

/// With `unix-dotfile`, `SQLite` locks with additional files and has no shared memory, so no write-ahead log.
#[cfg(unix)]
#[tokio::test]
async fn a_file_without_a_write_ahead_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?vfs=unix-dotfile", folder.path().join("notegraph.db").display());
    let refused = fail(&url, &["migrate", "up"], 1).await;
    assert!(refused.contains("journal_mode") && refused.contains("wal"), "{refused}");
}

#[tokio::test]
async fn invalid_values_are_refused_with_valid_ones() {
    let url = "sqlite://never-opened.db";
    for (arguments, hint) in [
        (&["serve", "--body-limit", "5"][..], "1024 to 104857600"),
        (&["serve", "--request-timeout", "0"], "1 to 600"),
        (&["serve", "--database-connections", "many"], "1 to 1000"),
        (&["serve", "--statement-timeout=-1"], "1 to 3600"),
        (&["serve", "--token-operations", "0"], "1 to 100000"),
        (&["serve", "--address-budget", "999"], "1000 to 1000000000000"),
        (&["serve", "--idle-timeout", "0"], "1 to 3600"),
        (&["serve", "--stop-delay", "61"], "0 to 60"),
        (&["serve", "--trusted-proxy", "proxy.example"], "10.0.0.0/24"),
        (&["serve", "--jwks", "https://me:secret@idp.example/keys"], "no user name or password"),
        (&["serve", "--jwt-algorithm", "HS256"], "RS256"),
        (&["serve", "--jwt-scope", "notes:read"], "notes:read=READ"),
        (&["serve", "--jwt-issuer", "https://idp.example"], "--jwks"),
        (&["serve", "--trusted-proxy", "10.0.0.1,0.0.0.0/0"], "all addresses"),
        (&["serve", "--listen", "8080"], "127.0.0.1:8080"),
        (&["serve", "--allow-origin", "*"], "name each origin"),
        (&["serve", "--allow-origin", "https://a.example,https://b.example/"], "write https://b.example"),
        (&["serve", "--log-filter", "=x="], "expected a level"),
    ] {
        let refused = run(url, arguments).await;
        let errors = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && errors.contains(hint), "{arguments:?}: {errors}");
    }
    let output = command(url, &["serve"]).env("NOTEGRAPH_BODY_LIMIT", "5").output().await.unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("1024 to 104857600"));
    let secret = command("postgres://me:geheim@host/db", &["--help"]).output().await.unwrap();
    assert!(!String::from_utf8(secret.stdout).unwrap().contains("geheim"));
    assert!(!fail("mysql://me:geheim@host/db", &["migrate", "up"], 1).await.contains("geheim"));
}
