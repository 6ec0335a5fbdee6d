use async_graphql::Variables;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql_parser::parse_query;
use notegraph::schema;
use notegraph::schema::query_limits::{QueryLimits, query_cost};
use proptest::prelude::*;
use serde_json::Value;

use super::fuzz;
use crate::oracle::Contract;
use crate::oracle::mutate::Pool;
use crate::oracle::random::Random;
use crate::oracle::verdicts::{Asked, asked};

/// Formats large numbers as the library does, which keeps only their first digits, and zeros alike. This server keeps
/// IDs as they are written.
fn short(text: String) -> String {
    match text.parse::<f64>() {
        Ok(number) if number.abs() >= 1e15 => number.to_string(),
        Ok(0.0) => "0".to_owned(),
        _ => text,
    }
}

/// A document without positions, and with all numbers as texts, as this server represents IDs.
fn plain(document: &ExecutableDocument) -> Value {
    fn without(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let kept = fields.into_iter().filter(|(name, _)| name != "pos");
                Value::Object(kept.map(|(name, value)| (name, without(value))).collect())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(without).collect()),
            Value::Number(number) => Value::String(short(number.to_string())),
            Value::String(text) => Value::String(short(text)),
            other => other,
        }
    }
    without(serde_json::to_value(document).unwrap())
}

/// A valid document is handed over as the library's own parser reads it, if that can read it, and is ready to run.
#[test]
fn any_valid_document_is_converted_completely() {
    let (schema, limits, contract) = (schema::build(), QueryLimits::default(), Contract::read());
    let pool = Pool::of(&contract);
    fuzz("hand-over", 1_000, &any::<u64>(), |seed| {
        let Asked { document: text, operation, variables } = asked(&contract, &pool, &mut Random::new(*seed));
        let Ok(mut read) = schema.read(&text, limits.parser_limits(), &limits.document_limits()) else { return Ok(()) };
        read.prepare();
        let checked = read.checked();
        // The library leaves the escapes of block strings as they are.
        if !text.contains("\"\"\"")
            && let Ok(theirs) = parse_query(&text)
            && plain(&theirs) != plain(&checked.document)
        {
            return Err(format!("{text}\n{:#?}\n{theirs:#?}", checked.document));
        }
        let Ok(operation) = checked.operation(operation.as_deref()) else { return Ok(()) };
        let sent = Variables::from_json(serde_json::from_str(&variables).unwrap());
        if let Ok(variables) = operation.variables(schema.types(), sent) {
            // Either result is correct.
            let _ = query_cost(schema.types(), &checked.document, &variables, &limits);
        }
        Ok(())
    });
}
