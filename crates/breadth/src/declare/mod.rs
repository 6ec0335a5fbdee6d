//! Declares object types once, for both the schema and execution, with the macro [`object!`](crate::object!) and the
//! functions in [`field`](mod@field); [`source`](mod@source) has the root fields of subscriptions. [`register`](mod@register) hands them over to async-graphql.

mod abstracts;
mod declare;
pub mod escape;
mod field;
mod from_arguments;
mod leaf;
mod object;
mod output;
mod register;
mod source;

pub use abstracts::{Abstract, AbstractType, AnyRow};
pub use declare::{
    Arguments, CoercedArguments, Field, FieldDefinition, FieldError, FieldResolver, Object, ObjectType, Prepared,
    Ready, RelationField, Write, describe, plain,
};
pub use field::{
    field, field_in_context, field_ref, inline, inline_with, relation, relation_from_loaders, relation_with_args,
    required, resolve, try_field,
};
pub use from_arguments::{Args, FromArguments, Input, scalar};
pub use leaf::{LeafValue, ScalarValue, write_text};
pub use output::{FieldOutput, LoadedScalar, NonNull, Nullable};
pub use register::{register, sdl};
pub use source::source;
