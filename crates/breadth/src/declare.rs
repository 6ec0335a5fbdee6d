//! Declares object types, once for both the schema and execution.

use std::any::Any;

use crate::bridge::indexmap::IndexMap;
use crate::bridge::{MetaInputValue, Registry};

use super::relation::RelationField;
use crate::error::Error;

/// Implemented by the row type of an object type; the macro `object!` does this.
pub trait Object: Send + Sync + 'static {
    fn object() -> &'static ObjectType;
}

/// A row with its type erased.
pub type ErasedRow = dyn Any + Send + Sync;

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
pub type Write = dyn Fn(&ErasedRow, super::Context<'_>, &mut Vec<u8>) -> Result<(), FieldError> + Send + Sync;

/// Why a row has no value for a field; nothing was written.
pub struct FieldError {
    pub error: Error,
    /// Whether the field may be null instead.
    pub nullable: bool,
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

/// Declares the object type of a row. Doc comments become the descriptions of the type and its fields.
///
/// Each field reads `name = definition;`. The schema name of the type is the name of the row's type, or the one after
/// `as`; field names become camel case.
///
/// ```
/// use breadth::{field, field_ref, object};
///
/// struct BookRow {
///     title: String,
///     pages: i32,
/// }
///
/// object! {
///     /// A book.
///     BookRow as "Book" {
///         /// The title.
///         title = field_ref(|book: &BookRow| &book.title);
///         /// The number of pages.
///         page_count = field(|book: &BookRow| book.pages);
///     }
/// }
///
/// let book = <BookRow as breadth::Object>::object();
/// assert_eq!((book.name, book.fields[1].name.as_str()), ("Book", "pageCount"));
/// ```
#[macro_export]
macro_rules! object {
    ($(#[doc = $about:literal])+ $row:ident $(as $name:literal)? $(implements $($interface:literal)+)? {
        $($(#[doc = $description:literal])+ $field:ident = $def:expr;)+
    }) => {
        impl $crate::Object for $row {
            fn object() -> &'static $crate::ObjectType {
                static OBJECT: std::sync::LazyLock<$crate::ObjectType> =
                    std::sync::LazyLock::new(|| $crate::ObjectType {
                        name: [$($name,)? stringify!($row)][0],
                        description: $crate::plain(concat!($($about, "\n"),+)),
                        implements: &[$($($interface),+)?],
                        fields: vec![$(
                            $crate::describe(
                                stringify!($field),
                                concat!($($description, "\n"),+),
                                $def,
                            )
                        ),+],
                        register: $crate::register::<$row>,
                    });
                &OBJECT
            }
        }
    };
}
