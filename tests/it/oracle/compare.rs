//! Compares two responses to the same document.

use std::collections::BTreeMap;

use async_graphql::{PathSegment, Response, Value};

/// Why a field is null: an error of the field itself, with its message, or an error of a non-null field below.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    Own(String),
    Below,
}

/// The difference between two responses, if any. Compares `data` byte for byte, including the order of fields; the
/// places that errors made null; and the errors of these places themselves. If the error lies below a null, the
/// executors may report different errors, and one is enough.
pub fn difference(ours: &Response, theirs: &Response) -> Option<String> {
    let text = |answer: &Response| serde_json::to_string(&answer.data).unwrap();
    let (our_data, their_data) = (text(ours), text(theirs));
    if our_data != their_data {
        return Some(format!("data\n  ours:   {our_data}\n  theirs: {their_data}\n{}", errors(ours, theirs)));
    }
    let data: Value = Value::from_json(serde_json::from_str(&our_data).unwrap()).unwrap();
    match (nulls(&data, ours), nulls(&data, theirs)) {
        (Ok(our_nulls), Ok(their_nulls)) if our_nulls == their_nulls => None,
        (our_nulls, their_nulls) => Some(format!(
            "nulls\n  ours:   {our_nulls:?}\n  theirs: {their_nulls:?}\n  data: {our_data}\n{}",
            errors(ours, theirs)
        )),
    }
}

fn errors(ours: &Response, theirs: &Response) -> String {
    let list = |answer: &Response| {
        let each = answer.errors.iter().map(|error| format!("\n    {} {}", path(&error.path), error.message));
        each.collect::<String>()
    };
    format!("  our errors:{}\n  their errors:{}", list(ours), list(theirs))
}

/// Whether the document was not executed.
pub fn is_refused(answer: &Response) -> bool {
    answer.errors.iter().any(|error| error.path.is_empty())
}

/// Whether the library refuses a valid document: in nested fragments, it takes fields of different object types for
/// fields of one object (GraphQL, section 5.3.2).
pub fn is_refused_wrongly(answer: &Response) -> bool {
    is_refused(answer) && answer.errors.iter().all(|error| error.message.contains("are different fields"))
}

pub fn path(path: &[PathSegment]) -> String {
    let each = path.iter().map(|segment| match segment {
        PathSegment::Field(name) => format!(".{name}"),
        PathSegment::Index(index) => format!(".{index}"),
    });
    each.collect()
}

/// The places that errors made null, each with its reason.
fn nulls(data: &Value, answer: &Response) -> Result<BTreeMap<String, Why>, String> {
    let mut found = BTreeMap::new();
    for error in &answer.errors {
        let length = null_at(data, &error.path).ok_or_else(|| format!("{} is not null", path(&error.path)))?;
        let why = if length == error.path.len() { Why::Own(error.message.clone()) } else { Why::Below };
        found.insert(path(&error.path[..length]), why);
    }
    Ok(found)
}

/// The length of the path up to the first null.
fn null_at(data: &Value, path: &[PathSegment]) -> Option<usize> {
    let mut value = data;
    for (length, segment) in path.iter().enumerate() {
        value = match (value, segment) {
            (Value::Null, _) => return Some(length),
            (Value::Object(fields), PathSegment::Field(name)) => fields.get(name.as_str())?,
            (Value::List(items), PathSegment::Index(index)) => items.get(*index)?,
            _ => return None,
        };
    }
    (*value == Value::Null).then_some(path.len())
}
