//! `notegraph serve`: the server from its start to its end, and what only it needs.

mod command;
mod demo_access;
mod signals;

pub use command::main;
