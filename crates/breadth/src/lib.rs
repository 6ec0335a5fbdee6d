//! Executes GraphQL operations breadth first and writes JSON.
//!
//! A stock executor walks object by object and field by field, with a future and a map for each. Here an operation
//! becomes a [`plan`] of *nodes*. A node is an object type with its selected fields; it holds all objects of its
//! place at once, and the root is a node like any other. A scalar field is a function from row to JSON. A relation
//! says which key each row has and which [`Loader`] loads it: the keys of all rows, and of all relations that use the
//! same loader in the same wave, go to the database in one statement. When every node has its rows, the response is
//! [written](mod@write) in one pass into one buffer. The root fields of a mutation go through all of this one after the
//! other.
//!
//! A plan depends on nothing but the document and the variables that its `@skip` and `@include` name, so it is [kept](plan_cache)
//! with the document.
//!
//! In the order of reading: [`declare`] declares object types once, for both the schema and execution, with the macro
//! [`object!`] and the functions in [`field`](mod@field); [`register`](mod@register) registers them with async-graphql,
//! whose names come from [`bridge`]; [`source`](mod@source) has the root fields of subscriptions; [`selection`] flattens the selections of a document; [`plan`] decides in which wave
//! each relation is loaded; [`run`] loads them; [`mod@write`] writes; [`execute`] does all of this for an operation, and
//! [`Schema`] for a text. No two files import each other.
//!
//! [`document`] parses documents and validates them against the schema, and [`introspection`] tells clients about it.
//! Nothing in this crate knows what a schema is about.

/// Runs the examples of the README as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod abstracts;
mod arguments;
mod bridge;
mod buffer;
mod context;
mod declare;
pub mod document;
mod error;
mod escape;
mod events;
mod execute;
mod field;
mod from_arguments;
mod introspection;
mod leaf;
mod loader;
mod meter;
mod object;
mod output;
mod plan;
mod plan_cache;
mod plan_size;
mod progress;
mod register;
mod response;
mod response_error;
mod rows;
mod run;
mod schema;
mod selection;
mod source;
#[cfg(test)]
mod tests;
mod write;
mod written;

pub use abstracts::{Abstract, AbstractType, AnyRow};
pub use bridge::{EnumType, ID, InputType, OutputType, Registry, ScalarType, Value, Variables, enum_value, types};
pub use buffer::Buffer;
pub use context::{Context, Data};
pub use declare::{
    Arguments, CoercedArguments, Field, FieldDefinition, FieldError, FieldResolver, Object, ObjectType, Prepared,
    Ready, RelationField, describe, plain,
};
pub use error::{Error, Missing, Result};
pub use events::{Event, EventStream, SourceItem};
pub use field::{
    field, field_in_context, field_ref, inline, inline_with, relation, relation_from_loaders, relation_with_args,
    required, resolve, try_field,
};
pub use from_arguments::{Args, FromArguments, Input, scalar};
pub use leaf::{LeafValue, ScalarValue};
pub use loader::{FaultInjector, LoadState, Loader, Prefetched};
pub use meter::{ChangeCount, ExecutionMeter};
pub use output::{FieldOutput, LoadedScalar, NonNull, Nullable};
pub use progress::{Interruption, MutationProgress};
pub use register::register;
pub use response::{Response, ResponseData};
pub use response_error::{CHANGED, Location, PathSegment, ResponseError, tells_changes};
pub use rows::{ChildRows, ErasedRow, FieldValue, RowList};
pub use schema::{NoMutation, NoSubscription, PlannedDocument, Schema, sdl, sdl_with_description};
pub use source::source;
