//! Breadth first: how an operation becomes JSON.
//!
//! A stock executor walks object by object and field by field, with a future and a map for each. Here an operation is
//! turned into a [`plan`] of *scopes*, an object type and its fields each; a scope holds all objects of its place at
//! once, and the root is a scope like any other. A leaf is a function from row to JSON. A link says which key each row has
//! and which [`Question`] answers it: the keys of all rows, and of all links that ask the same question in the same round,
//! go to the database in one statement. When every scope has its rows, the answer is [written](mod@write) in one pass into
//! one buffer. The fields of a mutation are executed so one after the other.
//!
//! A plan depends on the document alone, and on the variables that its `@skip` and `@include` name: it is [`kept`] with the document.
//!
//! In the order of reading: [`declare`] is how an object type is declared, once, for the schema and for execution, in the
//! words of [`words`]; [`selection`] flattens what a document asks for; [`plan`] decides which link is followed in which
//! round; [`run`] follows them; [`mod@write`] writes; [`execute`] does all of this for an operation, and [`Schema`] for whoever
//! has a text; [`bridge`] tells async-graphql of the types.
//!
//! Documents are read and held against the schema by [`document`]. Nothing in here knows what a schema is about.

/// The example of the README runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod abstracts;
mod arguments;
mod bounds;
mod bridge;
mod buffer;
mod context;
mod declare;
pub mod document;
mod error;
mod escape;
mod execute;
mod kept;
mod leaf;
mod link;
mod meter;
mod outcome;
mod plan;
mod progress;
mod question;
mod run;
mod schema;
mod selection;
mod take;
#[cfg(test)]
mod tests;
mod words;
mod write;

pub use abstracts::{Abstract, AbstractType, AnyRow};
pub use bridge::{
    EnumType, ID, InputType, OutputType, PathSegment, Pos, Registry, ScalarType, ServerError, Value, Variables,
    register,
};
pub use buffer::Buffer;
pub use context::{Context, Data};
pub use declare::{Arguments, Def, Field, Kind, NoValue, Object, ObjectType, Row, describe, plain};
pub use error::{Error, Missing, Result};
pub use execute::{Answered, Response};
pub use leaf::{Leaf, ScalarValue};
pub use link::{Below, Given, Link, Prepared, Ready, Rows, Slot};
pub use meter::{Changes, Meter};
pub use outcome::{Asked, Nullable, One, Outcome};
pub use progress::{CHANGED, Interruption, Progress, tells_changes};
pub use question::{Faults, Question, Seeds, Store};
pub use schema::{Document, NoMutation, Schema, sdl};
pub use take::{Args, Input, Take, scalar};
pub use words::{ask, gather, leaf, leaf_in, lent, link, local, local_in, promised, resolve, try_leaf};
