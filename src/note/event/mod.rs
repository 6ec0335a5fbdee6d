//! Events of notes: their GraphQL type, the history of a note, and the feed.

pub mod connection;
pub mod feed;
pub mod follow;
pub mod history;
pub mod load;
pub mod object;
