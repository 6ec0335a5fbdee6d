use super::*;
use crate::http::documents::id::NamedDocument;

/// A fully parsed request.
struct Whole {
    text: Option<String>,
    id: Option<String>,
    operation_name: Option<String>,
    variables: Variables,
}

fn whole(request: GraphqlRequest<'_>) -> Result<Whole, HttpError> {
    let NamedDocument { text, id } = request.names.document()?;
    let text = text.map(|text| text.read("query")).transpose()?;
    let (operation_name, variables) = request.rest.read(None, |_| Ok(()))?;
    Ok(Whole { text, id, operation_name, variables })
}

fn from_body(body: &[u8]) -> Result<Whole, HttpError> {
    super::from_body(body).and_then(whole)
}

fn from_query(address: &str) -> Result<Whole, HttpError> {
    super::from_query(address).and_then(whole)
}

#[test]
fn memory_is_reserved_before_use() {
    let body = br#"{"query": "{ a }", "variables": {"a": [{"": 0}, {"": 0}]}}"#;
    let mut held = 0;
    let read = super::from_body(body).unwrap().rest.read(None, |bytes| {
        held = bytes;
        Ok(())
    });
    // Other parameters than the variables count, too.
    assert!(read.is_ok() && held == 8 * VALUE_BYTES, "{held}");
    assert!(super::from_body(body).unwrap().rest.read(None, |_| Err(HttpError::timeout())).is_err());
}

#[test]
fn the_document_is_known_before_the_variables_are_parsed() {
    let request = super::from_body(br#"{"documentId": "a1", "variables": {"a": 1, "a": 2}}"#).unwrap();
    assert_eq!(request.names.document().unwrap().id.as_deref(), Some("a1"));
    assert!(request.rest.read(None, |_| Ok(())).is_err());
}

#[test]
fn variables_that_a_known_document_does_not_declare_are_not_built() {
    let body = br#"{"documentId": "a1", "variables": {"a": [{"b": 1}], "c": {"d": [2]}}}"#;
    for (declared, held, built) in [(&["a", "e"][..], true, r#"{"a":[{"b":1}]}"#), (&[], false, "{}")] {
        let mut bytes = 0;
        let request = super::from_body(body).unwrap();
        let hold = |more| {
            bytes = more;
            Ok(())
        };
        let (_, variables) = request.rest.read(Some(declared), hold).unwrap();
        assert_eq!(serde_json::to_string(&variables).unwrap(), built);
        assert_eq!(bytes > 0, held, "{bytes}");
    }
    let nested = format!("{{\"a\": {}0{}}}", "[".repeat(101), "]".repeat(101));
    for wrong in [r#"{"a": "\ud800"}"#, r#"{"$serde_json::private::RawValue": 1}"#, &nested] {
        let body = format!(r#"{{"documentId": "a1", "variables": {wrong}}}"#);
        let read = super::from_body(body.as_bytes()).and_then(|request| request.rest.read(Some(&[]), |_| Ok(())));
        assert!(read.is_err(), "{wrong}");
    }
}

#[test]
fn a_document_may_be_named_by_an_id() {
    for body in [
        r#"{"documentId": "a1", "variables": {}}"#,
        r#"{"doc_id": "a1", "query": null}"#,
        r#"{"id": "a1"}"#,
        r#"{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a1"}}}"#,
    ] {
        let Whole { text, id, .. } = from_body(body.as_bytes()).unwrap();
        assert_eq!((text, id.as_deref()), (None, Some("a1")), "{body}");
    }
    for (name, value) in [("documentId", "5"), ("doc_id", "[]"), ("id", "5")] {
        let message = refused(&format!(r#"{{"{name}": {value}}}"#));
        assert!(message.contains(&format!("`{name}` must be a string")), "{message}");
    }
    assert_eq!(from_body(br#"{"id": 5, "query": "{ a }"}"#).unwrap().text.as_deref(), Some("{ a }"));
    assert!(refused(r#"{"documentId": "a", "documentId": "a"}"#).contains("duplicate field"));
}

fn refused(body: &str) -> String {
    from_body(body.as_bytes()).err().unwrap().message
}

#[test]
fn a_body_is_parsed() {
    let body = r#"{"query": "{ a }", "operationName": "A", "variables": {"b": [1, null]}, "extensions": {"c": 1}, "other": 1}"#;
    let request = from_body(body.as_bytes()).unwrap();
    assert_eq!(request.text.as_deref(), Some("{ a }"));
    assert_eq!(request.operation_name.as_deref(), Some("A"));
    assert_eq!(serde_json::to_string(&request.variables).unwrap(), r#"{"b":[1,null]}"#);
    let body = r#"{"query": "{ a }", "operationName": null, "variables": null, "extensions": null}"#;
    let request = from_body(body.as_bytes()).unwrap();
    assert!(request.operation_name.is_none() && request.variables.is_empty());
}

#[test]
fn the_error_names_the_invalid_parameter() {
    for wrong in [r#"{"a": 1}"#, "0", "false", r#"["a"]"#] {
        assert!(refused(&format!(r#"{{"query": {wrong}}}"#)).contains("`query` must be a string"));
        let named = refused(&format!(r#"{{"query": "", "operationName": {wrong}}}"#));
        assert!(named.contains("`operationName` must be a string"));
    }
    for wrong in [r#""text""#, "0", "false", r#"["a"]"#] {
        for name in ["variables", "extensions"] {
            let message = refused(&format!(r#"{{"query": "", "{name}": {wrong}}}"#));
            assert!(message.contains(&format!("`{name}` must be an object")), "{message}");
        }
    }
}

#[test]
fn bodies_without_a_request_are_refused() {
    assert!(refused("").contains("empty"));
    assert!(refused(r#"{ "not a JSON"#).contains("not JSON"));
    assert!(refused("\"text\"").contains("not a JSON object"));
    assert!(refused(r#"{"query": "{a}"} x"#).contains("not JSON"));
    assert!(refused(r#"{"qeury": "{ a }"}"#).contains("`query` is missing"));
    assert!(refused(r#"[{"query": "{ a }"}]"#).contains("Batches"));
    assert!(from_body(b"\xff").err().unwrap().message.contains("UTF-8"));
    let deep = format!(r#"{{"query": "", "variables": {{"a": {}1{}}}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert!(
        refused(&deep).contains("`variables` cannot be read: it has more than 100 nested levels"),
        "{}",
        refused(&deep)
    );
}

#[test]
fn values_are_counted_without_texts() {
    let body = |value: &str| format!(r#"{{"query": "{{ a }}", "variables": {{"a": {value}}}}}"#);
    assert!(from_body(body(&format!("[{}0]", "0,".repeat(99_000))).as_bytes()).is_ok());
    for hostile in ["0,", "[],", "{},", "\"\\\"\","] {
        let hostile = body(&format!("[{}0]", hostile.repeat(100_000)));
        assert!(refused(&hostile).contains("100000 values"), "{hostile:.80}");
    }
    assert!(from_body(body(&format!("\"{}\"", ",[{\\\"".repeat(200_000))).as_bytes()).is_ok());
    let address = format!("query=a&variables={{\"a\":[{}0]}}", "0,".repeat(100_000));
    assert!(from_query(&address).is_err());
}

#[test]
fn duplicate_parameters_and_keys_are_refused() {
    for (name, value) in [("query", "\"{ a }\""), ("operationName", "\"A\""), ("variables", "{}"), ("extensions", "{}")]
    {
        let message = refused(&format!(r#"{{"{name}": {value}, "query": "{{ a }}", "{name}": {value}}}"#));
        assert!(message.contains("duplicate field") && message.contains(name), "{message}");
    }
    let message = refused(r#"{"query": "{ a }", "\u0071uery": "{ b }"}"#);
    assert!(message.contains("duplicate field `query`"), "{message}");
    let message = refused(r#"{"query": "{ a }", "variables": {"a": {"b": 1, "b": 2}}}"#);
    assert!(message.contains(r#"`variables` cannot be read: the key "b" occurs twice in an object"#), "{message}");
    let address = r#"query=a&variables={"a":1,"a":2}"#.replace('"', "%22");
    assert!(from_query(&address).err().unwrap().message.contains("twice"));
}

/// If the library below parsed the text under its own marker anew, values could escape the limit, and nested ones
/// overflow the stack.
#[test]
fn reserved_keys_are_refused() {
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
    assert!(refused(raw).contains("`query` must be a string"));
}

#[test]
fn extensions_are_bounded_like_variables() {
    let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let message = refused(&format!(r#"{{"query": "{{ a }}", "extensions": {deep}}}"#));
    assert!(message.contains("`extensions` cannot be read: it has more than 100 nested levels"), "{message}");
    let half = format!("{{\"a\":[{}0]}}", "0,".repeat(60_000));
    let both = format!(r#"{{"query": "{{ a }}", "variables": {half}, "extensions": {half}}}"#);
    assert!(refused(&both).contains("100000 values"));
    assert!(refused(r#"{"query": "{ a }", "extensions": {"a": "\ud800"}}"#).contains("`extensions` cannot be read"));
}

#[test]
fn a_query_string_is_parsed() {
    let request = from_query("query=%7B+a+%7D&operationName=A&variables=%7B%22b%22%3A1%7D&extensions=").unwrap();
    assert_eq!(request.text.as_deref(), Some("{ a }"));
    assert_eq!(request.operation_name.as_deref(), Some("A"));
    assert_eq!(serde_json::to_string(&request.variables).unwrap(), r#"{"b":1}"#);
    let hashed =
        format!("extensions=%7B%22persistedQuery%22:%7B%22version%22:1,%22sha256Hash%22:%22{0}%22%7D%7D", "a1");
    for address in ["documentId=a1", "doc_id=a1&query=", "id=a1", &hashed] {
        let Whole { text, id, .. } = from_query(address).unwrap();
        assert_eq!((text, id.as_deref()), (None, Some("a1")), "{address}");
    }
    for (address, hint) in [
        ("", "`query` is missing"),
        ("query=a&query=b", "twice"),
        ("query=a&variables=x", "`variables` in the query string is not JSON"),
        ("query=a&variables=1", "`variables` must be an object"),
        ("query=a&extensions=1", "`extensions` must be an object"),
    ] {
        let message = from_query(address).err().unwrap().message;
        assert!(message.contains(hint), "{address}: {message}");
    }
}
