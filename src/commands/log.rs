//! Log lines, on standard error: standard output belongs to what a command is asked for.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogArgs, LogFormat};

pub fn start(args: &LogArgs) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&args.log_filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
    // A panic ends one operation, not the process: it belongs into the log, under its request, like any other failure.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let backtrace = std::backtrace::Backtrace::capture().to_string();
        tracing::error!(place, backtrace, "panicked: {}", panic.payload_as_str().unwrap_or_default());
    }));
}
