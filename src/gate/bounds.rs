use super::weight::MOST_INTROSPECTION_LISTS;
use crate::document::{Limits, ParserLimits};

/// How deep fields may nest: the contract's own relations, back and forth, a few times over.
const NESTED_FIELDS: u64 = 32;

/// How many values there may be in the arguments of a document: 4,000 objects.
const INPUTS: u64 = 40_000;

/// How many fields there may be once for each type that an interface or a union can be: ten times those of a document.
const PLANNED_FIELDS: u64 = 20_000;

/// How many values an introspection may give, counted exactly. The gate's own bound, by rounded sizes, is reached first.
const INTROSPECTED_VALUES: u64 = 1_000_000;

/// How much there may be of everything in a document. Fragments are counted wherever they are spread, and those that are
/// not spread once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the text.
    pub bytes: usize,
    /// Names, numbers, strings and marks. A large real document has some 2,000.
    pub tokens: usize,
    /// How deep brackets of any kind may nest: the parser works by recursion. Real documents stay under 20.
    pub brackets: usize,
    pub operations: usize,
    pub fragments: usize,
    /// A large real document has some 500.
    pub fields: u64,
    /// How deep selections may nest, those of fragments among them.
    pub depth: u64,
    pub aliases: u64,
    /// Fields of an operation itself.
    pub root_fields: u64,
    pub directives: u64,
    /// Values that an answer may hold: fields times the sizes of the lists that they stand in.
    pub values: u64,
    /// Values of arguments, variables filled in wherever they stand; an object counts as ten. What they are turned into takes
    /// memory before anything else looks at them.
    pub inputs: u64,
    /// Bytes of arguments, times the number of objects that the fields with these arguments are asked of.
    pub arguments: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: 128 << 10,
            tokens: 10_000,
            brackets: 64,
            operations: 50,
            fragments: 300,
            fields: 2_000,
            depth: 64,
            aliases: 500,
            root_fields: 200,
            directives: 500,
            values: 1_000_000,
            inputs: INPUTS,
            arguments: 64 << 20,
        }
    }
}

impl Bounds {
    pub fn of_parser(&self) -> ParserLimits {
        ParserLimits { tokens: self.tokens, brackets: self.brackets }
    }

    pub fn of_document(&self) -> Limits {
        Limits {
            operations: self.operations,
            fragments: self.fragments,
            fields: self.fields,
            depth: self.depth,
            aliases: self.aliases,
            root_fields: self.root_fields,
            directives: self.directives,
            nested_fields: NESTED_FIELDS,
            planned_fields: PLANNED_FIELDS,
            introspected_lists: MOST_INTROSPECTION_LISTS,
            introspected_values: INTROSPECTED_VALUES,
        }
    }
}
