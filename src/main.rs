//! The program `notegraph`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    notegraph::commands::run().await
}
