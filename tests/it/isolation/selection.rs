//! Selections generated from the schema: all fields, down to a depth.

use std::fmt::Write;

use crate::oracle::Contract;

/// The pagination arguments of every list.
const PAGE: &str = "(first: 2)";

/// Selects all fields of a type and of the types below it, `depth` levels down. Empty for a type without fields.
pub fn whole(contract: &Contract, name: &str, depth: usize) -> String {
    written(contract, name, &mut Vec::new(), &|way, _| way.len() <= depth)
}

/// Selects all fields of a type and of all types below it, with each type once on each path. Events lead to everything
/// else, and notes to events: both are followed only so far that the document stays within the limits.
pub fn tour(contract: &Contract, name: &str) -> String {
    written(contract, name, &mut Vec::new(), &|way, next| {
        let (leads, events) = (way.contains(&"NoteEvent"), next == "NoteEventConnection");
        !(way.contains(&next) || events && way.len() > 2 || leads && way.len() > 4)
    })
}

fn written<'c>(
    contract: &'c Contract,
    name: &'c str,
    way: &mut Vec<&'c str>,
    goes_on: &dyn Fn(&[&str], &str) -> bool,
) -> String {
    let Some(_) = contract.fields(name) else { return String::new() };
    let mut out = "{ __typename ".to_owned();
    match contract.implementers.get(name) {
        // Fields of different types cannot share a response key, even in different objects, so they get aliases.
        Some(objects) => {
            for object in objects {
                let _ = write!(out, "... on {object} {{ ");
                fields(contract, object, Some(object), way, goes_on, &mut out);
                out += "} ";
            }
        }
        None => fields(contract, name, None, way, goes_on, &mut out),
    }
    out + "}"
}

fn fields<'c>(
    contract: &'c Contract,
    name: &'c str,
    alias: Option<&str>,
    way: &mut Vec<&'c str>,
    goes_on: &dyn Fn(&[&str], &str) -> bool,
    out: &mut String,
) {
    way.push(name);
    for field in contract.fields(name).unwrap_or_default() {
        let gives = field.gives_name();
        if contract.fields(gives).is_some() && !goes_on(way, gives) {
            continue;
        }
        if let Some(alias) = alias {
            let _ = write!(out, "{alias}_{}: ", field.name);
        }
        let pages = field.arguments.iter().any(|argument| argument.name == "first");
        let needed = field.arguments.iter().find(|argument| !argument.takes.nullable && !argument.has_default);
        assert!(needed.is_none(), "say what {name}.{} is asked with", field.name);
        let _ = write!(out, "{}{} ", field.name, if pages { PAGE } else { "" });
        *out += &written(contract, gives, way, goes_on);
        out.push(' ');
    }
    way.pop();
}
