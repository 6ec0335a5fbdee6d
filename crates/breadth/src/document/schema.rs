//! The types that documents are validated against (GraphQL, section 3), each identified by its index.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use crate::bridge::ConstValue;

use super::parse::ast::OperationKind;

/// The index of a type.
pub type TypeId = u32;

/// A type reference with its list and non-null wrappers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeRef {
    Named(TypeId),
    List(Box<Self>),
    /// Never directly wraps another `NonNull`.
    NonNull(Box<Self>),
}

impl TypeRef {
    pub fn is_non_null(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    pub fn innermost(&self) -> TypeId {
        match self {
            Self::Named(id) => *id,
            Self::List(inner) | Self::NonNull(inner) => inner.innermost(),
        }
    }

    /// Whether values of this input type are allowed where `place` is expected (GraphQL, section 5.8.5).
    pub fn fits(&self, place: &Self) -> bool {
        match (self, place) {
            (Self::NonNull(own), Self::NonNull(place)) | (Self::List(own), Self::List(place)) => own.fits(place),
            (_, Self::NonNull(_)) => false,
            (Self::NonNull(own), place) => own.fits(place),
            (Self::Named(own), Self::Named(place)) => own == place,
            _ => false,
        }
    }

    /// The type without its outermost `!`.
    pub fn nullable(&self) -> &Self {
        match self {
            Self::NonNull(inner) => inner,
            other => other,
        }
    }
}

pub struct TypeDefinition {
    pub name: String,
    pub description: Option<String>,
    pub kind: TypeKind,
    /// The interfaces that an object type or an interface implements.
    pub interfaces: Vec<TypeId>,
    /// URL of a scalar's specification.
    pub specified_by: Option<String>,
}

pub enum TypeKind {
    Scalar(Scalar),
    Enum(Vec<EnumValue>),
    Object(Fields),
    Interface(Fields),
    Union,
    Input(Input),
}

/// The fields of an object or an interface type, without `__typename`.
#[derive(Default)]
pub struct Fields {
    /// In the order of declaration.
    pub all: Vec<Field>,
    pub by_name: HashMap<String, usize>,
}

impl Fields {
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.all.get(*self.by_name.get(name)?)
    }
}

/// Why something is deprecated, or `None` if it is not; the reason is never blank.
pub type Deprecated = Option<String>;

pub struct EnumValue {
    pub name: String,
    pub description: Option<String>,
    pub deprecated: Deprecated,
}

/// How the values of a scalar are checked.
#[derive(Clone, Copy)]
pub enum Scalar {
    Int,
    Float,
    String,
    Boolean,
    Id,
    /// A custom scalar, with the function that checks its values. The function's error, such as `it has to be a day`,
    /// becomes part of the message. A variable inside a list or an object stands for null.
    Own(fn(&ConstValue) -> Result<(), String>),
    /// A custom scalar that accepts any value.
    Any,
}

pub struct Field {
    pub name: String,
    pub description: Option<String>,
    pub deprecated: Deprecated,
    pub ty: TypeRef,
    pub arguments: Vec<InputValue>,
}

/// An argument, or a field of an input object.
pub struct InputValue {
    pub name: String,
    pub description: Option<String>,
    pub deprecated: Deprecated,
    pub ty: TypeRef,
    pub default: Option<ConstValue>,
}

impl InputValue {
    /// Whether the value must be provided.
    pub fn is_required(&self) -> bool {
        self.ty.is_non_null() && self.default.is_none()
    }
}

pub struct Input {
    pub fields: Vec<InputValue>,
    /// Whether exactly one field must be provided (GraphQL, section 3.13).
    pub one_of: bool,
}

pub struct DirectiveDefinition {
    pub name: String,
    pub description: Option<String>,
    pub arguments: Vec<InputValue>,
    pub repeatable: bool,
    /// The specification's names of its locations.
    pub locations: Vec<&'static str>,
}

/// Estimated lengths of the introspection lists, by field name.
pub type ListSizes = [(&'static str, u64); 8];

/// All types of a schema, including the introspection types.
pub struct Schema {
    /// The description of the schema as a whole.
    pub(crate) description: Option<String>,
    pub(crate) types: Vec<TypeDefinition>,
    /// The possible object types of each type; those of an object type are the type itself.
    pub(crate) possible: Vec<HashSet<TypeId>>,
    pub(crate) by_name: HashMap<String, TypeId>,
    /// Sorted by name.
    pub(crate) directives: BTreeMap<String, DirectiveDefinition>,
    pub(crate) query: TypeId,
    pub(crate) mutation: Option<TypeId>,
    pub(crate) subscription: Option<TypeId>,
    pub(super) list_sizes: ListSizes,
    /// `__schema`, `__type` and `__typename`.
    pub(super) meta: [Field; 3],
}

impl Schema {
    pub fn find(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The root type of an operation kind.
    pub fn root(&self, kind: OperationKind) -> Option<TypeId> {
        match kind {
            OperationKind::Query => Some(self.query),
            OperationKind::Mutation => self.mutation,
            OperationKind::Subscription => self.subscription,
        }
    }

    pub fn kind(&self, id: TypeId) -> &TypeKind {
        const NONE: &TypeKind = &TypeKind::Union;
        self.types.get(id as usize).map_or(NONE, |definition| &definition.kind)
    }

    pub fn name(&self, id: TypeId) -> &str {
        self.types.get(id as usize).map_or("", |definition| &definition.name)
    }

    pub fn is_composite(&self, id: TypeId) -> bool {
        matches!(self.kind(id), TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union)
    }

    pub fn is_object(&self, id: TypeId) -> bool {
        matches!(self.kind(id), TypeKind::Object(_))
    }

    pub fn is_input(&self, id: TypeId) -> bool {
        matches!(self.kind(id), TypeKind::Scalar(_) | TypeKind::Enum(_) | TypeKind::Input(_))
    }

    /// Whether an object type is, implements, or is a member of, the type `general`.
    pub fn is(&self, object: &str, general: &str) -> bool {
        object == general
            || self.find(object).zip(self.find(general)).is_some_and(|(object, general)| {
                self.possible.get(general as usize).is_some_and(|objects| objects.contains(&object))
            })
    }

    /// Whether the query root has this name.
    pub fn is_query(&self, object: &str) -> bool {
        self.name(self.query) == object
    }

    /// Whether the two types have a possible object type in common (GraphQL, section 5.5.2.3).
    pub fn overlap(&self, one: TypeId, other: TypeId) -> bool {
        if one == other {
            return true;
        }
        match (self.possible.get(one as usize), self.possible.get(other as usize)) {
            (Some(one), Some(other)) => !one.is_disjoint(other),
            _ => false,
        }
    }

    /// A field of a type, including the meta fields that every schema has.
    pub fn field(&self, of: TypeId, name: &str) -> Option<&Field> {
        let [schema, ty, typename] = &self.meta;
        match name {
            "__typename" if self.is_composite(of) => Some(typename),
            "__schema" if of == self.query => Some(schema),
            "__type" if of == self.query => Some(ty),
            _ => match self.kind(of) {
                TypeKind::Object(fields) | TypeKind::Interface(fields) => fields.get(name),
                _ => None,
            },
        }
    }

    pub fn directive(&self, name: &str) -> Option<&DirectiveDefinition> {
        self.directives.get(name)
    }

    /// The type in SDL notation.
    pub fn show(&self, ty: &TypeRef) -> String {
        let mut text = String::new();
        self.write(ty, &mut text);
        text
    }

    fn write(&self, ty: &TypeRef, out: &mut String) {
        // Writing to a String does not fail.
        let _ = match ty {
            TypeRef::Named(id) => out.write_str(self.name(*id)),
            TypeRef::List(inner) => {
                out.push('[');
                self.write(inner, out);
                out.write_char(']')
            }
            TypeRef::NonNull(inner) => {
                self.write(inner, out);
                out.write_char('!')
            }
        };
    }
}
