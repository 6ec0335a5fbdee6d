//! The tables as the Rust peers use them: rows, and one batched statement for each relation.

mod rows;
mod statements;

pub use rows::*;
pub use statements::{postgres, sqlite};

/// The settings that the harness passes to every peer in environment variables.
pub struct Settings {
    pub listen: String,
    pub database: String,
    /// The company that all data belongs to.
    pub company: i64,
    /// The user who makes changes.
    pub actor: i64,
    pub connections: u32,
}

impl Settings {
    pub fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("the variable {name} is not set"));
        let number = |name: &str| text(name).parse().unwrap_or_else(|_| panic!("{name} is not a number"));
        Self {
            listen: format!("127.0.0.1:{}", text("BENCH_PORT")),
            database: text("BENCH_DATABASE"),
            company: number("BENCH_COMPANY"),
            actor: number("BENCH_ACTOR"),
            connections: u32::try_from(number("BENCH_CONNECTIONS")).expect("a small number of connections"),
        }
    }
}
