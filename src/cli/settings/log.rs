use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// What is logged, and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// The format of log lines, which go to standard error.
    #[arg(
        long,
        global = true,
        env = "NOTEGRAPH_LOG_FORMAT",
        value_enum,
        value_name = "FORMAT",
        default_value_t = LogFormat::Text
    )]
    pub log_format: LogFormat,

    /// Which log lines are written: `error`, `warn`, `info`, `debug` or `trace`, also by module, as in
    /// `warn,notegraph::http=debug`.
    #[arg(
        long,
        global = true,
        env = "NOTEGRAPH_LOG_FILTER",
        value_name = "FILTER",
        default_value = "info,sqlx=warn,sea_orm_migration=warn",
        value_parser = log_filter
    )]
    pub log_filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::builder()
        .parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; expected a level, or levels by module, such as warn,notegraph::http=debug"))
}
