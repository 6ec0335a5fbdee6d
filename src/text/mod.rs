//! Text functions that several modules share.

pub mod casefold;
pub mod control_characters;
pub mod quote;
