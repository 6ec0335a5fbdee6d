//! The playground: its files, and the token that it fetches for a code.

pub mod assets;
pub mod exchange;
pub mod session;
