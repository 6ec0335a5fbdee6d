//! `notegraph migrate`, and opening the database for all commands, which refuse to work on an outdated schema.

use clap::Subcommand;
use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use crate::backfill;
use crate::cli::settings::DatabaseArgs;
use crate::cli::terminal::out;
use crate::cli::{CommandError, CommandResult};
use crate::store::db::{self, Db, IfMissing, SchemaChange};
use crate::store::entity;

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum MigrateCommand {
    /// Apply all pending migrations; creates a missing database file.
    Up,
    /// Roll back the latest migrations, and delete the data in what they created.
    Down {
        /// Number of migrations to roll back.
        #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Show which migrations are applied.
    Status,
}

pub async fn run(command: MigrateCommand, args: &DatabaseArgs) -> CommandResult {
    match command {
        MigrateCommand::Up => {
            let Brought { changes, derived } = up(&connect(args, IfMissing::Create).await?).await?;
            for name in &changes {
                out!("applied {name}");
            }
            for name in &derived {
                out!("backfilled {name}");
            }
            if changes.is_empty() && derived.is_empty() {
                out!("the database is up to date");
            }
        }
        MigrateCommand::Down { steps } => {
            let taken_back = down(&connect(args, IfMissing::Fail).await?, steps).await?;
            for name in &taken_back {
                out!("rolled back {name}");
            }
            if taken_back.is_empty() {
                out!("there is nothing to roll back");
            }
        }
        MigrateCommand::Status => {
            let db = connect(args, IfMissing::Fail).await?;
            for (name, status) in standing(db.read()).await? {
                out!("{:8} {name}", if status == MigrationStatus::Applied { "applied" } else { "pending" });
            }
        }
    }
    Ok(())
}

/// Opens an existing, up-to-date database.
///
/// # Errors
/// If it is missing or outdated; the text says what to do.
pub async fn open(args: &DatabaseArgs) -> CommandResult<Db> {
    let db = connect(args, IfMissing::Fail).await?;
    require_current(&db).await?;
    Ok(db)
}

/// Opens a database; creates it if it is missing, and its tables if it is empty.
///
/// # Errors
/// If it has older tables, or tables of another program; the text says what to do.
pub async fn open_or_create(args: &DatabaseArgs) -> CommandResult<Db> {
    let db = connect(args, IfMissing::Create).await?;
    if foreign_tables(&db).await?.is_empty() && applied(&db).await? == 0 {
        up(&db).await?;
    } else {
        require_current(&db).await?;
    }
    Ok(db)
}

/// Opens a database in any state.
///
/// # Errors
/// If it does not answer, or its file is missing and must not be created.
pub async fn connect(args: &DatabaseArgs, missing: IfMissing) -> CommandResult<Db> {
    if missing == IfMissing::Fail
        && let Some(file) = db::database_file(&args.database_url)?
        && !file.exists()
    {
        return Err(CommandError::new(format!(
            "the database {} does not exist; choose another one with --database-url, or create it with `notegraph \
             migrate up`",
            file.display()
        )));
    }
    Ok(db::connect(&args.settings(), missing).await?)
}

/// Checks that the schema and the derived data are up to date.
///
/// # Errors
/// If migrations or backfills are pending, or migrations are applied that this version does not know.
pub async fn require_current(db: &Db) -> CommandResult {
    let pending = standing(db.read()).await?.iter().filter(|(_, status)| *status == MigrationStatus::Pending).count();
    let pending = match pending {
        0 => backfill::pending(db).await?.join(", "),
        changes => format!("{changes} migrations"),
    };
    if pending.is_empty() {
        return Ok(());
    }
    Err(CommandError::new(format!("the database is not up to date ({pending} pending); run `notegraph migrate up`")))
}

/// Number of applied migrations.
///
/// # Errors
/// If some are applied that this version does not know.
pub async fn applied(db: &Db) -> CommandResult<usize> {
    Ok(standing(db.read()).await?.iter().filter(|(_, status)| *status == MigrationStatus::Applied).count())
}

/// The migrations and backfills that [`up`] has applied.
#[derive(Debug, Default)]
pub struct Brought {
    /// Names of the applied migrations.
    pub changes: Vec<String>,
    /// Names of the derived data that was backfilled.
    pub derived: Vec<&'static str>,
}

/// Applies pending migrations and backfills, and returns what was pending. If several processes start at once, one
/// migrates while the others wait; they backfill together.
///
/// # Errors
/// If a migration fails; then none is applied.
pub async fn up(db: &Db) -> CommandResult<Brought> {
    let turn = turn(db).await?;
    let changes = with_status(&*turn, MigrationStatus::Pending).await?;
    Migrator::up(&*turn, None).await?;
    turn.commit().await?;
    Ok(Brought { changes, derived: backfill::catch_up(db).await? })
}

async fn down(db: &Db, steps: u32) -> CommandResult<Vec<String>> {
    let turn = turn(db).await?;
    let applied = with_status(&*turn, MigrationStatus::Applied).await?;
    Migrator::down(&*turn, Some(steps)).await?;
    // The derived data may have been dropped with its tables, so forget that it was made.
    let left = with_status(&*turn, MigrationStatus::Applied).await?;
    if left.iter().any(|name| name.ends_with("create_derived")) {
        entity::derived::Entity::delete_many().exec(&*turn).await?;
    }
    turn.commit().await?;
    let steps = usize::try_from(steps).unwrap_or(usize::MAX);
    Ok(applied.into_iter().rev().take(steps).collect())
}

/// Begins a schema change, one process at a time: `SQLite` has a single writer, and on `PostgreSQL` the transaction
/// holds an advisory lock until it ends in whatever way.
async fn turn(db: &Db) -> Result<SchemaChange, DbErr> {
    /// Key of the advisory lock: "notegrap" in ASCII.
    const LOCK: i64 = i64::from_be_bytes(*b"notegrap");
    db.begin_schema_change(LOCK).await
}

async fn with_status(connection: &impl ConnectionTrait, wanted: MigrationStatus) -> CommandResult<Vec<String>> {
    let all = standing(connection).await?;
    Ok(all.into_iter().filter(|(_, status)| *status == wanted).map(|(name, _)| name).collect())
}

/// All migrations with their status, oldest first. Only reads.
async fn standing(connection: &impl ConnectionTrait) -> CommandResult<Vec<(String, MigrationStatus)>> {
    match Migrator::get_migration_with_status_read_only(connection).await {
        Ok(all) => Ok(all.iter().map(|change| (change.name().to_owned(), change.status())).collect()),
        Err(DbErr::Custom(_)) => Err(CommandError::new(
            "the database was migrated by a newer version of notegraph; run that version, or a newer one",
        )),
        Err(error) => Err(error.into()),
    }
}

/// Tables of another program: all that exist, if none of our migrations is applied.
///
/// # Errors
/// If the query fails.
pub async fn foreign_tables(db: &Db) -> CommandResult<Vec<String>> {
    if applied(db).await? > 0 {
        return Ok(Vec::new());
    }
    Ok(db.tables().await?)
}
