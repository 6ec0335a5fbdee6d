//! Escapes descriptions and deprecation reasons so that they survive printing and parsing of the schema. The library
//! prints backslashes unescaped, as well as `"""` in block strings and the quotes in a reason.

use crate::bridge::{Deprecation, MetaInputValue, MetaType, Registry};

/// Stands for a quote that the library would print unescaped. No schema contains this character.
const QUOTE: char = '\u{1}';

/// Escapes the texts of all registered types.
pub fn escape(registry: &mut Registry) {
    for ty in registry.types.values_mut() {
        match ty {
            MetaType::Object { description, fields, .. } | MetaType::Interface { description, fields, .. } => {
                describe(description);
                for field in fields.values_mut() {
                    describe(&mut field.description);
                    reason(&mut field.deprecation);
                    field.args.values_mut().for_each(input);
                }
            }
            MetaType::InputObject { description, input_fields, .. } => {
                describe(description);
                input_fields.values_mut().for_each(input);
            }
            MetaType::Enum { description, enum_values, .. } => {
                describe(description);
                for value in enum_values.values_mut() {
                    describe(&mut value.description);
                    reason(&mut value.deprecation);
                }
            }
            MetaType::Scalar { description, .. } | MetaType::Union { description, .. } => describe(description),
        }
    }
}

fn input(value: &mut MetaInputValue) {
    describe(&mut value.description);
    reason(&mut value.deprecation);
}

/// Escapes a description. One of several lines becomes a block string, which has no escapes; in others the library
/// escapes the quotes.
fn describe(description: &mut Option<String>) {
    if let Some(text) = description
        && (!text.contains('\n') || text.contains("\"\"\""))
    {
        *text = text.replace('\\', "\\\\").replace('\n', "\\n");
    }
}

/// A description as it stands before what it describes, for what the library does not print.
pub fn description(text: &str) -> String {
    if text.contains('\n') && !text.contains("\"\"\"") {
        return format!("\"\"\"\n{text}\n\"\"\"");
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

fn reason(deprecation: &mut Deprecation) {
    if let Deprecation::Deprecated { reason: Some(reason) } = deprecation {
        *reason = reason.replace('"', &QUOTE.to_string());
    }
}

/// Restores the quotes of reasons in the printed schema.
pub fn with_quotes(sdl: &str) -> String {
    sdl.replace(QUOTE, "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_a_block_string_if_possible() {
        for (text, printed) in [
            ("One line.", r#""One line.""#),
            (r#"A "quote" and a \."#, r#""A \"quote\" and a \\.""#),
            ("Two\nlines \\.", "\"\"\"\nTwo\nlines \\.\n\"\"\""),
            ("Two\nlines \"\"\"", r#""Two\nlines \"\"\"""#),
        ] {
            assert_eq!(description(text), printed);
        }
    }
}
