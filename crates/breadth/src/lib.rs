//! Executes GraphQL operations breadth first and writes JSON.
//!
//! A stock executor walks object by object and field by field, with a future and a map for each. Here an operation
//! becomes a [`plan`] of *scopes*. A scope is an object type with its selected fields; it holds all objects of its
//! place at once, and the root is a scope like any other. A scalar field is a function from row to JSON. A relation
//! says which key each row has and which [`Question`] loads it: the keys of all rows, and of all relations that use the
//! same loader in the same wave, go to the database in one statement. When every scope has its rows, the response is
//! [written](mod@write) in one pass into one buffer. The root fields of a mutation go through all of this one after the
//! other.
//!
//! A plan depends on nothing but the document and the variables that its `@skip` and `@include` name, so it is [`kept`]
//! with the document.
//!
//! In the order of reading: [`declare`] declares object types once, for both the schema and execution, with the
//! functions in [`words`]; [`selection`] flattens the selections of a document; [`plan`] decides in which wave each
//! relation is loaded; [`run`] loads them; [`mod@write`] writes; [`execute`] does all of this for an operation, and
//! [`Schema`] for a text; [`bridge`] registers the types with async-graphql.
//!
//! [`document`] parses documents and validates them against the schema. Nothing in this crate knows what a schema is
//! about.

/// Runs the examples of the README as doc tests.
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
