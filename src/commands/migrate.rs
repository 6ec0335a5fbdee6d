//! `notegraph migrate`, and how every command opens its database: none works on tables that are not up to date.

use clap::Subcommand;
use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Statement};

use super::terminal::out;
use super::{Failure, Outcome};
use crate::config::DatabaseArgs;
use crate::db::{self, Db, Missing, SchemaChange};
use crate::{derived, entity};

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum MigrateCommand {
    /// Apply all changes that are not applied yet; makes a database file that is not there.
    Up,
    /// Take the newest changes back, with all data in what they made.
    Down {
        /// How many.
        #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Tell which changes are applied.
    Status,
}

pub(super) async fn run(command: MigrateCommand, args: &DatabaseArgs) -> Outcome {
    match command {
        MigrateCommand::Up => {
            let Brought { changes, derived } = up(&connect(args, Missing::Create).await?).await?;
            for name in &changes {
                out!("applied {name}");
            }
            for name in &derived {
                out!("made {name}");
            }
            if changes.is_empty() && derived.is_empty() {
                out!("the tables are up to date");
            }
        }
        MigrateCommand::Down { steps } => {
            let taken_back = down(&connect(args, Missing::Refuse).await?, steps).await?;
            for name in &taken_back {
                out!("took back {name}");
            }
            if taken_back.is_empty() {
                out!("there is nothing to take back");
            }
        }
        MigrateCommand::Status => {
            let db = connect(args, Missing::Refuse).await?;
            for (name, status) in standing(db.read()).await? {
                out!("{:8} {name}", if status == MigrationStatus::Applied { "applied" } else { "pending" });
            }
        }
    }
    Ok(())
}

/// Opens a database that has to be there and up to date.
///
/// # Errors
/// When it is not; says what to do about it.
pub async fn open(args: &DatabaseArgs) -> Outcome<Db> {
    let db = connect(args, Missing::Refuse).await?;
    require_current(&db).await?;
    Ok(db)
}

/// Opens a database, makes it where it is not there, and its tables where it is empty.
///
/// # Errors
/// When it has older tables, or somebody else's; says what to do about it.
pub async fn open_or_create(args: &DatabaseArgs) -> Outcome<Db> {
    let db = connect(args, Missing::Create).await?;
    if foreign_tables(&db).await?.is_empty() && applied(&db).await? == 0 {
        up(&db).await?;
    } else {
        require_current(&db).await?;
    }
    Ok(db)
}

/// Opens a database, whatever is in it.
///
/// # Errors
/// When it does not answer, or is a file that is not there and must not be made.
pub async fn connect(args: &DatabaseArgs, missing: Missing) -> Outcome<Db> {
    if missing == Missing::Refuse && args.database_url.starts_with("sqlite:") {
        let file = db::sqlite_file(&args.database_url)?;
        if !file.exists() {
            return Err(Failure::new(format!(
                "there is no database {}; name another with --database-url, or make it with `notegraph migrate up`",
                file.display()
            )));
        }
    }
    Ok(db::connect(&args.settings(), missing).await?)
}

/// # Errors
/// When changes are pending, what is derived is not made, or there are more changes than this version knows.
pub async fn require_current(db: &Db) -> Outcome {
    let pending = standing(db.read()).await?.iter().filter(|(_, status)| *status == MigrationStatus::Pending).count();
    let pending = match pending {
        0 => derived::pending(db).await?.join(", "),
        changes => format!("{changes} changes"),
    };
    if pending.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the tables of the database are not up to date ({pending} pending): run `notegraph migrate up`"
    )))
}

/// How many changes are applied.
///
/// # Errors
/// When there are more than this version knows.
pub async fn applied(db: &Db) -> Outcome<usize> {
    Ok(standing(db.read()).await?.iter().filter(|(_, status)| *status == MigrationStatus::Applied).count())
}

/// What was pending.
#[derive(Debug, Default)]
pub struct Brought {
    /// The changes of the tables.
    pub changes: Vec<String>,
    /// What is stored beside its original, by name.
    pub derived: Vec<&'static str>,
}

/// Applies what is pending, and says what that was. Where several start at once, one of them changes the tables and
/// the others wait for it; what is derived they make together.
///
/// # Errors
/// When a change cannot be applied; then none is.
pub async fn up(db: &Db) -> Outcome<Brought> {
    let turn = turn(db).await?;
    let changes = with_status(&*turn, MigrationStatus::Pending).await?;
    Migrator::up(&*turn, None).await?;
    turn.commit().await?;
    Ok(Brought { changes, derived: derived::catch_up(db).await? })
}

async fn down(db: &Db, steps: u32) -> Outcome<Vec<String>> {
    let turn = turn(db).await?;
    let applied = with_status(&*turn, MigrationStatus::Applied).await?;
    Migrator::down(&*turn, Some(steps)).await?;
    // What was derived may have gone with its tables: it is made anew when they come again.
    let left = with_status(&*turn, MigrationStatus::Applied).await?;
    if left.iter().any(|name| name.ends_with("create_derived")) {
        entity::derived::Entity::delete_many().exec(&*turn).await?;
    }
    turn.commit().await?;
    let steps = usize::try_from(steps).unwrap_or(usize::MAX);
    Ok(applied.into_iter().rev().take(steps).collect())
}

/// A transaction that nobody else who changes the tables is in at the same time: on `SQLite` every writer is alone, on
/// `PostgreSQL` a lock is taken that is given back with the transaction, however that ends.
async fn turn(db: &Db) -> Result<SchemaChange, DbErr> {
    /// A number that stands for the tables of notegraph among the advisory locks of a database: "notegrap" in ASCII.
    const LOCK: i64 = i64::from_be_bytes(*b"notegrap");
    db.begin_schema_change(LOCK).await
}

async fn with_status(connection: &impl ConnectionTrait, wanted: MigrationStatus) -> Outcome<Vec<String>> {
    let all = standing(connection).await?;
    Ok(all.into_iter().filter(|(_, status)| *status == wanted).map(|(name, _)| name).collect())
}

/// Every change, oldest first. Writes nothing.
async fn standing(connection: &impl ConnectionTrait) -> Outcome<Vec<(String, MigrationStatus)>> {
    match Migrator::get_migration_with_status_read_only(connection).await {
        Ok(all) => Ok(all.iter().map(|change| (change.name().to_owned(), change.status())).collect()),
        Err(DbErr::Custom(_)) => Err(Failure::new(
            "the tables of the database were changed by a newer notegraph: run that version, or a newer one",
        )),
        Err(error) => Err(error.into()),
    }
}

/// Tables that somebody else made: all that there are, where none of our changes is applied.
///
/// # Errors
/// When the database does not say.
pub async fn foreign_tables(db: &Db) -> Outcome<Vec<String>> {
    if applied(db).await? > 0 {
        return Ok(Vec::new());
    }
    let sql = match db.backend() {
        DatabaseBackend::Postgres => {
            "SELECT table_name AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name <> 'seaql_migrations' ORDER BY 1"
        }
        _ => {
            r"SELECT name FROM sqlite_master
              WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name <> 'seaql_migrations' ORDER BY 1"
        }
    };
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?)
}
