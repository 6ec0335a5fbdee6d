//! What the client asks for, out of the body of a POST or the address of a GET.

use async_graphql::{Value, Variables};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::named::{self, NamedDocument, Names};
use super::refusal::Refusal;
use crate::json::{self, ValueLimit};

/// How many values the JSON of a request may hold. Each takes some tens of bytes of memory, and an object some hundreds,
/// where the text of a zero takes two.
const MOST_VALUES: usize = 100_000;
/// The memory that one value takes when it is built, at most, in bytes: that of an object with one field is shared by two.
const VALUE_BYTES: u64 = 200;

/// What a client asks for.
#[derive(Debug)]
pub struct Request {
    pub document: NamedDocument,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

/// The parameters of a request, not yet looked at: each is taken apart by itself, so that an error names it. One that
/// comes twice is refused.
#[derive(Deserialize)]
struct Parameters<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow, rename = "operationName")]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
    #[serde(borrow, rename = "documentId")]
    document_id: Option<&'a RawValue>,
    #[serde(borrow)]
    doc_id: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// The same in an address, where `variables` and `extensions` are JSON in text.
#[derive(Deserialize)]
struct AddressParameters {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
    #[serde(rename = "documentId")]
    document_id: Option<String>,
    doc_id: Option<String>,
    id: Option<String>,
}

/// Out of the body of a POST. Before anything is built, `hold` is told how much memory it may take, and may refuse it.
pub fn in_body(body: &[u8], hold: impl FnOnce(u64) -> Result<(), Refusal>) -> Result<Request, Refusal> {
    let body =
        std::str::from_utf8(body).map_err(|error| Refusal::bad_request(format!("The body is not UTF-8: {error}.")))?;
    let start = body.trim_start();
    if start.is_empty() {
        return Err(Refusal::bad_request("The body is empty; send a JSON object with `query`."));
    }
    if start.starts_with('[') {
        return Err(Refusal::bad_request("Lists of operations are not taken; send each in a request of its own."));
    }
    hold(weigh(body)?)?;
    let parameters: Parameters<'_> = serde_json::from_str(body).map_err(|error| {
        if error.is_data() {
            Refusal::bad_request(format!("The body is no JSON object with one of each parameter: {error}."))
        } else {
            Refusal::bad_request(format!("The body is not JSON: {error}."))
        }
    })?;
    let operation_name = part(parameters.operation_name, "operationName", "a string")?;
    let relay = |name, raw: Option<&RawValue>| part(raw, name, "a string").transpose().map(|id| (name, id));
    let names = Names {
        query: part(parameters.query, "query", "a string")?,
        document_id: part(parameters.document_id, "documentId", "a string")?,
        extensions: None,
        relay: relay("doc_id", parameters.doc_id).or_else(|| relay("id", parameters.id)),
    };
    request(names, operation_name, parameters.variables, parameters.extensions)
}

/// Out of the address of a GET.
pub fn in_address(query: &str) -> Result<Request, Refusal> {
    let uri = axum::http::Uri::builder().path_and_query(format!("/?{query}")).build();
    let parameters = uri.ok().and_then(|uri| axum::extract::Query::<AddressParameters>::try_from_uri(&uri).ok());
    let Some(axum::extract::Query(parameters)) = parameters else {
        return Err(Refusal::bad_request("The parameters of the address cannot be read, or one of them comes twice."));
    };
    // The memory is not held: an address is as short as the head of a request.
    for json in [&parameters.variables, &parameters.extensions].into_iter().flatten() {
        weigh(json)?;
    }
    let variables = parameters.variables.filter(|text| !text.is_empty());
    let extensions = parameters.extensions.filter(|text| !text.is_empty());
    let variables = raw(variables.as_deref(), "variables")?;
    let extensions = raw(extensions.as_deref(), "extensions")?;
    let relay = |name, id: Option<String>| id.map(|id| (name, Ok(id)));
    let names = Names {
        query: parameters.query,
        document_id: parameters.document_id,
        extensions: None,
        relay: relay("doc_id", parameters.doc_id).or_else(|| relay("id", parameters.id)),
    };
    request(names, parameters.operation_name, variables, extensions)
}

/// Refuses JSON of too many values by a single walk over its bytes. Each value but the first of a list or an object
/// stands behind a comma, and each list and object begins with a bracket. Gives the memory that they take at most.
fn weigh(json: &str) -> Result<u64, Refusal> {
    let (mut values, mut in_string, mut is_escaped) = (1, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => values += 1,
            _ => {}
        }
    }
    if values > MOST_VALUES {
        return Err(Refusal::bad_request(format!("The request holds more than {MOST_VALUES} values.")));
    }
    Ok(values as u64 * VALUE_BYTES)
}

fn request(
    names: Names<'_>,
    operation_name: Option<String>,
    variables: Option<&RawValue>,
    extensions: Option<&RawValue>,
) -> Result<Request, Refusal> {
    let (variables, extensions) = objects(variables, extensions)?;
    let document = named::document(Names { extensions, ..names })?;
    // Many clients send an empty name where they mean none.
    let operation_name = operation_name.filter(|name| !name.is_empty());
    Ok(Request { document, operation_name, variables })
}

/// Builds the variables. Of the extensions one is known: they are checked, and not built.
fn objects<'a>(
    variables: Option<&RawValue>,
    extensions: Option<&'a RawValue>,
) -> Result<(Variables, Option<&'a str>), Refusal> {
    let limit = ValueLimit::new(MOST_VALUES);
    let variables = match variables.filter(|raw| raw.get() != "null") {
        Some(raw) => {
            let text = object(raw, "variables")?;
            let value: Value = json::parse(text, &limit).map_err(|error| broken("variables", &error))?;
            Variables::from_value(value)
        }
        None => Variables::default(),
    };
    let extensions = extensions.filter(|raw| raw.get() != "null");
    let extensions = extensions.map(|raw| object(raw, "extensions")).transpose()?;
    if let Some(text) = extensions {
        json::check(text, &limit).map_err(|error| broken("extensions", &error))?;
    }
    Ok((variables, extensions))
}

fn object<'a>(raw: &'a RawValue, name: &str) -> Result<&'a str, Refusal> {
    if raw.get().starts_with('{') { Ok(raw.get()) } else { Err(wrong(name, "an object", None)) }
}

fn broken(name: &str, error: &serde_json::Error) -> Refusal {
    Refusal::bad_request(format!("`{name}` cannot be read: {error}."))
}

fn part<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>, name: &str, right: &str) -> Result<Option<T>, Refusal> {
    let Some(raw) = raw else { return Ok(None) };
    serde_json::from_str(raw.get()).map(Some).map_err(|error| wrong(name, right, Some(&error)))
}

fn raw<'a>(text: Option<&'a str>, name: &str) -> Result<Option<&'a RawValue>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    serde_json::from_str(text)
        .map_err(|error| Refusal::bad_request(format!("`{name}` in the address is not JSON: {error}.")))
}

fn wrong(name: &str, right: &str, error: Option<&serde_json::Error>) -> Refusal {
    // Nesting and escapes are the errors that are not of the kind of value.
    let reason = error.filter(|error| !error.is_data()).map(|error| format!(": {error}")).unwrap_or_default();
    Refusal::bad_request(format!("`{name}` has to be {right} or absent{reason}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_body(body: &[u8]) -> Result<Request, Refusal> {
        super::in_body(body, |_| Ok(()))
    }

    #[test]
    fn memory_is_held_before_it_is_used() {
        let body = br#"{"query": "{ a }", "variables": {"a": [{"": 0}, {"": 0}]}}"#;
        let held = std::cell::Cell::new(0);
        let request = super::in_body(body, |bytes| {
            held.set(bytes);
            Ok(())
        });
        // Of what stands beside the variables, too.
        assert!(request.is_ok() && held.get() == 8 * VALUE_BYTES, "{}", held.get());
        assert!(super::in_body(body, |_| Err(Refusal::timeout())).is_err());
    }

    fn text(query: &str) -> NamedDocument {
        NamedDocument { text: Some(query.to_owned()), id: None }
    }

    #[test]
    fn a_document_may_be_named_by_an_id() {
        for body in [
            r#"{"documentId": "a1", "variables": {}}"#,
            r#"{"doc_id": "a1", "query": null}"#,
            r#"{"id": "a1"}"#,
            r#"{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a1"}}}"#,
        ] {
            let NamedDocument { text, id } = in_body(body.as_bytes()).unwrap().document;
            assert_eq!((text, id.as_deref()), (None, Some("a1")), "{body}");
        }
        for (name, value) in [("documentId", "5"), ("doc_id", "[]"), ("id", "5")] {
            let message = refused(&format!(r#"{{"{name}": {value}}}"#));
            assert!(message.contains(&format!("`{name}` has to be a string")), "{message}");
        }
        assert_eq!(in_body(br#"{"id": 5, "query": "{ a }"}"#).unwrap().document, text("{ a }"));
        assert!(refused(r#"{"documentId": "a", "documentId": "a"}"#).contains("duplicate field"));
    }

    fn refused(body: &str) -> String {
        in_body(body.as_bytes()).unwrap_err().message
    }

    #[test]
    fn a_body_is_taken_apart() {
        let body = r#"{"query": "{ a }", "operationName": "A", "variables": {"b": [1, null]}, "extensions": {"c": 1}, "other": 1}"#;
        let request = in_body(body.as_bytes()).unwrap();
        assert_eq!(request.document, text("{ a }"));
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(serde_json::to_string(&request.variables).unwrap(), r#"{"b":[1,null]}"#);
        let body = r#"{"query": "{ a }", "operationName": null, "variables": null, "extensions": null}"#;
        let request = in_body(body.as_bytes()).unwrap();
        assert!(request.operation_name.is_none() && request.variables.is_empty());
    }

    #[test]
    fn each_parameter_is_refused_by_its_name() {
        for wrong in [r#"{"a": 1}"#, "0", "false", r#"["a"]"#] {
            assert!(refused(&format!(r#"{{"query": {wrong}}}"#)).contains("`query` has to be a string"));
            let named = refused(&format!(r#"{{"query": "", "operationName": {wrong}}}"#));
            assert!(named.contains("`operationName` has to be a string"));
        }
        for wrong in [r#""text""#, "0", "false", r#"["a"]"#] {
            for name in ["variables", "extensions"] {
                let message = refused(&format!(r#"{{"query": "", "{name}": {wrong}}}"#));
                assert!(message.contains(&format!("`{name}` has to be an object")), "{message}");
            }
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert!(refused("").contains("empty"));
        assert!(refused(r#"{ "not a JSON"#).contains("not JSON"));
        assert!(refused("\"text\"").contains("no JSON object"));
        assert!(refused(r#"{"query": "{a}"} x"#).contains("not JSON"));
        assert!(refused(r#"{"qeury": "{ a }"}"#).contains("`query` is missing"));
        assert!(refused(r#"[{"query": "{ a }"}]"#).contains("Lists of operations"));
        assert!(in_body(b"\xff").unwrap_err().message.contains("UTF-8"));
        let deep = format!(r#"{{"query": "", "variables": {{"a": {}1{}}}}}"#, "[".repeat(5000), "]".repeat(5000));
        assert!(
            refused(&deep).contains("`variables` cannot be read: it is nested more than 100 deep"),
            "{}",
            refused(&deep)
        );
    }

    #[test]
    fn values_are_counted_and_texts_are_not() {
        let body = |value: &str| format!(r#"{{"query": "{{ a }}", "variables": {{"a": {value}}}}}"#);
        assert!(in_body(body(&format!("[{}0]", "0,".repeat(99_000))).as_bytes()).is_ok());
        for hostile in ["0,", "[],", "{},", "\"\\\"\","] {
            let hostile = body(&format!("[{}0]", hostile.repeat(100_000)));
            assert!(refused(&hostile).contains("100000 values"), "{hostile:.80}");
        }
        assert!(in_body(body(&format!("\"{}\"", ",[{\\\"".repeat(200_000))).as_bytes()).is_ok());
        let address = format!("query=a&variables={{\"a\":[{}0]}}", "0,".repeat(100_000));
        assert!(in_address(&address).is_err());
    }

    #[test]
    fn a_parameter_or_a_key_that_comes_twice_is_refused() {
        for (name, value) in
            [("query", "\"{ a }\""), ("operationName", "\"A\""), ("variables", "{}"), ("extensions", "{}")]
        {
            let message = refused(&format!(r#"{{"{name}": {value}, "query": "{{ a }}", "{name}": {value}}}"#));
            assert!(message.contains("duplicate field") && message.contains(name), "{message}");
        }
        let message = refused(r#"{"query": "{ a }", "\u0071uery": "{ b }"}"#);
        assert!(message.contains("duplicate field `query`"), "{message}");
        let message = refused(r#"{"query": "{ a }", "variables": {"a": {"b": 1, "b": 2}}}"#);
        assert!(message.contains(r#"`variables` cannot be read: the key "b" stands in an object twice"#), "{message}");
        let address = r#"query=a&variables={"a":1,"a":2}"#.replace('"', "%22");
        assert!(in_address(&address).unwrap_err().message.contains("twice"));
    }

    /// Where the library below parses the text under a marker of its own anew, values could hide from the limit, and
    /// nested ones overflow the stack.
    #[test]
    fn the_markers_of_libraries_are_refused() {
        let many = serde_json::to_string(&format!("[{}0]", "{},".repeat(200_000))).unwrap();
        for marker in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            for name in ["variables", "extensions"] {
                for value in [format!(r#"{{"a": {{"{marker}": {many}}}}}"#), format!(r#"{{"{marker}": "1"}}"#)] {
                    let message = refused(&format!(r#"{{"query": "{{ a }}", "{name}": {value}}}"#));
                    assert!(message.contains(name) && message.contains("is reserved"), "{message}");
                }
            }
        }
        let raw = r#"{"query": {"$serde_json::private::RawValue": "\"{ a }\""}}"#;
        assert!(refused(raw).contains("`query` has to be a string"));
    }

    #[test]
    fn extensions_are_bounded_like_variables() {
        let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        let message = refused(&format!(r#"{{"query": "{{ a }}", "extensions": {deep}}}"#));
        assert!(message.contains("`extensions` cannot be read: it is nested more than 100 deep"), "{message}");
        let half = format!("{{\"a\":[{}0]}}", "0,".repeat(60_000));
        let both = format!(r#"{{"query": "{{ a }}", "variables": {half}, "extensions": {half}}}"#);
        assert!(refused(&both).contains("100000 values"));
        assert!(
            refused(r#"{"query": "{ a }", "extensions": {"a": "\ud800"}}"#).contains("`extensions` cannot be read")
        );
    }

    #[test]
    fn an_address_is_taken_apart() {
        let request = in_address("query=%7B+a+%7D&operationName=A&variables=%7B%22b%22%3A1%7D&extensions=").unwrap();
        assert_eq!(request.document, text("{ a }"));
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(serde_json::to_string(&request.variables).unwrap(), r#"{"b":1}"#);
        let hashed =
            format!("extensions=%7B%22persistedQuery%22:%7B%22version%22:1,%22sha256Hash%22:%22{0}%22%7D%7D", "a1");
        for address in ["documentId=a1", "doc_id=a1&query=", "id=a1", &hashed] {
            let NamedDocument { text, id } = in_address(address).unwrap().document;
            assert_eq!((text, id.as_deref()), (None, Some("a1")), "{address}");
        }
        for (address, hint) in [
            ("", "`query` is missing"),
            ("query=a&query=b", "twice"),
            ("query=a&variables=x", "`variables` in the address is not JSON"),
            ("query=a&variables=1", "`variables` has to be an object"),
            ("query=a&extensions=1", "`extensions` has to be an object"),
        ] {
            let message = in_address(address).unwrap_err().message;
            assert!(message.contains(hint), "{address}: {message}");
        }
    }
}
