//! Manifests: files in which a front-end build lists its documents.
//!
//! Two formats are supported. Relay (`persisted_queries.json`) and the client preset of GraphQL Code Generator
//! (`persisted-documents.json`) write an object that maps ids to documents; Apollo writes a list of operations.

use serde_json::{Map, Value};

use super::id::LONGEST_ID;
use crate::json::{self, ValueLimit};
use crate::text::quote::quote;

/// The name of Apollo's format, and the supported version.
const APOLLO: &str = "apollo-persisted-query-manifest";
const APOLLO_VERSION: u64 = 1;

/// Parses a manifest into pairs of id and document, in the order of the file.
///
/// # Errors
/// The predicate of a sentence about the file that says what is wrong with it.
pub fn read(text: &str) -> Result<Vec<(String, String)>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let manifest = match json::parse(text, &ValueLimit::none()) {
        Ok(Value::Object(manifest)) => manifest,
        Ok(_) => return Err("is not a JSON object".to_owned()),
        Err(error) => return Err(format!("is not JSON: {error}")),
    };
    let documents = if manifest.contains_key("format") && manifest.contains_key("operations") {
        apollo(manifest)?
    } else {
        let document = |(id, text): (String, Value)| match text {
            Value::String(text) => Ok((id, text)),
            _ => Err(format!("has no text for the id {}; it must be an object of ids and documents", quote(&id))),
        };
        manifest.into_iter().map(document).collect::<Result<_, _>>()?
    };
    for (id, _) in &documents {
        if id.is_empty() || id.len() > LONGEST_ID || id.chars().any(char::is_control) {
            let id = quote(id);
            return Err(format!("has the id {id}; an id must have 1 to {LONGEST_ID} bytes and no control characters"));
        }
    }
    Ok(documents)
}

fn apollo(mut manifest: Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    if manifest.get("format").and_then(Value::as_str) != Some(APOLLO) {
        return Err(format!("has an unknown format; the supported format of Apollo is \"{APOLLO}\""));
    }
    if manifest.get("version").and_then(Value::as_u64) != Some(APOLLO_VERSION) {
        return Err(format!("has an unknown version of \"{APOLLO}\"; the supported version is {APOLLO_VERSION}"));
    }
    let Some(Value::Array(operations)) = manifest.remove("operations") else {
        return Err("has no list of `operations`".to_owned());
    };
    let operation = |(number, operation): (usize, Value)| {
        let text = |name: &str| match operation.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(format!("has no `{name}`, as a string, in operations[{number}]")),
        };
        Ok((text("id")?, text("body")?))
    };
    operations.into_iter().enumerate().map(operation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(id: &str, text: &str) -> (String, String) {
        (id.to_owned(), text.to_owned())
    }

    #[test]
    fn each_manifest_format_is_parsed() {
        assert_eq!(read(r#"{"b": "{ b }", "a": "{ a }"}"#).unwrap().len(), 2);
        assert_eq!(read("\u{feff}{}").unwrap(), []);
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            {"id": "b", "body": "query B { b }", "name": "B", "type": "query"},
            {"id": "a", "body": "mutation A { a }", "name": "A", "type": "mutation"}]}"#;
        assert_eq!(read(apollo).unwrap(), [pair("b", "query B { b }"), pair("a", "mutation A { a }")]);
        // A document may have any id.
        assert_eq!(read(r#"{"format": "{ a }"}"#).unwrap(), [pair("format", "{ a }")]);
    }

    #[test]
    fn errors_of_a_manifest_are_described() {
        for (text, hint) in [
            ("", "is not JSON"),
            ("{ a }", "is not JSON"),
            ("[]", "is not a JSON object"),
            (r#"{"a": "{ a }", "a": "{ b }"}"#, "twice"),
            (r#"{"a": {"text": "{ a }"}}"#, "has no text for the id \"a\""),
            (r#"{"": "{ a }"}"#, "has the id \"\""),
            (r#"{"format": "other", "version": 1, "operations": []}"#, "unknown format"),
            (r#"{"format": "apollo-persisted-query-manifest", "operations": []}"#, "unknown version"),
            (r#"{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}"#, "is 1"),
            (r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": {}}"#, "no list"),
            (
                r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "a"}]}"#,
                "has no `body`, as a string, in operations[0]",
            ),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(hint), "{text}: {message}");
        }
        assert!(read(&format!(r#"{{"{}": "{{ a }}"}}"#, "a".repeat(300))).unwrap_err().contains("1 to 256 bytes"));
    }
}
