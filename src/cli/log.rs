//! Logging to standard error, since standard output is for the results of commands.

use std::fmt::Debug;
use std::io::IsTerminal;

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::cli::settings::{LogArgs, LogFormat};
use crate::text::control_characters::escape;

pub fn start(args: &LogArgs) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&args.log_filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => lines.fmt_fields(debug_fn(field).delimited(" ")).init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
    // A panic ends one operation, not the process: log it with the fields of its request, like any other error.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let backtrace = std::backtrace::Backtrace::capture().to_string();
        tracing::error!(place, backtrace, "panicked: {}", panic.payload_as_str().unwrap_or_default());
    }));
}

/// Writes a field of an event on one line, with control characters escaped: errors repeat texts of clients and
/// databases, which must not look like further log lines, or control the terminal.
fn field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    let text = format!("{value:?}");
    let text = escape(&text);
    if field.name() == "message" { write!(writer, "{text}") } else { write!(writer, "{}={text}", field.name()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_event_is_always_one_line() {
        let lines = Lines::default();
        let written = lines.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || written.clone())
            .fmt_fields(debug_fn(field).delimited(" "))
            .finish();
        let forged = "x\n2026-01-01T00:00:00Z  INFO forged\x1b[2K\u{9b}1A\u{202e}";
        tracing::subscriber::with_default(log, || {
            let _span = tracing::info_span!("request", path = forged, method = %forged).entered();
            tracing::info!(cause = %forged, text = forged, "said {forged}");
        });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written.lines().count(), 1, "{written}");
        assert_eq!(crate::text::control_characters::first(written.trim_end_matches('\n')), None, "{written}");
        assert_eq!(written.matches("forged").count(), 5, "{written}");
    }
}
