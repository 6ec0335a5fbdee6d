//! Executes GraphQL operations breadth first and writes JSON.
//!
//! A stock executor walks object by object and field by field, with a future and a map for each. Here an operation
//! becomes a [`plan`] of *nodes*. A node is an object type with its selected fields; it holds all objects of its
//! place at once, and the root is a node like any other. A scalar field is a function from row to JSON. A relation
//! says which key each row has and which [`Loader`] loads it: the keys of all rows, and of all relations that use the
//! same loader in the same wave, go to the database in one statement. When every node has its rows, the response is
//! [written](execute) in one pass into one buffer. The root fields of a mutation go through all of this one after the
//! other.
//!
//! A plan depends on nothing but the document and the variables that its `@skip` and `@include` name, so it is kept with
//! the document.
//!
//! In the order of reading: [`declare`] declares object types once, for both the schema and execution, with the macro
//! [`object!`] and functions for fields and for the sources of subscriptions, and registers them with async-graphql, whose names come from [`bridge`];
//! [`selection`] flattens the selections of a document;
//! [`plan`] decides in which wave each relation is loaded; [`execute`] loads them and writes the response of an
//! operation, and [`Schema`] does all of this for a text. No two files import each other.
//!
//! [`document`] parses documents and validates them against the schema, and [`introspection`] tells clients about it.
//! Nothing in this crate knows what a schema is about.

/// Runs the examples of the README as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod bridge;
mod context;
mod declare;
pub mod document;
mod error;
mod events;
mod execute;
mod introspection;
mod loader;
mod plan;
mod response_error;
mod rows;
mod schema;
mod selection;
#[cfg(test)]
mod tests;

pub use bridge::{EnumType, ID, InputType, OutputType, Registry, ScalarType, Value, Variables, enum_value, types};
pub use context::{Context, Data};
pub use declare::{
    Abstract, AbstractType, AnyRow, Args, Arguments, CoercedArguments, Field, FieldDefinition, FieldError, FieldOutput,
    FieldResolver, FromArguments, Input, LeafValue, LoadedScalar, NonNull, Nullable, Object, ObjectType, Prepared,
    Ready, RelationField, ScalarValue, describe, field, field_in_context, field_ref, inline, inline_with, plain,
    register, relation, relation_from_loaders, relation_with_args, required, resolve, scalar, source, try_field,
};
pub use error::{Error, Missing, Result};
pub use events::{Event, EventStream, SourceItem};
pub use execute::{Buffer, ChangeCount, ExecutionMeter, Interruption, MutationProgress, Response, ResponseData};
pub use loader::{FaultInjector, LoadState, Loader, Prefetched};
pub use response_error::{CHANGED, Location, PathSegment, ResponseError, tells_changes};
pub use rows::{ChildRows, ErasedRow, FieldValue, RowList};
pub use schema::{NoMutation, NoSubscription, PlannedDocument, Schema, sdl, sdl_with_description};
