//! Breadth first: how a selection becomes JSON.
//!
//! The stock executor walks object by object and field by field, with a future and a map for each. Here the selection
//! is turned into a [`plan`] of *scopes*, an object type and its fields each; a scope holds all objects of its place at
//! once. A leaf is a function from row to JSON. A link says which key each row has and which [`Question`] answers it:
//! the keys of all rows, and of all links that ask the same question in the same round, go to the database in one
//! statement. When every scope has its rows, the answer is [written](mod@write) in one pass into one buffer.
//!
//! In the order of reading: [`declare`] is how an object type is declared, once, for the schema and for execution;
//! [`selection`] flattens what a document asks for; [`plan`] decides which link is followed in which round; [`run`]
//! follows them; [`mod@write`] writes; [`meet`] is where async-graphql hands over and takes back.
//!
//! Nothing in here knows of notes.

mod buffer;
mod declare;
mod leaf;
mod link;
mod meet;
mod plan;
mod question;
mod run;
mod selection;
#[cfg(test)]
mod tests;
mod write;

pub use buffer::{Buffer, Pieces};
pub use declare::{Arguments, Def, Field, Kind, Object, ObjectType, Row, describe, plain, register};
pub use leaf::Leaf;
pub use link::{
    Args, Asked, Below, Link, One, Prepared, Rows, Slot, Take, ask, leaf, leaf_in, lent, link, local, promised,
};
pub use meet::{AnyRow, Interface, Many, resolve, resolve_each, write_value};
pub use question::{Faults, Question, Store};

pub(crate) use declare::object;
pub(crate) use leaf::leaf_enum;

/// What an operation carries along; links and questions find their database and their viewer in it.
pub type Context<'a> = async_graphql::ContextSelectionSet<'a>;
