//! What the client asks for, out of the body of a POST or the address of a GET.

use async_graphql::{Request, Variables};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// How many values the JSON of a request may hold. Each takes some tens of bytes of memory, where the text of a zero takes
/// two.
const MOST_VALUES: usize = 100_000;

/// The parameters of a request, not yet looked at: each is taken apart by itself, so that an error names it.
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
}

/// The same in an address, where `variables` and `extensions` are JSON in text.
#[derive(Deserialize)]
struct AddressParameters {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

type Map = serde_json::Map<String, serde_json::Value>;

/// Out of the body of a POST.
pub fn in_body(body: &[u8]) -> Result<Request, Refusal> {
    let body =
        std::str::from_utf8(body).map_err(|error| Refusal::bad_request(format!("The body is not UTF-8: {error}.")))?;
    let start = body.trim_start();
    if start.is_empty() {
        return Err(Refusal::bad_request("The body is empty; send a JSON object with `query`."));
    }
    if start.starts_with('[') {
        return Err(Refusal::bad_request("Lists of operations are not taken; send each in a request of its own."));
    }
    weigh(body)?;
    let parameters: Parameters<'_> = serde_json::from_str(body).map_err(|error| {
        if error.is_data() {
            Refusal::bad_request(format!("The body is no JSON object with one `query`: {error}."))
        } else {
            Refusal::bad_request(format!("The body is not JSON: {error}."))
        }
    })?;
    let query = part(parameters.query, "query", "a string")?;
    let operation_name = part(parameters.operation_name, "operationName", "a string")?;
    // Looked at before they are turned into variables, because that also takes what is not an object.
    let variables = object(parameters.variables, "variables")?;
    let _: Option<Map> = part(parameters.extensions, "extensions", "an object")?;
    request(query, operation_name, variables)
}

/// Out of the address of a GET.
pub fn in_address(query: &str) -> Result<Request, Refusal> {
    let uri = axum::http::Uri::builder().path_and_query(format!("/?{query}")).build();
    let parameters = uri.ok().and_then(|uri| axum::extract::Query::<AddressParameters>::try_from_uri(&uri).ok());
    let Some(axum::extract::Query(parameters)) = parameters else {
        return Err(Refusal::bad_request("The parameters of the address cannot be read, or one of them comes twice."));
    };
    for json in [&parameters.variables, &parameters.extensions].into_iter().flatten() {
        weigh(json)?;
    }
    let variables = parameters.variables.filter(|text| !text.is_empty());
    let extensions = parameters.extensions.filter(|text| !text.is_empty());
    let variables = object(raw(variables.as_deref(), "variables")?, "variables")?;
    let _: Option<Map> = part(raw(extensions.as_deref(), "extensions")?, "extensions", "an object")?;
    request(parameters.query, parameters.operation_name, variables)
}

/// Refuses JSON of too many values by a single walk over its bytes. Each value but the first of a list or an object
/// stands behind a comma, and each list and object begins with a bracket.
fn weigh(json: &str) -> Result<(), Refusal> {
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
    Ok(())
}

fn request(query: Option<String>, operation: Option<String>, variables: Variables) -> Result<Request, Refusal> {
    let Some(query) = query else {
        return Err(Refusal::bad_request("`query` is missing: it holds the GraphQL document, as a string."));
    };
    let mut request = Request::new(query).variables(variables);
    // Many clients send an empty name where they mean none.
    request.operation_name = operation.filter(|name| !name.is_empty());
    Ok(request)
}

fn object(raw: Option<&RawValue>, name: &str) -> Result<Variables, Refusal> {
    match raw {
        Some(raw) if !raw.get().starts_with('{') => Err(wrong(name, "an object", None)),
        raw => Ok(part(raw, name, "an object")?.unwrap_or_default()),
    }
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

    fn refused(body: &str) -> String {
        in_body(body.as_bytes()).unwrap_err().message
    }

    #[test]
    fn a_body_is_taken_apart() {
        let body = r#"{"query": "{ a }", "operationName": "A", "variables": {"b": [1, null]}, "extensions": {"c": 1}, "other": 1}"#;
        let request = in_body(body.as_bytes()).unwrap();
        assert_eq!(request.query, "{ a }");
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
        assert!(refused(&deep).contains("recursion limit"), "{}", refused(&deep));
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
    fn an_address_is_taken_apart() {
        let request = in_address("query=%7B+a+%7D&operationName=A&variables=%7B%22b%22%3A1%7D&extensions=").unwrap();
        assert_eq!(request.query, "{ a }");
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(serde_json::to_string(&request.variables).unwrap(), r#"{"b":1}"#);
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
