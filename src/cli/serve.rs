//! `notegraph serve`

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sea_orm::{DbErr, EntityTrait, QuerySelect};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{timeout, timeout_at};

use super::terminal::out;
use super::{CommandError, CommandResult, database_file, demo_access, migrate, signals};
use crate::auth::{JwksSource, Secret};
use crate::cli::settings::{DatabaseArgs, ServeArgs};
use crate::clock::Clock;
use crate::event::{EventLog, Retention};
use crate::graphql::ListLimits;
use crate::graphql::context::AppState;
use crate::http;
use crate::http::{ConnectionLimits, HttpSettings, PlaygroundSession, TrustedDocuments};
use crate::scheduling::runtime::{OperationRuntime, Runtimes};
use crate::schema::{self, Schema};
use crate::store::db::{Db, IfMissing};
use crate::store::entity::token;

/// Maximum time for closing the database after requests had their time to finish.
const CLOSING: Duration = Duration::from_millis(500);

pub fn main(args: &ServeArgs, database: &DatabaseArgs) -> CommandResult {
    let runtimes = Runtimes::new()?;
    let runtime = runtimes.operations();
    runtimes.run(run(args, database, runtime))
}

/// Runs on the front runtime, where it only waits, first of all for a signal.
async fn run(args: &ServeArgs, database: &DatabaseArgs, runtime: OperationRuntime) -> CommandResult {
    let told = OnceLock::new();
    let stop = signals::shutdown_signal()?;
    let mut stop = pin!(async {
        stop.await;
        let _ = told.set(Instant::now());
    });
    let mut settings = args.http().map_err(CommandError::new)?;
    // Bind before anything is written to the database, so that a server whose address is taken changes nothing.
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        CommandError::new(format!("cannot listen on {}: {error}; choose another address with --listen", args.listen))
    })?;
    let address = listener.local_addr()?;
    let source = settings.identity.as_ref().map(|identity| identity.source.clone());
    let schema = schema::build();
    let trusted = read_documents(args, &schema, &settings, &runtime);
    settings.stored.trusted = tokio::select! {
        () = &mut stop => return Ok(()),
        trusted = trusted => Arc::new(trusted?),
    };
    let prepared = runtime.spawn({
        let (args, database) = (args.clone(), database.clone());
        async move {
            if let Some(source) = source {
                check_keys(&source).await?;
            }
            prepare(&args, &database, address).await
        }
    });
    let (app, session) = tokio::select! {
        () = &mut stop => return Ok(()),
        prepared = prepared => prepared??,
    };
    settings.session = session.map(Arc::new);
    let service = http::service(app.clone(), schema, &settings, runtime.clone());
    let timeouts = args.timeouts();
    let (ended, running) = watch::channel(false);
    let retention = args.retention.keep().map(|keep| {
        let retention = Retention { db: app.db.clone(), clock: app.clock.clone(), keep };
        runtime.spawn(retention.run(running))
    });
    http::serve(listener, service, stop, timeouts, admission(args, database)).await;
    // Not aborted: a transaction dropped halfway could hand its open connection to another borrower.
    let _ = ended.send(true);
    if let Some(retention) = retention {
        let _ = timeout(CLOSING, retention).await;
    }
    let until = told.get().map(|told| *told + timeouts.stop_delay + timeouts.requests + CLOSING);
    close(app.db, &runtime, until).await
}

/// Open files other than client connections: at most this many for each database connection, and some others.
const FILES_OF_A_CONNECTION: u64 = 4;
const OTHER_FILES: u64 = 256;

/// Raises the limit of open files for the configured connections, or accepts fewer if the system does not allow it:
/// without free files, no client can connect, and the database cannot be reached.
fn admission(args: &ServeArgs, database: &DatabaseArgs) -> ConnectionLimits {
    let mut admission = args.admission();
    let others = OTHER_FILES + u64::from(database.database_connections) * FILES_OF_A_CONNECTION;
    let wanted = others.saturating_add(admission.connections as u64);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(files) if files < wanted => {
            let connections = usize::try_from(files.saturating_sub(others)).unwrap_or(usize::MAX).max(1);
            tracing::warn!(
                connections,
                files,
                "the limit of open files (ulimit -n) is too low for --connections; accepting fewer connections"
            );
            admission.connections = connections;
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(cause = %error, "cannot determine the limit of open files"),
    }
    admission
}

/// Reads and checks the documents of --documents. Fails if any is missing, since the server would refuse requests of
/// its front end.
async fn read_documents(
    args: &ServeArgs,
    schema: &Schema,
    settings: &HttpSettings,
    runtime: &OperationRuntime,
) -> CommandResult<TrustedDocuments> {
    let files = args.documents.files().to_vec();
    if files.is_empty() {
        return Ok(TrustedDocuments::default());
    }
    let (schema, limits, count) = (schema.clone(), settings.query_limits, files.len());
    let read = runtime.spawn_blocking(move || TrustedDocuments::read(&files, &schema, &limits));
    let trusted = read.await?.map_err(CommandError::new)?;
    if trusted.is_empty() {
        return Err(CommandError::new("the files of --documents contain no document"));
    }
    tracing::info!(files = count, documents = trusted.len(), "read the trusted documents");
    Ok(trusted)
}

/// Checks the keys of the identity provider. A file without keys is an error; a provider that is down may come back.
async fn check_keys(source: &JwksSource) -> CommandResult {
    match (source.check().await, source) {
        (Err(reason), JwksSource::File(path)) => Err(CommandError::new(format!(
            "cannot read the keys of the identity provider in {}: {reason}",
            path.display()
        ))),
        (Err(reason), JwksSource::Url(_)) => {
            tracing::warn!(reason, "cannot read the keys of the identity provider yet");
            Ok(())
        }
        (Ok(()), _) => Ok(()),
    }
}

/// Prepares everything before the first request: tables, demo data, and the start-up lines.
async fn prepare(
    args: &ServeArgs,
    database: &DatabaseArgs,
    address: SocketAddr,
) -> CommandResult<(AppState, Option<PlaygroundSession>)> {
    let db = migrate::connect(database, IfMissing::Create).await?;
    let clock = Clock::default();
    if args.demo {
        demo_access::require_place(&db).await?;
    }
    if args.no_migrate {
        migrate::require_current(&db).await?;
    } else {
        let migrate::Brought { changes, derived } = migrate::up(&db).await?;
        if !changes.is_empty() || !derived.is_empty() {
            tracing::info!(changes = changes.len(), derived = derived.join(", "), "brought the database up to date");
        }
    }
    let (db, token) = if args.demo {
        let token = demo_access::token(&db, &clock).await?;
        // Connections keep prepared statements, and those of the demo hold a thousand values each: open new ones.
        db.close().await?;
        (migrate::connect(database, IfMissing::Fail).await?, Some(token))
    } else {
        (db, None)
    };
    EventLog(&db).open(database_file::identity(database)?).await.map_err(|error| {
        let error = breadth::Error::from(error);
        CommandError::new(format!("cannot open the event log: {}", error.message))
    })?;
    let nobody_can_ask = token.is_none() && !has_token(&db).await?;
    // Printed last, when nothing is left to wait for: a reader of these lines can send requests at once, and gets
    // answers even if the server is told to stop next.
    let session = announce(address, token)?;
    if nobody_can_ask {
        explain_first_steps(database);
    }
    Ok((AppState { db, clock, limits: ListLimits::default(), quota: args.quota.quota() }, session))
}

/// Prints the start-up lines to standard output, and returns the session from which the playground fetches the token.
fn announce(address: SocketAddr, token: Option<Secret>) -> CommandResult<Option<PlaygroundSession>> {
    let base = if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    };
    let Some(token) = token else {
        out!("Playground: {base}/");
        out!("API:        {base}/graphql");
        return Ok(None);
    };
    let (session, code) = PlaygroundSession::start(token.clone(), PlaygroundSession::LIFETIME)?;
    // Browsers do not send the fragment, so the code reaches no log. The browser's history keeps it, but not the token.
    out!("Playground: {base}/#code={code}");
    out!("API:        {base}/graphql");
    out!("Token:      {}", token.reveal());
    Ok(Some(session))
}

async fn has_token(db: &Db) -> Result<bool, DbErr> {
    Ok(token::Entity::find().limit(1).one(db.read()).await?.is_some())
}

fn explain_first_steps(database: &DatabaseArgs) {
    out!();
    out!("No client has access yet, as there is no token. Create a company, a user, and a token for the user:");
    out!();
    out!("  notegraph company create \"Our Company\"");
    out!("  notegraph user create --company \"Our Company\" --username admin");
    out!("  notegraph token create --company \"Our Company\" --user admin --scope ADMIN");
    if !database.is_default() {
        out!();
        out!("Run these with the same --database-url, or DATABASE_URL, as this server.");
    }
}

/// Closes the database. Operations whose clients have gone may still run, and closing waits for their connections.
async fn close(db: Db, runtime: &OperationRuntime, until: Option<Instant>) -> CommandResult {
    let until = until.unwrap_or_else(|| Instant::now() + CLOSING);
    if let Ok(closed) = timeout_at(until.into(), runtime.spawn(db.close())).await {
        return Ok(closed??);
    }
    tracing::warn!("abandoning operations that did not end in time; the database rolls them back");
    Ok(())
}
