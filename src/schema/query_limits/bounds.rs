use breadth::document::{DocumentLimits, ParserLimits};

/// Maximum nesting of fields: enough to follow the schema's relations back and forth a few times.
const NESTED_FIELDS: u64 = 32;

/// Maximum number of values in the arguments of a document: 4,000 objects.
const INPUTS: u64 = 40_000;

/// Maximum number of fields when each is counted once per possible type of an interface or union: ten times the fields
/// of a document.
const PLANNED_FIELDS: u64 = 20_000;

/// Maximum nesting of lists in an introspection. Tools ask for types, their fields, and the arguments of these.
const MOST_INTROSPECTION_LISTS: u64 = 3;

/// Maximum number of values in an introspection. The query that tools send is estimated at some 300,000.
const INTROSPECTED_VALUES: u64 = 400_000;

/// Limits of a document. A fragment counts each time it is spread, and an unused one counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Size of the text, in bytes.
    pub bytes: usize,
    /// Names, numbers, strings and punctuators. A large real document has about 2,000.
    pub tokens: usize,
    /// Nesting of brackets of any kind, as the parser is recursive. Real documents stay below 20.
    pub brackets: usize,
    pub operations: usize,
    pub fragments: usize,
    /// A large real document has about 500.
    pub fields: u64,
    /// Nesting of selections, including those of fragments.
    pub depth: u64,
    pub aliases: u64,
    /// Fields in the selection set of an operation.
    pub root_fields: u64,
    pub directives: u64,
    /// Values that the response may contain: fields times the sizes of the lists around them.
    pub values: u64,
    /// Values in arguments; a variable counts wherever it is used, and an object counts as ten. Coercing them takes
    /// memory before any other limit is checked.
    pub inputs: u64,
    /// Bytes of arguments, times the number of objects that the field with these arguments is resolved for.
    pub arguments: u64,
}

impl Default for QueryLimits {
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

impl QueryLimits {
    pub fn parser_limits(&self) -> ParserLimits {
        ParserLimits { tokens: self.tokens, brackets: self.brackets }
    }

    pub fn document_limits(&self) -> DocumentLimits {
        DocumentLimits {
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
