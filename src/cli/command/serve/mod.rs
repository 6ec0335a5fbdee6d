//! `notegraph serve`: the server from its start to its end, and what only it needs.

mod demo_access;
mod serve;
mod signals;

pub use serve::main;
