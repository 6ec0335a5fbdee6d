use clap::Args;

use super::number::number;
use crate::schema::query_limits::QueryLimits;

/// Limits of a GraphQL document, checked before anything is executed.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Documents")]
pub struct QueryLimitArgs {
    /// Maximum size of a document, in bytes: 1024 to 1048576. The default is 128 KiB.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_BYTES",
        value_name = "BYTES",
        default_value_t = 128 << 10,
        value_parser = number::<u64>("bytes", 1 << 10..=1 << 20)
    )]
    pub document_bytes: u64,

    /// Maximum number of tokens (names, numbers, strings and punctuators) in a document: 100 to 20000.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_TOKENS",
        value_name = "COUNT",
        default_value_t = 10_000,
        value_parser = number::<u64>("tokens", 100..=20_000)
    )]
    pub document_tokens: u64,

    /// Maximum nesting depth of brackets in a document: 8 to 64.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_BRACKETS",
        value_name = "COUNT",
        default_value_t = 64,
        value_parser = number::<u64>("brackets", 8..=64)
    )]
    pub document_brackets: u64,

    /// Maximum number of operations in a document: 1 to 200.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_OPERATIONS",
        value_name = "COUNT",
        default_value_t = 50,
        value_parser = number::<u64>("operations", 1..=200)
    )]
    pub document_operations: u64,

    /// Maximum number of fragments in a document: 1 to 1000.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_FRAGMENTS",
        value_name = "COUNT",
        default_value_t = 300,
        value_parser = number::<u64>("fragments", 1..=1_000)
    )]
    pub document_fragments: u64,

    /// Maximum number of fields in a document, with fragments expanded: 10 to 2000.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_FIELDS",
        value_name = "COUNT",
        default_value_t = 2_000,
        value_parser = number::<u64>("fields", 10..=2_000)
    )]
    pub document_fields: u64,

    /// Maximum nesting depth of selections in a document, with fragments expanded: 4 to 64. Fields nest 32 deep at
    /// most.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_DEPTH",
        value_name = "COUNT",
        default_value_t = 64,
        value_parser = number::<u64>("selections", 4..=64)
    )]
    pub document_depth: u64,

    /// Maximum number of aliases in a document, with fragments expanded: 1 to 2000.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_ALIASES",
        value_name = "COUNT",
        default_value_t = 500,
        value_parser = number::<u64>("aliases", 1..=2_000)
    )]
    pub document_aliases: u64,

    /// Maximum number of top-level fields in an operation: 1 to 2000.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_ROOT_FIELDS",
        value_name = "COUNT",
        default_value_t = 200,
        value_parser = number::<u64>("fields", 1..=2_000)
    )]
    pub document_root_fields: u64,

    /// Maximum number of directives in a document, with fragments expanded: 1 to 2000.
    #[arg(
        long,
        env = "NOTEGRAPH_DOCUMENT_DIRECTIVES",
        value_name = "COUNT",
        default_value_t = 500,
        value_parser = number::<u64>("directives", 1..=2_000)
    )]
    pub document_directives: u64,

    /// Maximum number of values in a response, estimated from the requested page sizes: 1000 to 10000000.
    #[arg(
        long,
        env = "NOTEGRAPH_ANSWER_VALUES",
        value_name = "COUNT",
        default_value_t = 1_000_000,
        value_parser = number::<u64>("values", 1_000..=10_000_000)
    )]
    pub answer_values: u64,

    /// Maximum bytes of arguments, counted for each object that they apply to: 1048576 to 1073741824. The default is 64
    /// MiB.
    #[arg(
        long,
        env = "NOTEGRAPH_ARGUMENT_BYTES",
        value_name = "BYTES",
        default_value_t = 64 << 20,
        value_parser = number::<u64>("bytes", 1 << 20..=1 << 30)
    )]
    pub argument_bytes: u64,
}

impl QueryLimitArgs {
    pub fn limits(&self) -> QueryLimits {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        QueryLimits {
            bytes: count(self.document_bytes),
            tokens: count(self.document_tokens),
            brackets: count(self.document_brackets),
            operations: count(self.document_operations),
            fragments: count(self.document_fragments),
            fields: self.document_fields,
            depth: self.document_depth,
            aliases: self.document_aliases,
            root_fields: self.document_root_fields,
            directives: self.document_directives,
            values: self.answer_values,
            arguments: self.argument_bytes,
            ..QueryLimits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        gate: QueryLimitArgs,
    }

    #[test]
    fn the_default_flags_equal_the_default_query_limits() {
        assert_eq!(Program::parse_from(["program"]).gate.limits(), QueryLimits::default());
    }
}
