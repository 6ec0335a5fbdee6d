use async_graphql::Value as GraphqlValue;
use serde_json::Value as JsonValue;

use super::*;

/// The keys that libraries reserve for preserialized JSON, and for numbers of arbitrary precision.
const MARKERS: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

fn graphql(text: &str) -> serde_json::Result<GraphqlValue> {
    parse(text, &ValueLimit::new(1_000))
}

fn json(text: &str) -> serde_json::Result<JsonValue> {
    parse(text, &ValueLimit::new(1_000))
}

#[test]
fn values_round_trip() {
    let text = r#"{"a":[null,true,-1,18446744073709551615,0.5,"ü\n\u00e9"],"b":{"c":{}},"":[]}"#;
    let expected: JsonValue = serde_json::from_str(text).unwrap();
    assert_eq!(json(text).unwrap(), expected);
    assert_eq!(graphql(text).unwrap().into_json().unwrap(), expected);
    assert_eq!(serde_json::from_str::<JsonTree<JsonValue>>(text).unwrap().0, expected);
    check(text, &ValueLimit::none()).unwrap();
}

/// The library parses the text under such a key anew, without a limit; here the result is a plain object.
#[test]
fn no_key_has_a_special_meaning() {
    let json = |text: &str| parse::<JsonValue>(text, &ValueLimit::none());
    let graphql = |text: &str| parse::<GraphqlValue>(text, &ValueLimit::none());
    for marker in MARKERS {
        let text = format!(r#"{{"a":{{"{marker}":"[1,2,3]"}}}}"#);
        let JsonValue::Object(fields) = json(&text).unwrap() else { panic!("no object") };
        assert_eq!(fields["a"][marker], "[1,2,3]");
        let GraphqlValue::Object(fields) = graphql(&text).unwrap() else { panic!("no object") };
        let GraphqlValue::Object(inner) = &fields["a"] else { panic!("no object: {:?}", fields["a"]) };
        assert_eq!(inner[marker], GraphqlValue::String("[1,2,3]".to_owned()));
        // The text is not parsed.
        assert!(json(&format!(r#"{{"{marker}":"{}"}}"#, "[".repeat(100_000))).is_ok());
        let mut nested = "1".to_owned();
        for _ in 0..60 {
            let inner = format!("{}{nested}{}", "[".repeat(90), "]".repeat(90));
            nested = format!(r#"{{"{marker}":"{}"}}"#, inner.replace('\\', "\\u005c").replace('"', "\\u0022"));
        }
        assert!(graphql(&nested).is_ok() && json(&nested).is_ok() && check(&nested, &ValueLimit::none()).is_ok());
    }
}

#[test]
fn reserved_keys_are_refused() {
    for marker in MARKERS.into_iter().chain(["$async-graphql::private::RawValue", "$SERDE_JSON::x", "$serde-json::"]) {
        for text in [format!(r#"{{"{marker}":"1"}}"#), format!(r#"{{"a":[{{"b":1,"\u0024{}":1}}]}}"#, &marker[1..])] {
            let errors = [graphql(&text).unwrap_err(), json(&text).unwrap_err()];
            let checked = check(&text, &ValueLimit::new(1_000)).unwrap_err();
            for error in errors.iter().chain([&checked]) {
                assert!(error.to_string().contains("is reserved"), "{text}: {error}");
            }
        }
    }
    for plain in ["$", "$var", "$ref", "serde_json::private", "$serde"] {
        let text = format!(r#"{{"{plain}":1}}"#);
        assert!(graphql(&text).is_ok() && check(&text, &ValueLimit::new(1_000)).is_ok(), "{plain}");
    }
}

#[test]
fn values_and_depth_are_bounded() {
    let limit = |text: &str, max| {
        let errors = [
            parse::<GraphqlValue>(text, &ValueLimit::new(max)).err(),
            parse::<JsonValue>(text, &ValueLimit::new(max)).err(),
            check(text, &ValueLimit::new(max)).err(),
        ];
        let errors = errors.map(|error| error.map(|error| error.to_string()));
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
        errors.into_iter().next().flatten()
    };
    assert_eq!(limit("[1,[2],{\"a\":3}]", 6), None);
    assert!(limit("[1,[2],{\"a\":3}]", 5).is_some_and(|error| error.contains("more than 5 values")));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(limit(&nested(MAX_DEPTH), 1_000), None);
        for depth in [MAX_DEPTH + 1, 127, 128, 100_000] {
            assert!(
                limit(&nested(depth), 1_000_000).is_some_and(|error| error.contains("100 nested levels")),
                "{depth}"
            );
        }
    }
    let shared = ValueLimit::new(3);
    assert!(check("[1]", &shared).is_ok() && check("[1]", &shared).is_err(), "one limit for several texts");
}

#[test]
fn duplicate_keys_are_refused_at_every_level() {
    for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"b":2,"\u0061":1}}]"#] {
        for error in [graphql(text).unwrap_err(), json(text).unwrap_err()] {
            assert!(error.to_string().contains(r#"the key "a" occurs twice in an object"#), "{error}");
        }
    }
    let long = "k".repeat(1_000);
    let error = graphql(&format!(r#"{{"{long}":1,"{long}":1}}"#)).unwrap_err().to_string();
    assert!(error.len() < 200, "{error}");
}

#[test]
fn invalid_json_is_refused() {
    for text in ["", "[1", "[1] 2", "NaN", "1e400", r#"{"a"}"#, r#""\ud800""#, r#"{"\ud800":1}"#, "{'a':1}"] {
        assert!(graphql(text).is_err() && json(text).is_err() && check(text, &ValueLimit::none()).is_err(), "{text}");
    }
}
