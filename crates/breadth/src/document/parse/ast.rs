//! The syntax tree of a document (GraphQL, section 2). It borrows from the text.

use std::borrow::Cow;

/// A position in the text, in bytes from its start.
pub type Offset = u32;

#[derive(Debug)]
pub struct Document<'a> {
    pub operations: Vec<Operation<'a>>,
    pub fragments: Vec<Fragment<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    pub at: Offset,
    pub text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

impl OperationKind {
    pub fn text(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

#[derive(Debug)]
pub struct Operation<'a> {
    /// Start of the operation, including its description if it has one.
    pub at: Offset,
    pub kind: OperationKind,
    pub name: Option<Name<'a>>,
    pub variables: Vec<Variable<'a>>,
    pub directives: Vec<Directive<'a>>,
    pub selection: Selections<'a>,
}

/// The definition of a variable.
#[derive(Debug)]
pub struct Variable<'a> {
    pub at: Offset,
    pub name: Name<'a>,
    pub ty: Type<'a>,
    /// Contains no variables.
    pub default: Option<Value<'a>>,
    pub directives: Vec<Directive<'a>>,
}

#[derive(Debug)]
pub enum Type<'a> {
    Named(Name<'a>),
    List(Offset, Box<Self>),
    /// Never directly wraps another `NonNull`.
    NonNull(Box<Self>),
}

impl<'a> Type<'a> {
    pub fn at(&self) -> Offset {
        match self {
            Self::Named(name) => name.at,
            Self::List(at, _) => *at,
            Self::NonNull(inner) => inner.at(),
        }
    }

    /// The named type inside all lists.
    pub fn innermost(&self) -> Name<'a> {
        match self {
            Self::Named(name) => *name,
            Self::List(_, inner) | Self::NonNull(inner) => inner.innermost(),
        }
    }
}

#[derive(Debug)]
pub struct Fragment<'a> {
    /// Start of the fragment, including its description if it has one.
    pub at: Offset,
    pub name: Name<'a>,
    pub on: Name<'a>,
    pub directives: Vec<Directive<'a>>,
    pub selection: Selections<'a>,
}

#[derive(Debug)]
pub struct Selections<'a> {
    pub at: Offset,
    /// Never empty.
    pub items: Vec<Selection<'a>>,
}

#[derive(Debug)]
pub enum Selection<'a> {
    Field(Field<'a>),
    Spread(Spread<'a>),
    Inline(Inline<'a>),
}

#[derive(Debug)]
pub struct Field<'a> {
    pub alias: Option<Name<'a>>,
    pub name: Name<'a>,
    pub arguments: Vec<Argument<'a>>,
    pub directives: Vec<Directive<'a>>,
    pub selection: Option<Selections<'a>>,
}

impl<'a> Field<'a> {
    pub fn at(&self) -> Offset {
        self.response_name().at
    }

    /// The response name (GraphQL, section 2.8).
    pub fn response_name(&self) -> Name<'a> {
        self.alias.unwrap_or(self.name)
    }
}

#[derive(Debug)]
pub struct Spread<'a> {
    pub at: Offset,
    pub name: Name<'a>,
    pub directives: Vec<Directive<'a>>,
}

#[derive(Debug)]
pub struct Inline<'a> {
    pub at: Offset,
    pub on: Option<Name<'a>>,
    pub directives: Vec<Directive<'a>>,
    pub selection: Selections<'a>,
}

#[derive(Debug)]
pub struct Directive<'a> {
    pub at: Offset,
    pub name: Name<'a>,
    pub arguments: Vec<Argument<'a>>,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub struct Argument<'a> {
    pub name: Name<'a>,
    pub value: Value<'a>,
}

#[derive(Debug)]
pub struct Value<'a> {
    pub at: Offset,
    pub kind: ValueKind<'a>,
}

#[derive(Debug)]
pub enum ValueKind<'a> {
    Variable(&'a str),
    /// The text as written in the document.
    Int(&'a str),
    /// The text as written in the document.
    Float(&'a str),
    /// The value without quotes and escapes, and whether it is a block string.
    Text(Cow<'a, str>, bool),
    Boolean(bool),
    Null,
    Enum(&'a str),
    List(Vec<Value<'a>>),
    Object(Vec<Argument<'a>>),
}
