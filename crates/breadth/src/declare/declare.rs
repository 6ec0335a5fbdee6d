//! Declares object types with their fields, once for both the schema and execution. Some fields are relations, which
//! lead to other object types, so these types stand in one file.

use std::any::{Any, TypeId};

use futures_util::future::BoxFuture;

use crate::bridge::indexmap::IndexMap;
use crate::bridge::{MetaInputValue, Registry, Value};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::events::EventStream;
use crate::loader::LoadState;
use crate::rows::{ChildRows, ErasedRow, RowList};

/// Implemented by the row type of an object type; the macro `object!` does this.
pub trait Object: Send + Sync + 'static {
    fn object() -> &'static ObjectType;
}

/// An object type of the schema.
pub struct ObjectType {
    pub name: &'static str,
    pub description: String,
    pub implements: &'static [&'static str],
    pub fields: Vec<Field>,
    /// Registers the type with the schema and returns its name.
    pub register: fn(&mut Registry) -> String,
}

/// A field of an object type.
pub struct Field {
    pub name: String,
    pub description: String,
    pub def: FieldDefinition,
    /// The Rust names of the row's fields that this field reads.
    pub reads: Vec<&'static str>,
}

/// The arguments of a field, as the schema describes them.
pub type Arguments = IndexMap<String, MetaInputValue>;

/// The definition of a field, without its name and description.
pub struct FieldDefinition {
    /// Registers the field's type and returns its name, with the arguments of the field.
    pub register: Box<Register>,
    pub resolver: FieldResolver,
    /// The Rust names of the row's fields that the field reads; `None` stands for the one of the field's own name.
    pub reads: Option<&'static [&'static str]>,
    /// Why the field is deprecated and what to use instead.
    pub deprecated: Option<&'static str>,
}

impl FieldDefinition {
    /// Marks the field as deprecated; `reason` says why and what to use instead.
    #[must_use]
    pub fn deprecated(self, reason: &'static str) -> Self {
        Self { deprecated: Some(reason), ..self }
    }

    /// Names the row's fields that the field reads, if it reads others than the one of its own name.
    #[must_use]
    pub fn reads(self, fields: &'static [&'static str]) -> Self {
        Self { reads: Some(fields), ..self }
    }

    /// Sets the description of an argument.
    #[must_use]
    pub fn describe_argument(self, argument: &'static str, description: &'static str) -> Self {
        let register = move |registry: &mut Registry| {
            let (ty, mut arguments) = (self.register)(registry);
            if let Some(argument) = arguments.get_mut(argument) {
                argument.description = Some(description.to_owned());
            }
            (ty, arguments)
        };
        Self { register: Box::new(register), resolver: self.resolver, reads: self.reads, deprecated: self.deprecated }
    }
}

pub type Register = dyn Fn(&mut Registry) -> (String, Arguments) + Send + Sync;

pub enum FieldResolver {
    Leaf(Box<Write>),
    Relation(Box<dyn RelationField>),
}

/// Writes a row's value of a field as JSON.
pub type Write = dyn Fn(&ErasedRow, Context<'_>, &mut Vec<u8>) -> Result<(), FieldError> + Send + Sync;

/// Why a row has no value for a field; nothing was written.
pub struct FieldError {
    pub error: Error,
    /// Whether the field may be null instead.
    pub nullable: bool,
}

/// The data that a relation has prepared for its rows, with its type erased.
pub type Ready = Box<dyn Any + Send>;

/// The data that a relation has prepared for its rows, available now or when the future completes.
pub enum Prepared<'c> {
    Ready(Ready),
    Coming(BoxFuture<'c, Ready>),
}

/// Valid arguments.
pub enum CoercedArguments<'p> {
    /// Without variables, kept with the plan.
    Kept(&'p ErasedRow),
    /// Parsed for this operation.
    Own(Box<ErasedRow>),
}

impl CoercedArguments<'_> {
    pub fn row(&self) -> &ErasedRow {
        match self {
            Self::Kept(row) => *row,
            Self::Own(row) => row.as_ref(),
        }
    }
}

/// A field that leads to other rows, or to a value that has to be loaded.
pub trait RelationField: Send + Sync {
    /// The possible object types; empty if the field has a value.
    fn targets(&self) -> Vec<&'static ObjectType>;
    /// Whether the field may be null.
    fn nullable(&self) -> bool;
    /// Whether items may be null, if the field is a list.
    fn nullable_items(&self) -> bool {
        false
    }
    /// Identifies the loader; `None` if nothing has to be loaded.
    fn loader_id(&self) -> Option<TypeId>;
    /// Parses the arguments for `prepare`; errors in them are found here.
    ///
    /// # Errors
    /// A message for the client, if the arguments are invalid.
    fn arguments(&self, values: Value) -> Result<Box<ErasedRow>, String>;
    /// Determines which keys the rows need and requests them from the loader, or starts a future that resolves the
    /// field.
    fn prepare<'c>(
        &'c self,
        rows: &dyn RowList,
        given: CoercedArguments<'_>,
        ctx: Context<'c>,
        state: &mut LoadState,
    ) -> Prepared<'c>;
    /// Starts the events of a subscription; `None` if the field is no root field of one.
    fn subscribe<'c>(
        &'c self,
        _given: CoercedArguments<'_>,
        _ctx: Context<'c>,
    ) -> Option<BoxFuture<'c, Result<EventStream>>> {
        None
    }
    /// Turns the loaded values into the rows of the child nodes.
    fn complete(&self, ready: Ready, state: &mut LoadState) -> ChildRows;
}

impl ObjectType {
    pub fn field(&'static self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Makes a [`Field`] whose schema name is `name` in camel case: `databaseId` for `database_id`.
pub fn describe(name: &'static str, comment: &str, def: FieldDefinition) -> Field {
    let name = name.trim_start_matches("r#");
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            letter => camel.push(letter),
        }
    }
    let reads = def.reads.map_or_else(|| vec![name], <[_]>::to_vec);
    Field { name: camel, description: plain(comment), def, reads }
}

/// Turns a doc comment into plain text: strips the space that each of its lines begins with.
pub fn plain(comment: &str) -> String {
    let lines: Vec<&str> = comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}
