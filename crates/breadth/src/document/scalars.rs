//! Checks the values of scalars and enums (GraphQL, sections 3.5 and 3.9).

use serde_json::Number;

use super::parse::ast::ValueKind;
use super::schema::{EnumValue, Scalar};
use super::{ast_converter, shown};
use crate::bridge::ConstValue;

/// A value that is neither a variable nor null.
pub enum ScalarInput<'v, 'a> {
    /// Written in the document.
    Literal(&'v ValueKind<'a>),
    /// Sent as a variable.
    Json(&'v ConstValue),
}

/// # Errors
/// A message for the client, if the value is not one of the scalar.
pub fn check(scalar: Scalar, name: &str, given: &ScalarInput<'_, '_>) -> Result<(), String> {
    let shown = || match given {
        ScalarInput::Literal(kind) => shown::literal(kind),
        ScalarInput::Json(value) => shown::json(value),
    };
    let text = match given {
        ScalarInput::Literal(ValueKind::Text(text, _)) => Some(&**text),
        ScalarInput::Json(ConstValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if let (Scalar::Any | Scalar::Own(_), ScalarInput::Literal(kind)) = (scalar, given)
        && is_too_large(kind)
    {
        let found = shown();
        return Err(format!(
            "Expected value of type \"{name}\", found: {found}; it has a number beyond 64 bits of a float."
        ));
    }
    let is_right = match scalar {
        Scalar::Any => true,
        Scalar::Own(takes) => {
            let verdict = match given {
                ScalarInput::Json(value) => takes(value),
                // Nothing checks a list or object again when the variables inside it are known, so a scalar whose values
                // are neither has to refuse it here. The reference implementation replaces the variables by null, too.
                ScalarInput::Literal(kind) => takes(&ast_converter::own_value(kind)),
            };
            return verdict.map_err(|why| format!("Expected value of type \"{name}\", found: {}; {why}.", shown()));
        }
        Scalar::String => text.is_some(),
        Scalar::Boolean => {
            matches!(given, ScalarInput::Literal(ValueKind::Boolean(_)) | ScalarInput::Json(ConstValue::Boolean(_)))
        }
        Scalar::Float => match given {
            ScalarInput::Literal(ValueKind::Int(text) | ValueKind::Float(text)) => {
                text.parse::<f64>().is_ok_and(f64::is_finite)
            }
            ScalarInput::Json(ConstValue::Number(_)) => true,
            _ => false,
        },
        Scalar::Id => match given {
            ScalarInput::Literal(ValueKind::Int(_)) => true,
            ScalarInput::Json(ConstValue::Number(number)) => is_whole(number),
            _ => text.is_some(),
        },
        Scalar::Int => match given {
            ScalarInput::Literal(ValueKind::Int(text)) => {
                if text.parse::<i32>().is_err() {
                    return Err(format!("Int cannot represent non 32-bit signed integer value: {}", shown()));
                }
                true
            }
            ScalarInput::Json(ConstValue::Number(number)) if is_whole(number) => {
                if int(number).is_none() {
                    return Err(format!("Int cannot represent non 32-bit signed integer value: {}", shown()));
                }
                true
            }
            _ => false,
        },
    };
    if is_right {
        return Ok(());
    }
    let what = match (scalar, given) {
        (Scalar::Int, _) => "Int cannot represent non-integer value",
        (Scalar::Float, _) => "Float cannot represent non numeric value",
        (Scalar::String, _) => "String cannot represent a non string value",
        (Scalar::Boolean, _) => "Boolean cannot represent a non boolean value",
        (_, ScalarInput::Literal(_)) => "ID cannot represent a non-string and non-integer value",
        (_, ScalarInput::Json(_)) => "ID cannot represent value",
    };
    Err(format!("{what}: {}", shown()))
}

/// Whether the value contains a number outside the range of a 64-bit float.
fn is_too_large(kind: &ValueKind<'_>) -> bool {
    match kind {
        ValueKind::Int(text) | ValueKind::Float(text) => !text.parse::<f64>().is_ok_and(f64::is_finite),
        ValueKind::List(items) => items.iter().any(|item| is_too_large(&item.kind)),
        ValueKind::Object(fields) => fields.iter().any(|field| is_too_large(&field.value.kind)),
        _ => false,
    }
}

/// JSON has one number type; a number without a fractional part is an integer (GraphQL, section 3.5.1).
fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// Converts a number to a 32-bit integer, however it was written; `None` if it is not one.
pub fn int(number: &Number) -> Option<i32> {
    if let Some(number) = number.as_i64() {
        return i32::try_from(number).ok();
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
    if number < f64::from(i32::MIN) || number > f64::from(i32::MAX) {
        return None;
    }
    // Goes through text, as no conversion from float refuses to truncate.
    format!("{number:.0}").parse().ok().or_else(|| (number == 0.0).then_some(0))
}

/// Converts an ID that was sent as an integer.
pub fn id(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// Maximum number of enum values that an error message lists.
const MAX_TOLD: usize = 8;

/// The message for an unknown enum value; `given` includes its quotes.
pub fn no_value(given: &str, name: &str, values: &[EnumValue]) -> String {
    let told: Vec<&str> = values.iter().take(MAX_TOLD).map(|value| value.name.as_str()).collect();
    let more = if values.len() > MAX_TOLD { " and others" } else { "" };
    format!("Value {given} does not exist in \"{name}\" enum. It has {}{more}.", told.join(", "))
}

pub fn one_of(name: &str) -> String {
    format!(
        "Within OneOf Input Object type \"{name}\", exactly one field must be specified, and the value for that field must \
         be non-null."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_accepted_in_any_notation() {
        let number = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        for (text, expected) in [
            ("2", Some(2)),
            ("2.0", Some(2)),
            ("2e0", Some(2)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("2147483647.0", Some(i32::MAX)),
            ("-2147483648", Some(i32::MIN)),
            ("2147483648", None),
            ("2147483648.0", None),
            ("-2147483649.0", None),
            ("1e300", None),
            ("2.5", None),
        ] {
            assert_eq!(int(&number(text)), expected, "{text}");
        }
        assert_eq!(["7", "7.0", "1e20"].map(|text| id(&number(text))), ["7", "7", "100000000000000000000"]);
    }
}
