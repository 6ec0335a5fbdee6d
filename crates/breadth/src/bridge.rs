//! The names that this crate takes from async-graphql, of which it uses the scalars, enums, inputs, and the registry.
//! async-graphql executes nothing.
//!
//! Within this crate, only this file names the library. The crates that use this one name the library for its macros
//! and for the types of values, such as `ID` and `MaybeUndefined`; the parser's types, the registry and what else the
//! macros need they take from here. So an update that moves these changes only this file.

/// The library's registry of types.
pub use async_graphql::registry::{
    Deprecation, MetaField, MetaInputValue, MetaType, MetaTypeId, ObjectBuilder, Registry,
};
/// What the library asks of object types whose schema it prints.
pub use async_graphql::{
    Context as LibraryContext, ContextSelectionSet, ObjectType as LibraryObjectType, Response as LibraryResponse,
    Schema as LibrarySchema, ServerError, ServerResult, SubscriptionType as LibrarySubscriptionType,
    resolver_utils::ContainerType,
};
/// The traits that the library's macros implement for scalars, enums and inputs.
pub use async_graphql::{
    ID, InputType, OutputType, ScalarType,
    resolver_utils::{EnumType, enum_value},
};
/// Types for positions, names and values.
pub use async_graphql::{Name, Pos, Positioned, SDLExportOptions, Value, Variables};
/// The parsed documents that the engine executes.
pub use async_graphql_parser::{Error as ParseError, parse_schema, types};
pub use async_graphql_value::{ConstValue, Value as Literal, indexmap};
