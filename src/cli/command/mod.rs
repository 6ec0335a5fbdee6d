//! The commands, one a file.

pub mod backup;
pub mod company;
pub mod demo;
pub mod export;
pub mod import;
pub mod migrate;
pub mod schema;
pub mod serve;
pub mod token;
pub mod user;
