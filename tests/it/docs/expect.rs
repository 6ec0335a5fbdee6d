//! Expectations about a response.

use serde_json::Value;

/// The expected response to an example, according to the document.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The codes of the top-level errors, in their order.
    pub errors: Vec<String>,
    /// The codes of all `userErrors`, in any order.
    pub user_errors: Vec<String>,
    /// A part of the response.
    pub response: Option<Value>,
}

impl Expected {
    /// Checks a response; the error says what is wrong.
    pub fn check(&self, response: &Value) -> Result<(), String> {
        let errors = response["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let codes: Vec<&str> =
            errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect();
        if codes != self.errors {
            return Err(format!("the errors are {codes:?}, not {:?}", self.errors));
        }
        let mut codes = Vec::new();
        user_errors(&response["data"], &mut codes);
        let mut expected = self.user_errors.clone();
        codes.sort_unstable();
        expected.sort_unstable();
        if codes != expected {
            return Err(format!("the userErrors are {codes:?}, not {expected:?}"));
        }
        if self.errors.is_empty() && self.user_errors.is_empty() {
            let data = response["data"].as_object().ok_or("there is no data")?;
            for (name, value) in data {
                finds(value).map_err(|what| format!("{name}: {what}"))?;
            }
        }
        self.response.as_ref().map_or(Ok(()), |expected| part(expected, response, "response"))
    }
}

/// The codes of `userErrors` at any depth.
fn user_errors(value: &Value, codes: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| user_errors(value, codes)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_array() {
                    Some(errors) if name == "userErrors" => {
                        codes.extend(errors.iter().map(|error| error["code"].as_str().unwrap_or("none").to_owned()));
                    }
                    _ => user_errors(value, codes),
                }
            }
        }
        _ => {}
    }
}

/// Whether a root field found something. Records in lists may have empty lists themselves.
fn finds(value: &Value) -> Result<(), String> {
    match value {
        Value::Null => Err("is null".to_owned()),
        Value::Array(list) if list.is_empty() => Err("is empty".to_owned()),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(list) if list.is_empty() && ["nodes", "edges"].contains(&name.as_str()) => {
                        return Err("the list is empty".to_owned());
                    }
                    Value::Number(count) if name == "totalCount" && count.as_u64() == Some(0) => {
                        return Err("nothing is counted".to_owned());
                    }
                    Value::Object(_) => finds(value).map_err(|what| format!("{name}: {what}"))?,
                    _ => {}
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether the actual value contains the expected one: objects may have further fields, and `…` in a text matches
/// anything.
fn part(expected: &Value, actual: &Value, place: &str) -> Result<(), String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().try_for_each(|(name, value)| {
            let place = format!("{place}.{name}");
            let actual = actual.get(name).ok_or_else(|| format!("there is no {place}"))?;
            part(value, actual, &place)
        }),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => expected
            .iter()
            .zip(actual)
            .enumerate()
            .try_for_each(|(index, (expected, actual))| part(expected, actual, &format!("{place}[{index}]"))),
        (Value::String(expected), Value::String(actual)) if fits(expected, actual) => Ok(()),
        (expected, actual) if expected == actual => Ok(()),
        (expected, actual) => Err(format!("{place} is {actual}, not {expected}")),
    }
}

/// Whether a text matches the expected one, in which `…` matches anything, and white space counts as one space.
pub fn fits(expected: &str, actual: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (expected, actual) = (words(expected), words(actual));
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| actual.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expected(errors: &[&str], user_errors: &[&str], response: Option<Value>) -> Expected {
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        Expected { errors: codes(errors), user_errors: codes(user_errors), response }
    }

    #[test]
    fn success_and_failure_are_distinguished() {
        let nothing = expected(&[], &[], None);
        nothing.check(&json!({ "data": { "note": { "id": "Note:1", "tags": [] } } })).unwrap();
        for (data, what) in [
            (json!({ "note": null }), "is null"),
            (json!({ "notes": { "nodes": [] } }), "the list is empty"),
            (json!({ "notes": { "totalCount": 0 } }), "nothing is counted"),
            (json!({ "customer": { "notes": { "edges": [] } } }), "the list is empty"),
            (json!({ "noteCounts": [] }), "is empty"),
            (json!({ "change": { "userErrors": [{ "code": "TAKEN" }] } }), "TAKEN"),
            (json!({ "change": { "results": [{ "userErrors": [{ "code": "TAKEN" }] }] } }), "TAKEN"),
        ] {
            let wrong = nothing.check(&json!({ "data": data })).unwrap_err();
            assert!(wrong.contains(what), "{wrong}");
        }
        let failed = json!({ "data": null, "errors": [{ "extensions": { "code": "INVALID" } }] });
        assert!(nothing.check(&failed).is_err());
        expected(&["INVALID"], &[], None).check(&failed).unwrap();
        let taken = json!({ "data": { "change": { "userErrors": [{ "code": "TAKEN" }] } } });
        expected(&[], &["TAKEN"], None).check(&taken).unwrap();
        assert!(expected(&[], &["INVALID"], None).check(&taken).is_err());
    }

    #[test]
    fn a_document_may_show_part_of_a_response() {
        let actual = json!({ "data": { "note": { "id": "Note:1", "subject": "Call on Monday", "tags": ["a"] } } });
        let check = |note: Value| expected(&[], &[], Some(json!({ "data": { "note": note } }))).check(&actual);
        check(json!({ "id": "Note:1" })).unwrap();
        check(json!({ "subject": "Call …", "tags": ["…"] })).unwrap();
        for wrong in [
            json!({ "id": "Note:2" }),
            json!({ "tags": [] }),
            json!({ "details": null }),
            json!({ "subject": "… Friday" }),
        ] {
            assert!(check(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_ellipsis_matches_anything() {
        for (expected, actual) in [("a", "a"), ("a … c", "a  b c"), ("…", ""), ("a…", "abc"), ("…c…", "abcd")]
        {
            assert!(fits(expected, actual), "{expected:?} {actual:?}");
        }
        for (expected, actual) in [("a", "ab"), ("a…c", "ab"), ("…b", "abc"), ("x…x", "x")] {
            assert!(!fits(expected, actual), "{expected:?} {actual:?}");
        }
    }
}
