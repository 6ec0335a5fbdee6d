use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::command::{backup, company, demo, export, import, migrate, schema, serve, token, user};
use super::error::CommandResult;
use super::log;
use super::settings::{DatabaseArgs, LogArgs, ServeArgs};
use super::terminal::err;

/// Customer notes over GraphQL.
#[derive(Debug, Parser)]
#[command(name = "notegraph", version, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and its playground.
    Serve(Box<ServeArgs>),
    /// Migrate the database schema, roll back migrations, or show their status.
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Create companies, which everything else belongs to.
    #[command(subcommand)]
    Company(company::CompanyCommand),
    /// Create users, who write notes and hold tokens.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Create, list and revoke tokens for access to the API.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Add demo data to a database.
    Demo(demo::DemoArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Backup(backup::BackupArgs),
    /// Print the schema in the GraphQL schema definition language, for code generators.
    Schema,
}

/// Exit status for an invalid command line, as usual.
const WRONG_COMMAND_LINE: u8 = 2;

/// Defines all commands with their arguments; the configuration reference is generated from it.
pub fn command_line() -> clap::Command {
    Cli::command()
}

/// Parses the command line and runs the command.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // The error repeats arguments and variables, which may hold control characters.
            for line in error.render().to_string().lines() {
                err!("{line}");
            }
            return ExitCode::from(WRONG_COMMAND_LINE);
        }
        Err(help) => help.exit(),
    };
    log::start(&cli.log);
    let database = &cli.database;
    let outcome = match cli.command {
        // `serve` has runtimes of its own.
        Command::Serve(args) => serve::main(&args, database),
        Command::Migrate(command) => block_on(migrate::run(command, database)),
        Command::Company(command) => block_on(company::run(command, database)),
        Command::User(command) => block_on(user::run(command, database)),
        Command::Token(command) => block_on(token::run(command, database)),
        Command::Demo(args) => block_on(demo::run(&args, database)),
        Command::Import(args) => match block_on(async { Ok(import::main(&args, database).await) }) {
            Ok(code) => return code,
            Err(failure) => Err(failure),
        },
        Command::Export(args) => block_on(export::main(&args, database)),
        Command::Backup(args) => block_on(backup::run(&args, database)),
        Command::Schema => schema::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            err!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn block_on<T>(command: impl Future<Output = CommandResult<T>>) -> CommandResult<T> {
    tokio::runtime::Runtime::new()?.block_on(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_setting_has_an_environment_variable() {
        let cli = Cli::command();
        let serve = cli.find_subcommand("serve").unwrap();
        let settings = cli.get_arguments().chain(serve.get_arguments());
        for setting in settings.filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())) {
            let flag = setting.get_long().expect("settings have long flags");
            let expected = match flag {
                "database-url" => "DATABASE_URL".to_owned(),
                flag => format!("NOTEGRAPH_{}", flag.to_uppercase().replace('-', "_")),
            };
            assert_eq!(setting.get_env().and_then(|name| name.to_str()), Some(expected.as_str()), "--{flag}");
        }
    }
}
